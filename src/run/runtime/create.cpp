#include <array>
#include <chrono>
#include <ctime>

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include "base/log.h"
#include "posix/credentials.h"
#include "posix/file.h"
#include "posix/namespace.h"
#include "posix/socket.h"
#include "run/runtime/container.h"
#include "run/runtime/execution.h"
#include "run/runtime/hooks.h"
#include "run/runtime/id_maps.h"
#include "run/runtime/idmapped_mounts.h"
#include "run/runtime/protocol.h"
#include "run/runtime/rootfs.h"
#include "run/runtime/seccomp_listener.h"
#include "run/runtime/stage_init.h"
#include "run/runtime/stdio_owner.h"
#include "run/runtime/time_text.h"

namespace tare::runtime {

namespace {

using namespace std::chrono_literals;

/// Undoes what was made, in reverse, unless the creation came to its end.
class Rollback {
  public:
    Rollback(std::string root, std::string id) : root_(std::move(root)), id_(std::move(id)) {}
    Rollback(const Rollback&) = delete;
    Rollback& operator=(const Rollback&) = delete;
    ~Rollback() {
        if (is_done_) return;
        if (init_ && *init_) {
            note(init_->kill(SIGKILL));
            note(init_->wait(Deadline::after(10s)));
        }
        if (group_) {
            note(group_->kill());
            note(group_->remove(Deadline::after(5s)));
        }
        note(posix::remove_tree(state_directory(root_, id_)));
    }
    void watch(posix::Process* init) { init_ = init; }
    void watch(const cgroup::Cgroup* group) { group_ = group; }
    void forget() { is_done_ = true; }

  private:
    template <class T>
    static void note(const Result<T>& outcome) {
        if (!outcome && !outcome.error().is(ErrorKind::not_found))
            log::failure("clean-up after a failed create", outcome.error(), log::Level::warning);
    }

    std::string root_;
    std::string id_;
    posix::Process* init_ = nullptr;
    const cgroup::Cgroup* group_ = nullptr;
    bool is_done_ = false;
};

Result<> check_spec(const oci::RuntimeSpec& spec) {
    if (!spec.process)
        return fail(ErrorKind::invalid_argument, "config.json: process property must not be empty");
    if (spec.process->args.empty())
        return fail(ErrorKind::invalid_argument, "config.json: process.args is empty");
    const oci::Linux& section = spec.linux_section;
    bool has_user = section.find(oci::NamespaceKind::user) != nullptr;
    if (!section.find(oci::NamespaceKind::mount))
        return fail(ErrorKind::invalid_argument, "config.json: linux.namespaces has no mount namespace")
            .set_hint("without one the container's mounts would be the host's");
    if (!has_user && (!section.uid_mappings.empty() || !section.gid_mappings.empty()))
        return fail(ErrorKind::invalid_argument, "config.json: id mappings need a user namespace");
    const oci::Namespace* time = section.find(oci::NamespaceKind::time);
    if (!section.time_offsets.empty() && (!time || !time->path.empty()))
        return fail(ErrorKind::invalid_argument, "config.json: linux.timeOffsets need a new time namespace");
    bool has_uts = section.find(oci::NamespaceKind::uts) != nullptr;
    if (!has_uts && (!spec.hostname.empty() || !spec.domainname.empty()))
        return fail(ErrorKind::invalid_argument, "config.json: hostname needs a uts namespace");
    if (spec.process->cwd.empty() || spec.process->cwd[0] != '/')
        return fail(ErrorKind::invalid_argument, "config.json: process.cwd must be an absolute path");
    return {};
}

/// Security RT25: a knob may be set only in a namespace that the container owns.
Result<> check_sysctls(const oci::Linux& section) {
    constexpr std::array<std::string_view, 8> ipc = {
        "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem",
        "kernel.shmall", "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced"};
    for (auto& [name, value] : section.sysctl) {
        std::string dotted = replace_all(name, "/", ".");
        bool is_ipc = dotted.starts_with("fs.mqueue.");
        for (auto known : ipc)
            is_ipc = is_ipc || dotted == known;
        auto owner = is_ipc                          ? oci::NamespaceKind::ipc
                     : dotted.starts_with("net.")    ? oci::NamespaceKind::network
                     : dotted == "kernel.domainname" ? oci::NamespaceKind::uts
                     : dotted == "kernel.hostname"   ? oci::NamespaceKind::uts
                                                     : oci::NamespaceKind::mount;
        if (owner == oci::NamespaceKind::mount)
            return fail(ErrorKind::invalid_argument, "sysctl ", quote(name),
                        " is not in a separate kernel namespace");
        const oci::Namespace* entry = section.find(owner);
        if (!entry)
            return fail(ErrorKind::invalid_argument, "sysctl ", quote(name),
                        " is not allowed without a separate ", oci::to_string(owner), " namespace");
        auto bit = owner == oci::NamespaceKind::ipc       ? posix::namespace_bit::ipc
                   : owner == oci::NamespaceKind::network ? posix::namespace_bit::network
                                                          : posix::namespace_bit::uts;
        if (!entry->path.empty() && TRY(posix::is_own_namespace(entry->path, bit)))
            return fail(ErrorKind::invalid_argument, "sysctl ", quote(name), " is not allowed: the ",
                        oci::to_string(owner), " namespace that is joined is the host's");
        if (value.find('\n') != std::string::npos || value.find('\0') != std::string::npos)
            return fail(ErrorKind::invalid_argument, "sysctl ", quote(name), ": the value holds a line end");
    }
    return {};
}

std::uint64_t new_namespaces(const oci::Linux& section) {
    std::uint64_t bits = 0;
    auto add = [&](oci::NamespaceKind kind, std::uint64_t bit) {
        const oci::Namespace* entry = section.find(kind);
        if (entry && entry->path.empty()) bits |= bit;
    };
    add(oci::NamespaceKind::mount, posix::namespace_bit::mount);
    add(oci::NamespaceKind::uts, posix::namespace_bit::uts);
    add(oci::NamespaceKind::ipc, posix::namespace_bit::ipc);
    add(oci::NamespaceKind::pid, posix::namespace_bit::pid);
    add(oci::NamespaceKind::network, posix::namespace_bit::network);
    add(oci::NamespaceKind::user, posix::namespace_bit::user);
    return bits;
}

bool is_joined(const oci::Linux& section, oci::NamespaceKind kind) {
    const oci::Namespace* entry = section.find(kind);
    return entry && !entry->path.empty();
}

/// A pid namespace takes only children; a user namespace must be entered before, and the host's
/// namespaces before a new user namespace takes the right to. Then init is born through a stage.
bool needs_stage(const oci::Linux& section) {
    if (is_joined(section, oci::NamespaceKind::pid) || is_joined(section, oci::NamespaceKind::user))
        return true;
    if (!section.find(oci::NamespaceKind::user)) return false;
    for (auto& entry : section.namespaces)
        if (!entry.path.empty()) return true;
    return false;
}

/// The stage joins what is to be joined, forks init as a child of ours, tells its pid and ends.
[[noreturn]] void run_stage(InitRequest request) {
    const oci::Linux& section = request.options.spec.linux_section;
    int socket = request.socket;
    auto work = [&]() -> Result<> {
        TRY(request.entrance->enter());
        request.entrance = nullptr;
        TRY(close_foreign_descriptors(request));
        TRY(join_namespaces(section, true));
        auto init = TRY(posix::fork_into_namespaces(new_namespaces(section), posix::Parent::own_parent));
        if (!init) run_init(std::move(request));
        return send_packet(socket, MessageKind::pid, cat(init.pid()));
    };
    auto outcome = work();
    if (!outcome)
        (void)send_packet(socket, MessageKind::error,
                          encode_error(outcome.error()));  // or the parent is gone
    posix::exit_now(outcome ? 0 : 1);
}

Result<posix::Process> fork_init(const InitRequest& request, cgroup::Entrance& entrance, int parent_socket) {
    const oci::Linux& section = request.options.spec.linux_section;
    if (!needs_stage(section)) {
        auto init = TRY(entrance.fork(new_namespaces(section)));
        if (!init) run_init(request);
        return init;
    }
    auto stage = TRY(entrance.fork(0));
    if (!stage) run_stage(request);
    auto packet = expect_packet(parent_socket, MessageKind::pid);
    TRY(stage.wait(Deadline::after(10s)));
    pid_t pid = parse_integer<pid_t>(TRY(std::move(packet)).payload).value_or(-1);
    return posix::Process(pid, TRY(posix::open_pidfd(pid)));
}

/// Up to "ready": answers hooks, takes the console.
Result<posix::Fd> guide_init(int socket, const CreateOptions& options, const posix::Process& init,
                             const State& state) {
    posix::Fd console;
    while (true) {
        Packet packet = TRY(receive_packet(socket));
        switch (packet.kind) {
            case MessageKind::ready:
                return console;
            case MessageKind::console:
                if (packet.descriptors.size() == 1) console = std::move(packet.descriptors.front());
                break;
            case MessageKind::hooks: {
                Json document = state_document(state, Status::creating);
                TRY(run_hooks("prestart", options.spec.hooks.prestart, document));
                TRY(run_hooks("createRuntime", options.spec.hooks.create_runtime, document));
                TRY(send_packet(socket, MessageKind::go));
                break;
            }
            case MessageKind::listener:
                if (!options.spec.linux_section.seccomp)
                    return fail(ErrorKind::internal, "a seccomp listener without a profile");
                TRY(hand_over_listener(*options.spec.linux_section.seccomp, init, packet.payload, state,
                                       Status::creating));
                TRY(send_packet(socket, MessageKind::go));
                break;
            case MessageKind::error:
                return decode_error(packet.payload);
            default:
                return fail(ErrorKind::internal, "the container's first process ended unexpectedly")
                    .set_hint("it may have been killed for want of memory");
        }
    }
}

State initial_state(const CreateOptions& options) {
    State state;
    state.id = options.id;
    state.bundle = options.bundle;
    state.rootfs = options.spec.root_path;
    state.created = rfc3339_now();
    state.owner = posix::effective_user();
    state.rootless = options.cgroup_permission == cgroup::Permission::optional;
    state.annotations = options.spec.annotations;
    for (auto& entry : options.spec.linux_section.namespaces)
        state.namespaces.push_back(entry.kind);
    state.no_new_keyring = options.keyring == CreateOptions::Keyring::inherited;
    state.hooks = options.spec.hooks;
    state.process = *options.spec.process;
    state.uid_mappings = options.spec.linux_section.uid_mappings;
    state.gid_mappings = options.spec.linux_section.gid_mappings;
    state.seccomp = options.spec.linux_section.seccomp;
    state.personality = options.spec.linux_section.personality;
    state.memory_policy = options.spec.linux_section.memory_policy;
    return state;
}

Result<> make_state_directory(const CreateOptions& options) {
    TRY(posix::make_directories(options.root, 0700));
    auto made = posix::make_directory(state_directory(options.root, options.id), 0711);
    if (!made && made.error().is(ErrorKind::already_exists))
        return fail(ErrorKind::already_exists, "container with given ID already exists");
    return made;
}

std::string cgroup_path(const CreateOptions& options) {
    const std::string& path = options.spec.linux_section.cgroups_path;
    return path.empty() ? options.id : path;
}

/// Two containers in one group would be limited, frozen and killed together.
Result<> expect_nobody(const cgroup::Cgroup& group) {
    if (!group.exists()) return {};
    auto others = TRY(group.processes());
    if (others.empty()) return {};
    return fail(ErrorKind::failed_precondition, "container's cgroup is not empty: ", others.size(),
                " process(es) found");
}

/// What `delete` finds if we are killed from here on: the group, and no hooks of a container that never was.
State unfinished_state(const State& state, const cgroup::Cgroup& planned) {
    State unfinished = state;
    unfinished.cgroup_paths = planned.paths();
    unfinished.hooks = {};
    return unfinished;
}

oci::LinuxResources with_default_devices(oci::LinuxResources resources) {
    // What every container may use, after the spec's own list (runc, crun: always appended).
    auto allow = [&](char type, std::optional<std::int64_t> major, std::optional<std::int64_t> minor,
                     std::string access) {
        resources.devices.push_back(
            {.allow = true, .type = type, .major = major, .minor = minor, .access = std::move(access)});
    };
    bool allows_all =
        !resources.devices.empty() && resources.devices.back().type == 'a' && resources.devices.back().allow;
    if (allows_all) return resources;
    allow('c', std::nullopt, std::nullopt, "m");
    allow('b', std::nullopt, std::nullopt, "m");
    for (std::int64_t minor : {3, 5, 7, 8, 9})
        allow('c', 1, minor, "rwm");
    for (std::int64_t minor : {0, 2})
        allow('c', 5, minor, "rwm");
    allow('c', 136, std::nullopt, "rwm");
    return resources;
}

Result<std::optional<SeccompFilter>> make_filter(const CreateOptions& options) {
    const auto& seccomp = options.spec.linux_section.seccomp;
    if (!seccomp) return std::optional<SeccompFilter>();
    return std::optional(TRY(SeccompFilter::make(*seccomp, options.seccomp_cache)));
}

/// The spec with its root made absolute.
CreateOptions resolved(const CreateOptions& options) {
    CreateOptions out = options;
    if (!out.spec.root_path.starts_with('/'))
        out.spec.root_path = cat(options.bundle, "/", options.spec.root_path);
    return out;
}

}  // namespace

Result<Created> create(const CreateOptions& given) {
    TRY(check_id(given.id));
    TRY(check_spec(given.spec));
    TRY(check_sysctls(given.spec.linux_section));
    CreateOptions options = resolved(given);
    auto root_mounts = TRY(make_root_mounts(options.root_mounts, options.first_root_mount));
    auto idmapped_mounts = TRY(make_idmapped_mounts(options.spec));
    const auto hierarchies = TRY(cgroup::Hierarchies::discover());
    const auto planned = cgroup::Cgroup::planned(hierarchies, cgroup_path(options));
    TRY(make_state_directory(options));
    // What the rollback looks at has to outlive it.
    Created created;
    cgroup::Cgroup group = cgroup::Cgroup::open({});
    Rollback rollback(options.root, options.id);

    TRY(expect_nobody(planned));
    created.state = initial_state(options);
    TRY(save_state(options.root, unfinished_state(created.state, planned)));
    group = TRY(cgroup::Cgroup::create(hierarchies, cgroup_path(options), options.cgroup_permission));
    rollback.watch(&group);
    TRY_CONTEXT(group.set(with_default_devices(options.spec.linux_section.resources)), "cgroup");
    TRY_CONTEXT(group.verify(options.spec.linux_section.resources), "cgroup");
    std::string fifo = start_fifo(options.root, options.id);
    TRY(posix::make_fifo(fifo, 0600));
    posix::Fd start_end = TRY(posix::open_file(fifo, O_RDONLY | O_NONBLOCK));

    if (!options.spec.process->terminal)
        give_stdio(options.stdio, options.spec.process->user.uid, options.spec.linux_section.uid_mappings);
    created.state.cgroup_paths = group.paths();
    auto filter = TRY(make_filter(options));
    cgroup::Entrance entrance = TRY(cgroup::Entrance::open(group));
    auto [ours, theirs] = TRY(posix::make_socket_pair(posix::SocketKind::packets));
    // Not dumpable before there is a child: what runs in a namespace that we join could trace it. A
    // rootless parent must stay owner of the child's /proc files to write its maps.
    if (posix::effective_user() == 0) TRY(posix::set_dumpable(false));
    created.init = TRY(fork_init({.options = options,
                                  .cgroup = &group,
                                  .root_mounts = &root_mounts,
                                  .idmapped_mounts = &idmapped_mounts,
                                  .entrance = &entrance,
                                  .filter = filter ? &*filter : nullptr,
                                  .state = created.state,
                                  .socket = theirs.get(),
                                  .start_fifo = start_end.get()},
                                 entrance, ours.get()));
    rollback.watch(&created.init);
    theirs.reset();

    created.state.pid = created.init.pid();
    auto facts = posix::process_facts(created.state.pid);
    created.state.start_time = facts ? facts->start_time : 0;
    if (!is_joined(options.spec.linux_section, oci::NamespaceKind::user))
        TRY(write_id_maps(created.state.pid, options.spec.linux_section.uid_mappings,
                          options.spec.linux_section.gid_mappings));
    TRY(save_state(options.root, created.state));
    TRY(send_packet(ours.get(), MessageKind::go));
    created.console = TRY(guide_init(ours.get(), options, created.init, created.state));
    TRY_CONTEXT(group.verify_process(created.state.pid), "cgroup");
    TRY(schedule_init(created.state.pid, *options.spec.process));
    rollback.forget();
    return created;
}

}  // namespace tare::runtime
