#include "run/runtime/privileges.h"

#include <cerrno>

#include <fcntl.h>

#include "posix/file.h"
#include "posix/mount.h"
#include "posix/path.h"

namespace tare::runtime {

namespace {

/// Security RT16: an image's passwd may be a fifo, a device or endless.
constexpr std::size_t kPasswdLimit = std::size_t{10} << 20;

Result<std::string> read_passwd() {
    posix::Fd root = TRY(posix::open_file("/", O_PATH | O_DIRECTORY));
    posix::Fd file = TRY(posix::open_in_root(root.get(), "/etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY));
    if (TRY(posix::node_facts(file.get())).kind != posix::NodeFacts::Kind::regular)
        return fail(ErrorKind::invalid_argument, "/etc/passwd is not a regular file");
    return posix::read_to_end(file.get(), kPasswdLimit);
}

std::string home_of(std::uint32_t uid) {
    auto passwd = read_passwd();
    if (passwd)
        for (auto line : split(*passwd, '\n')) {
            auto fields = split(line, ':');
            if (fields.size() >= 6 && parse_integer<std::uint32_t>(fields[2]) == uid && !fields[5].empty())
                return std::string(fields[5]);
        }
    return "/";
}

std::string_view variable(const std::vector<std::string>& env, std::string_view name) {
    for (auto& entry : env) {
        auto [key, value] = cut(entry, '=');
        if (key == name) return value.value_or("");
    }
    return {};
}

/// 0, or why this file cannot be executed.
int executable_errno(const std::string& path) {
    auto file = posix::open_file(path, O_PATH);
    if (!file) return file.error().error_number();
    auto facts = posix::node_facts(file->get());
    if (!facts) return facts.error().error_number();
    if (facts->kind == posix::NodeFacts::Kind::directory) return EISDIR;
    return (facts->mode & 0111) != 0 ? 0 : EACCES;
}

Error cannot_execute(const std::string& name, int reason) {
    if (reason == EACCES)
        return Error(ErrorKind::permission_denied, cat("exec: ", quote(name), ": permission denied"));
    if (reason == EISDIR)
        return Error(ErrorKind::permission_denied,
                     cat("exec: ", quote(name), ": is a directory: permission denied"));
    // Docker and podman tell 127 from 126 by these words.
    if (reason == ENOENT)
        return Error(ErrorKind::not_found,
                     cat("exec: ", quote(name), ": stat ", name, ": no such file or directory"));
    return errno_error(reason, "exec:", quote(name));
}

}  // namespace

posix::CapabilityMask capability_mask(const std::vector<std::string>& names) {
    posix::CapabilityMask mask = 0;
    unsigned last = posix::last_capability();
    for (auto& name : names)
        if (auto number = posix::capability_number(name); number && *number <= last)
            mask |= posix::CapabilityMask{1} << *number;
    return mask;
}

Result<> set_rlimits(const oci::Process& process) {
    for (auto& limit : process.rlimits) {
        auto number = posix::rlimit_number(limit.type);
        if (!number) return fail(ErrorKind::invalid_argument, "unknown rlimit ", quote(limit.type));
        TRY_CONTEXT(posix::set_rlimit(0, *number, limit.soft, limit.hard), limit.type);
    }
    return {};
}

Result<> drop_privileges(const oci::Process& process, const SeccompFilter* filter, int socket,
                         bool can_set_groups) {
    const oci::CapabilitySets sets = process.capabilities.value_or(oci::CapabilitySets{});
    // A filter without no_new_privs needs CAP_SYS_ADMIN, so it is loaded while we have it; with it, as
    // late as possible, so that it need not allow what we still do.
    if (process.no_new_privileges) TRY(posix::set_no_new_privileges());
    if (filter && !process.no_new_privileges) TRY(filter->install(socket));
    TRY(posix::limit_bounding_set(capability_mask(sets.bounding)));
    TRY(posix::keep_capabilities(true));
    if (can_set_groups) {
        // The primary group is one of them (security RT14): a negative group right must hold.
        std::vector<gid_t> groups(process.user.additional_gids.begin(), process.user.additional_gids.end());
        if (std::find(groups.begin(), groups.end(), process.user.gid) == groups.end())
            groups.insert(groups.begin(), process.user.gid);
        TRY(posix::set_groups(groups));
    }
    TRY(posix::set_group_id(process.user.gid));
    TRY(posix::set_user_id(process.user.uid));
    TRY(posix::keep_capabilities(false));
    TRY(posix::set_capabilities({.effective = capability_mask(sets.effective),
                                 .permitted = capability_mask(sets.permitted),
                                 .inheritable = capability_mask(sets.inheritable),
                                 .ambient = capability_mask(sets.ambient)}));
    // Another user id has reset it.
    TRY(posix::set_dumpable(false));
    if (process.user.umask) posix::set_umask(static_cast<mode_t>(*process.user.umask));
    if (filter && process.no_new_privileges) TRY(filter->install(socket));
    return {};
}

Result<> enter_working_directory(const oci::Process& process) {
    posix::Fd root = TRY(posix::open_file("/", O_PATH | O_DIRECTORY));
    // Magic links are refused: /proc/self/fd/N would lead out through a descriptor of ours.
    auto directory = posix::open_in_root(root.get(), process.cwd, O_PATH | O_DIRECTORY);
    if (!directory) return directory.error().prepend("working directory");
    TRY_CONTEXT(posix::change_directory(directory->get()), cat("working directory ", quote(process.cwd)));
    TRY_CONTEXT(posix::current_directory(), cat("working directory ", quote(process.cwd)));
    return {};
}

namespace {

std::string missing_home(const oci::Process& process) {
    return variable(process.env, "HOME").empty() ? cat("HOME=", home_of(process.user.uid)) : "";
}

Result<std::string> find_program(const oci::Process& process) {
    if (process.args.empty()) return fail(ErrorKind::invalid_argument, "config.json: process.args is empty");
    const std::string& name = process.args.front();
    if (name.find('/') != std::string::npos) {
        if (int reason = executable_errno(name); reason != 0) return cannot_execute(name, reason);
        return name;
    }
    std::string_view path = variable(process.env, "PATH");
    int last = ENOENT;
    for (auto directory : split(path, ':')) {
        if (path.empty() || name.empty()) break;
        std::string candidate = cat(directory.empty() ? "." : directory, "/", name);
        int reason = executable_errno(candidate);
        if (reason == 0) return candidate;
        if (reason == EACCES) last = EACCES;
    }
    if (last == EACCES) return cannot_execute(name, EACCES);
    return fail(ErrorKind::not_found, "exec: ", quote(name), ": executable file not found in $PATH");
}

}  // namespace

Result<Executable> find_executable(const oci::Process& process) {
    std::string path = TRY(find_program(process));
    return Executable{.path = std::move(path), .home = missing_home(process)};
}

Error execute_process(const oci::Process& process, const Executable& executable) {
    std::vector<std::string> env = process.env;
    if (!executable.home.empty()) env.push_back(executable.home);
    auto pointers = [](const std::vector<std::string>& strings) {
        std::vector<char*> out;
        for (auto& each : strings)
            out.push_back(const_cast<char*>(each.c_str()));
        out.push_back(nullptr);
        return out;
    };
    Error error =
        posix::execute(executable.path.c_str(), pointers(process.args).data(), pointers(env).data());
    return cannot_execute(process.args.front(), error.error_number());
}

}  // namespace tare::runtime
