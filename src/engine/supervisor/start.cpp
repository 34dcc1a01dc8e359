#include "base/log.h"
#include "engine/container/rootfs.h"
#include "engine/container/shared_memory.h"
#include "engine/container/spec.h"
#include "engine/network/networks.h"
#include "engine/supervisor/log_target.h"
#include "engine/supervisor/start_failure.h"
#include "engine/supervisor/supervisor_impl.h"
#include "engine/volume/volumes.h"
#include "image/snapshot/snapshotter.h"
#include "posix/process.h"

namespace tare::supervisor {

using container::Status;

Result<Change> Supervisor::start(const std::string& name_or_id) {
    ContainerRef container = TRY(impl_->find(name_or_id));
    LifeCycleLock lock = TRY(impl_->lock(*container));
    return impl_->start(TRY(impl_->current(container->id)), Impl::Reason::user);
}

namespace {

Result<bool> has_to_start(const Container& container) {
    switch (container.state.status) {
        case Status::running:
            return false;
        case Status::paused:
            return fail(ErrorKind::failed_precondition,
                        "cannot start a paused container, try unpause instead");
        case Status::removing:
        case Status::dead:
            return fail(ErrorKind::failed_precondition,
                        "container is marked for removal and cannot be started");
        case Status::created:
        case Status::restarting:
        case Status::exited:
            break;
    }
    return true;
}

}  // namespace

/// DESIGN section 5, "run", from the network on. The first failure undoes what was done.
Result<Change> Supervisor::Impl::start(ContainerRef container, Reason reason) {
    if (!TRY(has_to_start(*container))) return Change::none;
    cancel_restart(*container);
    const std::string id = container->id;
    FailedBy failed_by = FailedBy::engine;
    auto run = [&]() -> Result<> {
        // What an earlier run may have left if the daemon was killed in the middle.
        TRY(parts.tasks.remove(key(*container)));
        TRY(make_bind_sources(*container));
        container = TRY(attach_network(container));
        container = TRY(mount_volumes(container));
        std::vector<posix::Fd> pinned;
        // Mounted once: what is prepared here is what the shim puts into the container.
        const posix::Fd root = TRY(parts.snapshotter.make_detached_mount(container->snapshot_key));
        const oci::RuntimeSpec spec = TRY(make_spec(*container, root.get(), pinned));
        failed_by = FailedBy::runtime;
        const pid_t pid = TRY(create_task(*container, spec, root.get()));
        hand_over_attaches(*container);
        TRY(parts.tasks.start(key(*container)));
        const auto facts = posix::process_facts(pid);
        container = TRY(change_state(id, [&](container::ContainerState& state) {
            state.status = Status::running;
            state.pid = pid;
            state.pid_start_time = facts ? facts->start_time : 0;
            state.exit_code = 0;
            state.oom_killed = false;
            state.error.clear();
            state.started_at = now();
            state.has_been_started_before = true;
            if (reason == Reason::user) {
                state.has_been_manually_stopped = false;
                state.restart_count = 0;
            }
        }));
        return {};
    };
    if (auto ran = run(); !ran)
        return start_failed(*container, explain_start_failure(ran.error(), failed_by));
    if (reason == Reason::user) {
        LiveRef entry = live(id);
        std::lock_guard lock(entry->mutex);
        entry->restarts = {};
    }
    tell_linking_containers(*container);
    publish(*container, "start");
    begin_health(*container);
    return Change::made;
}

Result<pid_t> Supervisor::Impl::create_task(const Container& container, const oci::RuntimeSpec& spec,
                                            int root) {
    auto rootfs = TRY(parts.snapshotter.mounts(container.snapshot_key));
    auto log = TRY(log_target(container));
    return parts.tasks.create(key(container), {.spec = spec,
                                               .rootfs = std::move(rootfs),
                                               .root = root,
                                               .log = std::move(log),
                                               .open_stdin = container.config.open_stdin,
                                               .stdin_once = container.config.stdin_once});
}

void Supervisor::Impl::hand_over_attaches(const Container& container) {
    std::vector<PendingAttach> pending;
    LiveRef entry = live(container.id);
    {
        std::lock_guard lock(entry->mutex);
        pending.swap(entry->pending);
    }
    for (PendingAttach& attach : pending) {
        auto attached = parts.tasks.attach(key(container), "", attach.request, attach.client);
        // A client that has gone meanwhile is no reason not to start.
        if (!attached) log::failure("attach a client", attached.error(), log::Level::warning);
    }
}

void Supervisor::Impl::release_run(const Container& container) {
    auto note = [&](std::string_view what, const Result<>& result) {
        if (!result) log::failure(cat(what, " of container ", container.short_id()), result.error());
    };
    note("remove the task", parts.tasks.remove(key(container)));
    note("release the shared memory", container::release_shared_memory(container));
    note("detach the network", parts.networks.detach(full_name(container)));
    for (const container::MountPoint& mount : container.mount_points) {
        if (mount.type != "volume") continue;
        note("unmount a volume", parts.volumes.unmount(mount.name, full_name(container)));
    }
}

Error Supervisor::Impl::start_failed(const Container& container, StartFailure failure) {
    release_run(container);
    log::failure(cat("start of container ", container.short_id()), failure.error, log::Level::warning);
    auto changed = parts.containers.update(row(container.id), [&](Container& it) {
        forget_network(it.network_settings);
        container::ContainerState& state = it.state;
        state.status = state.has_been_started_before ? Status::exited : Status::created;
        state.pid = 0;
        state.exit_code = failure.exit_code;
        state.error = failure.error.message();
    });
    if (!changed) log::failure("record a failed start", changed.error());
    {
        // Clients that attached see the end of their connection.
        LiveRef entry = live(container.id);
        std::lock_guard lock(entry->mutex);
        entry->pending.clear();
    }
    notify_ended(container.id, {.status_code = failure.exit_code, .error = failure.error.message()},
                 HasRun::no);
    if (container.host_config.auto_remove) auto_remove(container.id);
    return std::move(failure.error);
}

}  // namespace tare::supervisor
