// Whether the kernel has what was asked of it: a limit that was written and is not there, or a process that
// is somewhere else, is told and not passed over (security SD8).

#include <algorithm>

#include "posix/file.h"
#include "run/cgroup/cgroup.h"

namespace tare::cgroup {

namespace {

constexpr std::size_t kFileLimit = std::size_t{16} << 20;
/// The kernel rounds bytes down to whole pages; 64 KiB are the largest there are.
constexpr std::int64_t kLargestPage = 65536;

Result<std::string> read(const std::string& path) {
    auto text = TRY(posix::read_file(path, kFileLimit));
    return std::string(trim(text));
}

Error mismatch(std::string_view file, std::string_view asked, std::string_view found) {
    return fail(ErrorKind::failed_precondition, file, " is ", quote(found), " although ", quote(asked),
                " was set: the limit is not in force");
}

/// No limit was asked for: whatever holds then is the parent's.
bool is_limit(const std::optional<std::int64_t>& asked) {
    return asked && *asked > 0;
}

Result<> expect_bytes(const std::string& directory, std::string_view file,
                      const std::optional<std::int64_t>& asked) {
    if (!is_limit(asked)) return {};
    std::string text = TRY(read(cat(directory, "/", file)));
    auto found = parse_integer<std::int64_t>(text);
    if (found && *found <= *asked && *asked - *found < kLargestPage) return {};
    return mismatch(file, cat(*asked), text);
}

Result<> expect_text(const std::string& directory, std::string_view file, const std::string& asked) {
    std::string found = TRY(read(cat(directory, "/", file)));
    return found == asked ? Result<>() : mismatch(file, asked, found);
}

Result<> expect_number(const std::string& directory, std::string_view file,
                       const std::optional<std::int64_t>& asked) {
    return is_limit(asked) ? expect_text(directory, file, cat(*asked)) : Result<>();
}

Result<> verify_v1(const Cgroup& group, const oci::LinuxResources& wanted) {
    std::string memory = group.directory_of("memory");
    TRY(expect_bytes(memory, "memory.limit_in_bytes", wanted.memory.limit));
    TRY(expect_bytes(memory, "memory.memsw.limit_in_bytes", wanted.memory.swap));
    TRY(expect_number(group.directory_of("cpu"), "cpu.cfs_quota_us", wanted.cpu.quota));
    return expect_number(group.directory_of("pids"), "pids.max", wanted.pids_limit);
}

Result<> verify_v2(const std::string& directory, const oci::LinuxResources& wanted) {
    TRY(expect_bytes(directory, "memory.max", wanted.memory.limit));
    auto swap = TRY(swap_max_of(wanted.memory));
    // Where the kernel has no swap accounting, memory.max alone is all that there is to be limited.
    if (swap && posix::exists(directory + "/memory.swap.max"))
        TRY(expect_bytes(directory, "memory.swap.max", swap));
    TRY(expect_number(directory, "pids.max", wanted.pids_limit));
    if (!is_limit(wanted.cpu.quota)) return {};
    std::string found = TRY(read(directory + "/cpu.max"));
    return found.substr(0, found.find(' ')) == cat(*wanted.cpu.quota)
               ? Result<>()
               : mismatch("cpu.max", cat(*wanted.cpu.quota), found);
}

}  // namespace

bool asks_for_limits(const oci::LinuxResources& resources) {
    return is_limit(resources.memory.limit) || is_limit(resources.memory.swap) ||
           is_limit(resources.cpu.quota) || is_limit(resources.pids_limit);
}

Result<> Cgroup::verify(const oci::LinuxResources& resources) const {
    if (paths_.empty()) return {};  // `set` has refused what cannot be limited
    return is_v2_only() ? verify_v2(v2_directory(), resources) : verify_v1(*this, resources);
}

Result<> Cgroup::verify_process(pid_t pid) const {
    std::string_view last;
    for (auto& [subsystem, directory] : paths_) {
        if (directory == last) continue;
        last = directory;
        std::string text = TRY(read(directory + "/cgroup.procs"));
        auto pids = split_words(text);
        if (std::ranges::find(pids, cat(pid)) == pids.end())
            return fail(ErrorKind::failed_precondition, "process ", pid, " is not in its cgroup ", directory);
    }
    return {};
}

}  // namespace tare::cgroup
