#include "apps/tare-oci/invocation.h"
#include "cli/common/flags.h"
#include "posix/file.h"

namespace tare::oci_command {

namespace {

struct ExecFlags {
    std::string console_socket;
    std::string pidfd_socket;
    std::string pid_file;
    std::string process_file;
    std::string cwd;
    std::string user;
    std::string apparmor;
    std::string label;
    std::vector<std::string> env;
    std::vector<std::string> capabilities;
    std::vector<std::string> groups;
    std::vector<std::string> cgroups;
    std::int64_t preserved = 0;
    bool tty = false;
    bool detach = false;
    bool no_new_privileges = false;
    bool ignore_paused = false;
};

void define(cli::FlagSet& flags, ExecFlags& values) {
    flags.text(values.console_socket, "console-socket", 0, "Socket that receives the terminal");
    flags.text(values.pidfd_socket, "pidfd-socket", 0, "Socket that receives a descriptor of the process");
    flags.text(values.pid_file, "pid-file", 0, "File to write the process id to");
    flags.text(values.process_file, "process", 'p', "File that describes the process");
    flags.text(values.cwd, "cwd", 0, "Working directory");
    flags.text(values.user, "user", 'u', "UID[:GID]");
    flags.text(values.apparmor, "apparmor", 0, "AppArmor profile");
    flags.text(values.label, "process-label", 0, "SELinux label");
    flags.list(values.env, "env", 'e', "Environment variable");
    flags.list(values.capabilities, "cap", 'c', "Capability to add");
    flags.list(values.groups, "additional-gids", 'g', "Supplementary group");
    flags.list(values.cgroups, "cgroup", 0, "Group below the container's own");
    flags.integer(values.preserved, "preserve-fds", 0, "Descriptors to pass, from 3 up");
    flags.boolean(values.tty, "tty", 't', "Allocate a terminal");
    flags.boolean(values.detach, "detach", 'd', "Leave the process in the background");
    flags.boolean(values.no_new_privileges, "no-new-privs", 0, "Set no_new_privs");
    flags.boolean(values.ignore_paused, "ignore-paused", 0, "Also in a paused container");
}

/// Security RT15: an id is a whole number that fits, or an error.
Result<std::uint32_t> parse_id(std::string_view text) {
    auto id = parse_integer<std::uint32_t>(text);
    if (!id)
        return fail(ErrorKind::invalid_argument, "parsing ", quote(text), " as int for uid or gid failed");
    return *id;
}

Result<> add_user(oci::Process& process, const ExecFlags& flags) {
    if (!flags.user.empty()) {
        auto [uid, gid] = cut(flags.user, ':');
        process.user.uid = TRY(parse_id(uid));
        if (gid) process.user.gid = TRY(parse_id(*gid));
    }
    for (auto& group : flags.groups)
        process.user.additional_gids.push_back(TRY(parse_id(group)));
    return {};
}

/// The container's process as the pattern, changed by the flags.
Result<oci::Process> process_of(const runtime::State& state, const ExecFlags& flags,
                                std::span<const std::string> command) {
    oci::Process process = state.process;
    process.args.assign(command.begin(), command.end());
    process.terminal = flags.tty;
    if (!flags.cwd.empty()) process.cwd = flags.cwd;
    if (!process.cwd.starts_with('/'))
        return fail(ErrorKind::invalid_argument, "cwd must be an absolute path");
    process.env.insert(process.env.end(), flags.env.begin(), flags.env.end());
    if (flags.no_new_privileges) process.no_new_privileges = true;
    if (!flags.apparmor.empty()) process.apparmor_profile = flags.apparmor;
    if (!flags.label.empty()) process.selinux_label = flags.label;
    TRY(add_user(process, flags));
    if (!process.capabilities) process.capabilities = oci::CapabilitySets{};
    for (auto& name : flags.capabilities) {
        // Inheritable and ambient stay as they are (security RT12).
        process.capabilities->bounding.push_back(name);
        process.capabilities->effective.push_back(name);
        process.capabilities->permitted.push_back(name);
    }
    return process;
}

/// "[CONTROLLER[,CONTROLLER]:]PATH", any number of times; none: the container's own group.
Result<cgroup::Cgroup::Paths> group_of(const runtime::State& state, const std::vector<std::string>& flags) {
    auto group = cgroup::Cgroup::open(flags.empty() ? cgroup::Cgroup::Paths() : state.cgroup_paths);
    for (auto& flag : flags) {
        auto [first, path] = cut(flag, ':');
        std::vector<std::string> controllers;
        if (path)
            for (auto name : split(first, ','))
                controllers.emplace_back(name);
        group = TRY(group.group_below(controllers, path.value_or(first)));
    }
    return group.paths();
}

Result<oci::Process> read_process(const std::string& path) {
    Json document =
        TRY(parse_json(TRY(posix::read_file(path, std::size_t{8} << 20)), {.what = "process file"}));
    return oci::parse_process(JsonView(document, "process file"));
}

}  // namespace

Result<int> run_exec(const Globals& globals, std::span<const std::string> words) {
    ExecFlags values;
    CommandFlags flags("exec");
    define(flags, values);
    auto arguments = TRY(flags.parse(words, cli::FlagSet::Interspersed::no));
    if (arguments.empty())
        return fail(ErrorKind::invalid_argument, "tare-oci: \"exec\" requires a minimum of 1 argument(s)");
    if (arguments.size() == 1 && values.process_file.empty())
        return fail(ErrorKind::invalid_argument, "exec args cannot be empty");
    auto state = TRY(runtime::load_state(globals.root, arguments.front()));
    runtime::ExecOptions options;
    options.seccomp_cache = seccomp_cache();
    options.cgroup_paths = TRY(group_of(state, values.cgroups));
    if (values.process_file.empty())
        options.process = TRY(process_of(state, values, std::span(arguments).subspan(1)));
    else
        options.process = TRY(read_process(values.process_file));
    if (values.tty) options.process.terminal = true;
    options.preserved_descriptors = static_cast<int>(values.preserved);
    if (values.ignore_paused) options.paused = runtime::ExecOptions::Paused::allow;
    auto executed = TRY_CONTEXT(runtime::exec(globals.root, state, options), "exec failed");
    TRY(send_pidfd(values.pidfd_socket, executed.process, "setns"));
    TRY(write_pid_file(values.pid_file, executed.process.pid()));
    if (!values.console_socket.empty()) {
        TRY(send_console(values.console_socket, executed.console.get()));
        executed.console.reset();
    }
    if (values.detach) return 0;
    return TRY(attend(executed.process, std::move(executed.console)))
    .shell_code();
}

}  // namespace tare::oci_command
