#include "run/runtime/id_maps.h"

#include <array>

#include "posix/credentials.h"
#include "posix/file.h"
#include "posix/process.h"

namespace tare::runtime {

namespace {

/// Fixed places, not PATH: the helper is setuid and we run it for somebody.
Result<> run_helper(std::string_view name, pid_t pid, const std::vector<oci::IdMapping>& mappings) {
    std::string program = cat("/usr/bin/", name);
    std::vector<std::string> args = {std::string(name), cat(pid)};
    for (auto& mapping : mappings)
        for (auto number : {mapping.container_id, mapping.host_id, mapping.size})
            args.push_back(cat(number));
    auto process = TRY(posix::spawn({.program = program, .args = args, .env = {"PATH=/usr/bin:/bin"}}));
    auto status = TRY(process.wait(Deadline::after(std::chrono::seconds(10))));
    if (status.shell_code() == 0) return {};
    return fail(ErrorKind::permission_denied, program, ": exit status ", status.shell_code())
        .set_hint("check the ranges in /etc/subuid and /etc/subgid");
}

Result<> write_map(pid_t pid, std::string_view file, std::string_view helper,
                   const std::vector<oci::IdMapping>& mappings) {
    if (mappings.empty()) return {};
    auto written = posix::write_knob(cat("/proc/", pid, "/", file), id_map_text(mappings));
    if (written || posix::effective_user() == 0) return written;
    return run_helper(helper, pid, mappings);
}

}  // namespace

std::string id_map_text(const std::vector<oci::IdMapping>& mappings) {
    std::string text;
    for (auto& mapping : mappings)
        text += cat(mapping.container_id, " ", mapping.host_id, " ", mapping.size, "\n");
    return text;
}

Result<> write_id_maps(pid_t pid, const std::vector<oci::IdMapping>& uids,
                       const std::vector<oci::IdMapping>& gids) {
    constexpr std::size_t kernel_limit = 340;
    if (uids.size() > kernel_limit || gids.size() > kernel_limit)
        return fail(ErrorKind::invalid_argument, "more than ", kernel_limit, " id mappings");
    bool is_single = gids.size() == 1 && gids.front().size == 1;
    if (posix::effective_user() != 0 && is_single)
        TRY(posix::write_knob(cat("/proc/", pid, "/setgroups"), "deny"));
    TRY(write_map(pid, "gid_map", "newgidmap", gids));
    return write_map(pid, "uid_map", "newuidmap", uids);
}

}  // namespace tare::runtime
