#include <array>
#include <chrono>

#include <fcntl.h>
#include <signal.h>

#include "base/fault.h"
#include "posix/credentials.h"
#include "posix/file.h"
#include "posix/namespace.h"
#include "posix/path.h"
#include "posix/signals.h"
#include "posix/socket.h"
#include "posix/terminal.h"
#include "run/cgroup/entrance.h"
#include "run/runtime/container.h"
#include "run/runtime/privileges.h"
#include "run/runtime/protocol.h"
#include "run/runtime/rootfs.h"
#include "run/runtime/stdio_owner.h"

namespace tare::runtime {

namespace {

using namespace std::chrono_literals;

struct Request {
    const State& state;
    const ExecOptions& options;
    const cgroup::Entrance& entrance;
    const SeccompFilter* filter = nullptr;  ///< null: none
    int socket = -1;
    int pidfd = -1;  ///< of the container's init
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
    return posix::make_controlling_terminal(0);
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

/// In the container's namespaces, as its child: the same steps as init's, from the same code.
Result<> set_up(const Request& request, Executable& executable, bool& can_set_groups) {
    const oci::Process& process = request.options.process;
    TRY(fault::point("exec.namespaces.joined"));
    TRY(posix::reset_signals());
    TRY(posix::new_session());
    TRY(expect_packet(request.socket, MessageKind::go));
    if (!request.state.no_new_keyring) TRY(posix::join_new_session_keyring());
    posix::Fd procfs = TRY(open_private_procfs());
    if (has(request.state, oci::NamespaceKind::user)) {
        auto setgroups = posix::open_beneath_no_links(procfs.get(), own_proc("setgroups"), O_RDONLY);
        can_set_groups = !setgroups || trim(posix::read_to_end(setgroups->get(), 64).value_or("")) != "deny";
        TRY(posix::set_group_id(0));
        TRY(posix::set_user_id(0));
        TRY(posix::set_dumpable(false));
    }
    posix::set_umask(0022);
    if (process.oom_score_adj)
        TRY(write_proc(procfs.get(), own_proc("oom_score_adj"), cat(*process.oom_score_adj)));
    if (!process.apparmor_profile.empty())
        TRY_CONTEXT(
            write_proc(procfs.get(), own_proc("attr/apparmor/exec"), cat("exec ", process.apparmor_profile)),
            "AppArmor profile (is AppArmor enabled on this machine?)");
    if (!process.selinux_label.empty())
        TRY_CONTEXT(write_proc(procfs.get(), own_proc("attr/exec"), process.selinux_label),
                    "SELinux label (is SELinux enabled on this machine?)");
    TRY(set_rlimits(process));
    TRY(set_stdio(request));
    // Before the first name is looked up that the container could have made: a link to /proc/self/fd/N
    // would lead out through whatever is open (security RT11).
    procfs.reset();
    TRY(posix::close_all_but(kept_descriptors(request, {})));
    TRY(enter_working_directory(process));
    executable = TRY(find_executable(process));
    return {};
}

[[noreturn]] void run_process(const Request& request) {
    Executable executable;
    bool can_set_groups = true;
    auto outcome = set_up(request, executable, can_set_groups);
    auto finish = [&]() -> Result<> {
        int kept = 3 + request.options.preserved_descriptors;
        TRY(posix::close_from(kept, posix::CloseHow::on_exec));
        for (int fd = 3; fd < kept; ++fd)
            TRY(posix::set_close_on_exec(fd, false));
        TRY(drop_privileges(request.options.process, request.filter, can_set_groups));
        return execute_process(request.options.process, executable);
    };
    if (outcome) outcome = finish();
    if (!send_packet(request.socket, MessageKind::error, encode_error(outcome.error())))
        (void)posix::write_all(2, cat(outcome.error().message(), "\n"));  // the last place to tell
    posix::exit_now(255);
}

/// Joins and forks, so that the process is inside the pid namespace, as a child of the caller.
[[noreturn]] void run_stage(const Request& request) {
    auto work = [&]() -> Result<> {
        TRY(request.entrance.enter());
        // Before the container can see us: with CAP_SYS_PTRACE it may look into our /proc/PID/fd (RT1).
        const Stdio& stdio = request.options.stdio;
        TRY(posix::close_all_but(
            kept_descriptors(request, {stdio.in, stdio.out, stdio.error, request.pidfd})));
        TRY(posix::join_namespace(request.pidfd, namespaces_of(request.state), "of the container"));
        auto process = TRY(posix::fork_into_namespaces(0, posix::Parent::own_parent));
        if (!process) run_process(request);
        return send_packet(request.socket, MessageKind::pid, cat(process.pid()));
    };
    auto outcome = work();
    if (!outcome)
        (void)send_packet(request.socket, MessageKind::error,
                          encode_error(outcome.error()));  // or nobody hears
    posix::exit_now(outcome ? 0 : 1);
}

/// Until the socket closes at execve: an error packet is the failure, a console comes before.
Result<posix::Fd> guide(int socket) {
    posix::Fd console;
    while (true) {
        Packet packet = TRY(receive_packet(socket));
        if (packet.kind == MessageKind::closed) return console;
        if (packet.kind == MessageKind::error) return decode_error(packet.payload);
        if (packet.kind == MessageKind::console && packet.descriptors.size() == 1)
            console = std::move(packet.descriptors.front());
    }
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
    auto entrance = TRY(cgroup::Entrance::open(cgroup::Cgroup::open(state.cgroup_paths)));
    Request request{state, options, entrance, filter ? &*filter : nullptr, theirs.get(), pidfd.get()};
    auto stage = TRY(entrance.fork(0));
    if (!stage) run_stage(request);
    theirs.reset();
    auto packet = expect_packet(ours.get(), MessageKind::pid);
    TRY(stage.wait(Deadline::after(10s)));
    pid_t pid = parse_integer<pid_t>(TRY(std::move(packet)).payload).value_or(-1);

    Executed executed;
    executed.process = posix::Process(pid, TRY(posix::open_pidfd(pid)));
    auto outcome = [&]() -> Result<posix::Fd> {
        TRY(send_packet(ours.get(), MessageKind::go));
        return guide(ours.get());
    }();
    if (!outcome) {
        // The child may still be on its way out; what it had to say is in the error.
        if (executed.process.kill(SIGKILL)) TRY(executed.process.wait(Deadline::after(10s)));
        return outcome.error();
    }
    executed.console = std::move(*outcome);
    return executed;
}

}  // namespace tare::runtime
