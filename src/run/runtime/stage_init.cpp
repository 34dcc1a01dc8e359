#include "run/runtime/stage_init.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <fcntl.h>

#include "posix/credentials.h"
#include "posix/file.h"
#include "posix/namespace.h"
#include "posix/path.h"
#include "posix/signals.h"
#include "posix/socket.h"
#include "posix/terminal.h"
#include "run/runtime/execution.h"
#include "run/runtime/hooks.h"
#include "run/runtime/privileges.h"
#include "run/runtime/protocol.h"
#include "run/runtime/rootfs.h"
#include "run/runtime/seccomp_verdict.h"

namespace tare::runtime {

namespace {

bool is_new(const oci::Linux& section, oci::NamespaceKind kind) {
    const oci::Namespace* entry = section.find(kind);
    return entry && entry->path.empty();
}

struct Init {
    InitRequest request;
    RootContext root;
    Console console;
    Executable executable;
    bool can_set_groups = true;

    const oci::RuntimeSpec& spec() const { return request.options.spec; }
    const oci::Linux& section() const { return request.options.spec.linux_section; }
    const oci::Process& process() const { return *request.options.spec.process; }
};

Result<> wait_for_go(const Init& init) {
    TRY(expect_packet(init.request.socket, MessageKind::go));
    return {};
}

/// In a user namespace we are nobody until we take its root; files made from here on belong to it.
Result<> become_root(Init& init) {
    if (!init.section().find(oci::NamespaceKind::user)) return {};
    auto setgroups = posix::read_file("/proc/self/setgroups", 64);
    init.can_set_groups = !setgroups || trim(*setgroups) != "deny";
    TRY(posix::set_group_id(0));
    TRY(posix::set_user_id(0));
    if (init.can_set_groups) TRY(posix::set_groups({}));
    // Changing ids resets it.
    return posix::set_dumpable(false);
}

Result<> set_names(const Init& init) {
    if (!init.spec().hostname.empty()) TRY(posix::set_hostname(init.spec().hostname));
    if (!init.spec().domainname.empty()) TRY(posix::set_domainname(init.spec().domainname));
    return {};
}

Result<> prepare_namespaces(Init& init) {
    if (is_new(init.section(), oci::NamespaceKind::network)) TRY(posix::bring_loopback_up());
    // After the group was joined, so that the container sees its own group as "/".
    if (is_new(init.section(), oci::NamespaceKind::cgroup))
        TRY(posix::unshare_namespaces(posix::namespace_bit::cgroup));
    return set_names(init);
}

Result<> run_outside_hooks(const Init& init) {
    auto& hooks = init.spec().hooks;
    if (hooks.prestart.empty() && hooks.create_runtime.empty()) return {};
    TRY(send_packet(init.request.socket, MessageKind::hooks));
    return wait_for_go(init);
}

/// The working directory, while the root may be written to; what it is, or why there is none, is told when it
/// is entered.
void make_working_directory(const Init& init) {
    const std::string& path = init.process().cwd;
    auto present = posix::open_in_root(init.root.root.get(), path, O_PATH);
    if (present || !present.error().is(ErrorKind::not_found)) return;
    (void)posix::make_directories_in_root(init.root.root.get(), path);
}

Result<> change_root(Init& init) {
    TRY(run_hooks("createContainer", init.spec().hooks.create_container,
                  state_document(init.request.state, Status::creating)));
    make_working_directory(init);
    TRY(finish_root(init.root));
    if (init.request.options.root_change == CreateOptions::Root::pivot) {
        TRY(posix::pivot_to(init.root.root.get()));
    } else {
        TRY(posix::change_directory(init.root.root.get()));
        TRY(posix::chroot_here());
    }
    return share_root(init.root);
}

Result<> build_root(Init& init) {
    TRY(make_mounts(init.root));
    TRY(run_outside_hooks(init));
    TRY(make_devices(init.root));
    if (init.process().terminal) {
        init.console = TRY(make_console(init.root, init.process()));
        TRY(send_packet(init.request.socket, MessageKind::console, {}, {init.console.master.get()}));
        init.console.master.reset();
    }
    TRY(set_sysctls(init.root));
    // Last, while nobody else is in the namespace to change what is being protected.
    TRY(protect_paths(init.root));
    return change_root(init);
}

Result<> set_stdio(const Init& init) {
    const Stdio& stdio = init.request.options.stdio;
    if (init.console.slave) {
        for (int standard : {0, 1, 2})
            TRY(posix::duplicate_onto(init.console.slave.get(), standard));
        return posix::make_controlling_terminal(0);
    }
    // The sources may lie among 0, 1 and 2 in any order: moved out of the way first.
    std::array<posix::Fd, 3> copies;
    std::array<int, 3> sources = {stdio.in, stdio.out, stdio.error};
    for (std::size_t i = 0; i < 3; ++i)
        copies[i] = TRY(posix::duplicate(sources[i]));
    for (std::size_t i = 0; i < 3; ++i)
        TRY(posix::duplicate_onto(copies[i].get(), static_cast<int>(i)));
    return {};
}

/// Before the first name is looked up that the image could have made: a program or working directory that is
/// a link to /proc/self/fd/N would lead out through the source of a mount (security RT11).
Result<> close_sources(Init& init) {
    init.root.bind_sources.clear();
    init.root.shared_binds.clear();
    for (posix::Fd* fd : {&init.root.root, &init.root.procfs, &init.root.null, &init.console.slave})
        fd->reset();
    std::vector<int> kept = {init.request.socket, init.request.start_fifo};
    for (int fd = 3; fd < 3 + init.request.options.preserved_descriptors; ++fd)
        kept.push_back(fd);
    return posix::close_all_but(std::move(kept));
}

Result<> prepare_process(Init& init) {
    const oci::Process& process = init.process();
    if (process.oom_score_adj)
        TRY(write_proc(init.root.procfs.get(), own_proc("oom_score_adj"), cat(*process.oom_score_adj)));
    if (!process.apparmor_profile.empty())
        TRY_CONTEXT(write_proc(init.root.procfs.get(), own_proc("attr/apparmor/exec"),
                               cat("exec ", process.apparmor_profile)),
                    "AppArmor profile (is AppArmor enabled on this machine?)");
    if (!process.selinux_label.empty())
        TRY_CONTEXT(write_proc(init.root.procfs.get(), own_proc("attr/exec"), process.selinux_label),
                    "SELinux label (is SELinux enabled on this machine?)");
    TRY(set_execution(init.section().personality, init.section().memory_policy));
    TRY(set_rlimits(process));
    TRY(set_stdio(init));
    TRY(close_sources(init));
    TRY(enter_working_directory(process));
    init.executable = TRY(find_executable(process));
    return {};
}

Result<> set_up(Init& init) {
    TRY(posix::reset_signals());
    TRY(close_foreign_descriptors(init.request));
    TRY(posix::new_session());
    TRY(wait_for_go(init));
    if (init.request.entrance) TRY(init.request.entrance->enter());
    // Permissions of what we create are what the spec says, not the caller's umask.
    posix::set_umask(0);
    if (init.request.options.keyring == CreateOptions::Keyring::fresh) TRY(posix::join_new_session_keyring());
    TRY(join_namespaces(init.section(), false));
    // With the ids of the caller still, who owns our files of procfs.
    if (is_new(init.section(), oci::NamespaceKind::time))
        TRY(enter_time_namespace(init.section().time_offsets));
    TRY(open_root(init.root));
    TRY(become_root(init));
    TRY(prepare_namespaces(init));
    init.root.procfs = TRY(open_private_procfs());
    TRY(build_root(init));
    posix::set_umask(0022);
    return prepare_process(init);
}

/// Until "start": poll, since the reading end of a fifo that nobody has opened for writing has no end.
Result<> wait_for_start(const Init& init) {
    TRY(posix::wait_readable(init.request.start_fifo, Deadline::never()));
    return {};
}

/// Without no_new_privs only somebody with CAP_SYS_ADMIN may load a filter, and what is left to do, above all
/// hooks, may need what it denies.
bool drops_before_start(const Init& init) {
    const SeccompFilter* filter = init.request.filter;
    // Who creates is there until we are ready, and has to hand on what a listener is told.
    if (!filter || filter->has_listener() || init.process().no_new_privileges) return true;
    return init.spec().hooks.start_container.empty() && lets_wait(*filter);
}

/// As with runc, the process waits without rights that the container has not, since an exec that comes before
/// the start may trace it (security RT1); so hooks of the start have no more of them.
Result<> finish(Init& init) {
    const oci::Process& process = init.process();
    const SeccompFilter* filter = init.request.filter;
    const bool drops_first = drops_before_start(init);
    // With no_new_privs a filter can be loaded without rights, as late as possible.
    const bool filters_last = drops_first && filter && process.no_new_privileges && !filter->has_listener();
    const int socket = init.request.socket;
    if (drops_first)
        TRY(drop_privileges(process, filters_last ? nullptr : filter, socket, init.can_set_groups));
    TRY(send_packet(socket, MessageKind::ready));
    TRY(wait_for_start(init));
    TRY(run_hooks("startContainer", init.spec().hooks.start_container,
                  state_document(init.request.state, Status::created)));
    TRY(posix::close_from(3 + init.request.options.preserved_descriptors, posix::CloseHow::on_exec));
    for (int fd = 3; fd < 3 + init.request.options.preserved_descriptors; ++fd)
        TRY(posix::set_close_on_exec(fd, false));
    if (!drops_first) TRY(drop_privileges(process, filter, socket, init.can_set_groups));
    if (filters_last) TRY(filter->install(socket));
    return execute_process(process, init.executable);
}

}  // namespace

Result<> join_namespaces(const oci::Linux& section, bool with_user_and_pid) {
    struct Bit {
        oci::NamespaceKind kind;
        std::uint64_t bit;
    };
    // User first (it gives the rights for the rest), mount last (paths change their meaning).
    constexpr std::array order = {
        Bit{oci::NamespaceKind::user, posix::namespace_bit::user},
        Bit{oci::NamespaceKind::ipc, posix::namespace_bit::ipc},
        Bit{oci::NamespaceKind::uts, posix::namespace_bit::uts},
        Bit{oci::NamespaceKind::network, posix::namespace_bit::network},
        Bit{oci::NamespaceKind::pid, posix::namespace_bit::pid},
        Bit{oci::NamespaceKind::cgroup, posix::namespace_bit::cgroup},
        Bit{oci::NamespaceKind::time, posix::namespace_bit::time},
        Bit{oci::NamespaceKind::mount, posix::namespace_bit::mount},
    };
    std::array<posix::Fd, order.size()> files;
    for (std::size_t i = 0; i < order.size(); ++i) {
        const oci::Namespace* entry = section.find(order[i].kind);
        if (!entry || entry->path.empty()) continue;
        bool is_early = order[i].kind == oci::NamespaceKind::user || order[i].kind == oci::NamespaceKind::pid;
        if (!with_user_and_pid && is_early) continue;
        files[i] = TRY_CONTEXT(posix::open_file(entry->path, O_RDONLY),
                               cat("join ", oci::to_string(order[i].kind), " namespace"));
    }
    for (std::size_t i = 0; i < order.size(); ++i)
        if (files[i]) TRY(posix::join_namespace(files[i].get(), order[i].bit, oci::to_string(order[i].kind)));
    return {};
}

Result<> close_foreign_descriptors(const InitRequest& request) {
    const CreateOptions& options = request.options;
    std::vector<int> kept = {options.stdio.in, options.stdio.out, options.stdio.error, request.socket,
                             request.start_fifo};
    for (int fd = 3; fd < 3 + options.preserved_descriptors; ++fd)
        kept.push_back(fd);
    if (request.root_mounts)
        for (auto& mount : *request.root_mounts)
            kept.push_back(mount.get());
    if (request.idmapped_mounts)
        for (auto& mount : *request.idmapped_mounts)
            if (mount) kept.push_back(mount.get());
    if (request.entrance)
        for (int fd : request.entrance->descriptors())
            kept.push_back(fd);
    return posix::close_all_but(std::move(kept));
}

void run_init(InitRequest request) {
    int socket = request.socket;
    const oci::RuntimeSpec& spec = request.options.spec;
    Init init{.request = std::move(request), .root = RootContext{.spec = spec}, .console = {}};
    init.root.bundle = init.request.options.bundle;
    init.root.cgroup = init.request.cgroup;
    init.root.root_mounts = &init.request.options.root_mounts;
    init.root.root_mount_fds = init.request.root_mounts;
    init.root.idmapped_mounts = init.request.idmapped_mounts;
    auto outcome = set_up(init);
    if (outcome) outcome = finish(init);
    // Whoever created us may be gone after `ready`; then standard error is the place left.
    if (!send_packet(socket, MessageKind::error, encode_error(outcome.error())))
        (void)posix::write_all(2, cat("tare-oci: ", outcome.error().message(), "\n"));
    posix::exit_now(1);
}

}  // namespace tare::runtime
