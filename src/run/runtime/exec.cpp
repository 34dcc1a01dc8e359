#include <algorithm>
#include <array>
#include <chrono>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

#include "base/fault.h"
#include "posix/credentials.h"
#include "posix/file.h"
#include "posix/mount.h"
#include "posix/namespace.h"
#include "posix/path.h"
#include "posix/signals.h"
#include "posix/socket.h"
#include "posix/terminal.h"
#include "run/cgroup/entrance.h"
#include "run/runtime/container.h"
#include "run/runtime/execution.h"
#include "run/runtime/privileges.h"
#include "run/runtime/protocol.h"
#include "run/runtime/rootfs.h"
#include "run/runtime/seccomp_listener.h"
#include "run/runtime/seccomp_verdict.h"
#include "run/runtime/stdio_owner.h"

namespace tare::runtime {

namespace {

using namespace std::chrono_literals;

constexpr std::string_view kProcessLimit = "RLIMIT_NPROC";

struct Request {
    const State& state;
    const ExecOptions& options;
    const cgroup::Entrance& entrance;
    const SeccompFilter* filter = nullptr;  ///< null: none
    int socket = -1;
    int pidfd = -1;  ///< of the container's init

    /// Whether the filter lets us do what is left to do inside the container.
    /// A listener is there only once the process has been announced to it.
    bool filters_outside() const {
        return !filter || (!filter->has_listener() && lets_join(*filter, options.process.terminal));
    }
    /// Without no_new_privs only somebody with CAP_SYS_ADMIN may load a filter.
    bool drops_outside() const { return filters_outside() || options.process.no_new_privileges; }
};

std::uint64_t bit_of(oci::NamespaceKind kind) {
    switch (kind) {
        case oci::NamespaceKind::pid:
            return posix::namespace_bit::pid;
        case oci::NamespaceKind::network:
            return posix::namespace_bit::network;
        case oci::NamespaceKind::ipc:
            return posix::namespace_bit::ipc;
        case oci::NamespaceKind::mount:
            return posix::namespace_bit::mount;
        case oci::NamespaceKind::uts:
            return posix::namespace_bit::uts;
        case oci::NamespaceKind::user:
            return posix::namespace_bit::user;
        case oci::NamespaceKind::cgroup:
            return posix::namespace_bit::cgroup;
        case oci::NamespaceKind::time:
            return posix::namespace_bit::time;
    }
    return 0;
}

std::uint64_t namespaces_of(const State& state) {
    std::uint64_t bits = 0;
    for (auto kind : state.namespaces)
        bits |= bit_of(kind);
    return bits;
}

/// The container's /dev/console is its init's; this process gets a terminal of its own, from the
/// container's devpts.
Result<> set_terminal(const Request& request) {
    posix::Fd pts = TRY_CONTEXT(posix::open_file("/dev/pts", O_PATH | O_DIRECTORY | O_NOFOLLOW), "terminal");
    posix::Fd master = TRY(posix::open_terminal_master(pts.get()));
    posix::Fd slave = TRY(posix::open_terminal_slave(master.get()));
    auto facts = TRY(posix::node_facts(slave.get()));
    TRY(posix::change_owner(slave.get(), request.options.process.user.uid, facts.gid));
    if (auto& size = request.options.process.console_size)
        TRY(posix::set_window_size(master.get(), {size->height, size->width}));
    TRY(send_packet(request.socket, MessageKind::console, {}, {master.get()}));
    for (int standard : {0, 1, 2})
        TRY(posix::duplicate_onto(slave.get(), standard));
    return {};
}

Result<> set_stdio(const Request& request) {
    if (request.options.process.terminal) return set_terminal(request);
    const Stdio& stdio = request.options.stdio;
    std::array<int, 3> sources = {stdio.in, stdio.out, stdio.error};
    std::array<posix::Fd, 3> copies;
    for (std::size_t i = 0; i < 3; ++i)
        copies[i] = TRY(posix::duplicate(sources[i]));
    for (std::size_t i = 0; i < 3; ++i)
        TRY(posix::duplicate_onto(copies[i].get(), static_cast<int>(i)));
    return {};
}

bool has(const State& state, oci::NamespaceKind wanted) {
    for (auto kind : state.namespaces)
        if (kind == wanted) return true;
    return false;
}

/// Of what the caller has open, this process keeps these.
std::vector<int> kept_descriptors(const Request& request, std::vector<int> kept) {
    kept.push_back(request.socket);
    for (int fd = 3; fd < 3 + request.options.preserved_descriptors; ++fd)
        kept.push_back(fd);
    return kept;
}

/// The host's procfs, in whose mount namespace we still are: nobody in the container can cover it (RT9).
Result<posix::Fd> open_outer_procfs() {
    posix::Fd procfs = TRY(posix::open_file("/proc", O_PATH | O_DIRECTORY));
    if (TRY(posix::file_system_type(procfs.get())) != posix::kProcMagic ||
        TRY(posix::read_link("/proc/self")) != cat(posix::own_pid()))
        return fail(ErrorKind::failed_precondition, "/proc is not the procfs of this pid namespace");
    return procfs;
}

/// What the kernel keeps for the process in /proc/PID, and its children get.
Result<> set_attributes(int procfs, const oci::Process& process) {
    if (process.oom_score_adj)
        TRY(write_proc(procfs, own_proc("oom_score_adj"), cat(*process.oom_score_adj)));
    if (!process.apparmor_profile.empty())
        TRY_CONTEXT(
            write_proc(procfs, own_proc("attr/apparmor/exec"), cat("exec ", process.apparmor_profile)),
            "AppArmor profile (is AppArmor enabled on this machine?)");
    if (!process.selinux_label.empty())
        TRY_CONTEXT(write_proc(procfs, own_proc("attr/exec"), process.selinux_label),
                    "SELinux label (is SELinux enabled on this machine?)");
    return {};
}

/// Into all namespaces, of which that for processes holds only for our children.
Result<> join(const Request& request, bool& can_set_groups) {
    TRY(request.entrance.enter());
    posix::Fd procfs = TRY(open_outer_procfs());
    TRY(set_attributes(procfs.get(), request.options.process));
    const Stdio& stdio = request.options.stdio;
    TRY(posix::close_all_but(
        kept_descriptors(request, {stdio.in, stdio.out, stdio.error, request.pidfd, procfs.get()})));
    TRY(posix::join_namespace(request.pidfd, namespaces_of(request.state), "of the container"));
    if (!request.state.no_new_keyring) TRY(posix::join_new_session_keyring());
    if (!has(request.state, oci::NamespaceKind::user)) return {};
    auto setgroups = posix::open_beneath_no_links(procfs.get(), own_proc("setgroups"), O_RDONLY);
    can_set_groups = !setgroups || trim(posix::read_to_end(setgroups->get(), 64).value_or("")) != "deny";
    TRY(posix::set_group_id(0));
    TRY(posix::set_user_id(0));
    return posix::set_dumpable(false);
}

/// All but that of processes, which would count the stage: the process takes it itself, for which the hard
/// limit must be high enough.
Result<> set_limits_outside(oci::Process process) {
    for (auto& limit : process.rlimits) {
        if (limit.type != kProcessLimit) continue;
        std::uint64_t hard = std::max(limit.hard, TRY(posix::hard_rlimit(RLIMIT_NPROC)));
        limit.soft = hard;
        limit.hard = hard;
    }
    return set_rlimits(process);
}

/// What is left for the process, where it can be traced.
Result<> set_limits_inside(const oci::Process& process) {
    for (auto& limit : process.rlimits)
        if (limit.type == kProcessLimit)
            TRY_CONTEXT(posix::set_rlimit(0, RLIMIT_NPROC, limit.soft, limit.hard), limit.type);
    return {};
}

/// All that takes rights or descriptors which the container has not (security RT1). A process of the
/// container with CAP_SYS_PTRACE may trace whatever it sees, also what is not dumpable, and then does with
/// its rights as it likes; it sees our child from its first moment on, and never us.
Result<> prepare_outside(const Request& request, Executable& executable, bool& can_set_groups) {
    const oci::Process& process = request.options.process;
    TRY(posix::reset_signals());
    TRY(join(request, can_set_groups));
    posix::set_umask(0022);
    TRY(set_execution(request.state.personality, request.state.memory_policy));
    TRY(set_limits_outside(process));
    TRY(set_stdio(request));
    // Before the first name is looked up that the container could have made: a link to /proc/self/fd/N
    // would lead out through whatever is open (security RT11).
    TRY(posix::close_all_but(kept_descriptors(request, {})));
    TRY(enter_working_directory(process));
    executable = TRY(find_executable(process));
    int kept = 3 + request.options.preserved_descriptors;
    TRY(posix::close_from(kept, posix::CloseHow::on_exec));
    for (int fd = 3; fd < kept; ++fd)
        TRY(posix::set_close_on_exec(fd, false));
    if (!request.drops_outside()) return {};
    return drop_privileges(process, request.filters_outside() ? request.filter : nullptr, request.socket,
                           can_set_groups);
}

[[noreturn]] void run_process(const Request& request, const Executable& executable, bool can_set_groups) {
    const oci::Process& process = request.options.process;
    auto work = [&]() -> Result<> {
        TRY(fault::point("exec.namespaces.joined"));
        TRY(posix::new_session());
        if (process.terminal) TRY(posix::make_controlling_terminal(0));
        TRY(expect_packet(request.socket, MessageKind::go));
        TRY(set_limits_inside(process));
        if (!request.drops_outside())
            TRY(drop_privileges(process, request.filter, request.socket, can_set_groups));
        else if (!request.filters_outside())
            TRY(request.filter->install(request.socket));
        return execute_process(process, executable);
    };
    auto outcome = work();
    if (!send_packet(request.socket, MessageKind::error, encode_error(outcome.error())))
        (void)posix::write_all(2, cat(outcome.error().message(), "\n"));  // the last place to tell
    posix::exit_now(255);
}

/// Joins and forks, so that the process is inside the pid namespace, as a child of the caller.
[[noreturn]] void run_stage(const Request& request) {
    auto work = [&]() -> Result<> {
        Executable executable;
        bool can_set_groups = true;
        TRY(prepare_outside(request, executable, can_set_groups));
        auto process = TRY(posix::fork_into_namespaces(0, posix::Parent::own_parent));
        if (!process) run_process(request, executable, can_set_groups);
        return send_packet(request.socket, MessageKind::pid, cat(process.pid()));
    };
    auto outcome = work();
    if (!outcome)
        (void)send_packet(request.socket, MessageKind::error,
                          encode_error(outcome.error()));  // or nobody hears
    posix::exit_now(outcome ? 0 : 1);
}

/// What the stage has to say: the id of the process, before it perhaps a console.
Result<pid_t> hear_stage(int socket, posix::Fd& console) {
    while (true) {
        Packet packet = TRY(receive_packet(socket));
        if (packet.kind == MessageKind::pid) return parse_integer<pid_t>(packet.payload).value_or(-1);
        if (packet.kind == MessageKind::error) return decode_error(packet.payload);
        if (packet.kind != MessageKind::console || packet.descriptors.size() != 1)
            return fail(ErrorKind::internal, "the process that joins the container ended unexpectedly");
        console = std::move(packet.descriptors.front());
    }
}

/// Until the socket closes at execve. Who speaks here is inside the container already: nothing but a failure
/// is taken from it, and once, if the profile has one, a descriptor for the listener, who knows whose it is.
Result<> let_go(int socket, const posix::Process& process, const State& state, bool has_listener) {
    TRY(send_packet(socket, MessageKind::go));
    Packet packet = TRY(receive_packet(socket));
    if (packet.kind == MessageKind::listener && has_listener) {
        TRY(hand_over_listener(*state.seccomp, process, packet.payload, state, Status::running));
        TRY(send_packet(socket, MessageKind::go));
        packet = TRY(receive_packet(socket));
    }
    if (packet.kind == MessageKind::closed) return {};
    if (packet.kind == MessageKind::error) return decode_error(packet.payload);
    return fail(ErrorKind::internal,
                "the process that joined the container said what it has no cause to say");
}

Result<> check_status(const std::string& root, const State& state, ExecOptions::Paused paused) {
    Status status = TRY(status_of(root, state));
    if (status == Status::stopped)
        return fail(ErrorKind::failed_precondition, "cannot exec in a stopped container");
    if (status == Status::paused && paused == ExecOptions::Paused::refuse)
        return fail(ErrorKind::failed_precondition,
                    "cannot exec in a paused container (use --ignore-paused to override)");
    return {};
}

}  // namespace

Result<Executed> exec(const std::string& root, const State& state, const ExecOptions& options) {
    if (options.process.args.empty()) return fail(ErrorKind::invalid_argument, "exec args cannot be empty");
    TRY(check_status(root, state, options.paused));
    posix::Fd pidfd = TRY(posix::open_pidfd(state.pid));
    if (!is_alive(state)) return fail(ErrorKind::failed_precondition, "cannot exec in a stopped container");
    if (!options.process.terminal) give_stdio(options.stdio, options.process.user.uid, state.uid_mappings);
    auto [ours, theirs] = TRY(posix::make_socket_pair(posix::SocketKind::packets));
    if (posix::effective_user() == 0) TRY(posix::set_dumpable(false));
    std::optional<SeccompFilter> filter;
    if (state.seccomp) filter = TRY(SeccompFilter::make(*state.seccomp, options.seccomp_cache));
    // Who names a group means it; else the first process tells where there is room.
    const bool is_named = !options.cgroup_paths.empty();
    auto group = cgroup::Cgroup::open(is_named ? options.cgroup_paths : state.cgroup_paths);
    auto entrance = TRY(cgroup::Entrance::open(group, is_named ? -1 : state.pid));
    Request request{state, options, entrance, filter ? &*filter : nullptr, theirs.get(), pidfd.get()};
    InitialAffinity affinity(options.process.exec_affinity);
    TRY(affinity.outcome());
    auto stage = TRY(entrance.fork(0));
    if (!stage) run_stage(request);
    theirs.reset();
    Executed executed;
    auto said = hear_stage(ours.get(), executed.console);
    TRY(stage.wait(Deadline::after(10s)));
    pid_t pid = TRY(std::move(said));
    executed.process = posix::Process(pid, TRY(posix::open_pidfd(pid)));
    auto outcome = schedule_joined(pid, options.process);
    if (outcome) outcome = let_go(ours.get(), executed.process, state, filter && filter->has_listener());
    if (!outcome) {
        // The child may still be on its way out; what it had to say is in the error.
        if (executed.process.kill(SIGKILL)) TRY(executed.process.wait(Deadline::after(10s)));
        return outcome.error();
    }
    return executed;
}

}  // namespace tare::runtime
