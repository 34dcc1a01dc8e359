#include <csignal>

#include "base/log.h"
#include "engine/network/networks.h"
#include "engine/supervisor/supervisor_impl.h"
#include "engine/volume/volumes.h"
#include "image/snapshot/snapshotter.h"
#include "posix/file.h"

namespace tare::supervisor {

using container::Status;

namespace {

Error refuse_running(const Container& container) {
    const bool is_paused = container.state.status == Status::paused;
    return fail(ErrorKind::failed_precondition, "cannot remove container \"/", container.name,
                "\": container is ", to_string(container.state.status), ": ",
                is_paused ? "unpause and then stop" : "stop",
                " the container before removing or force remove");
}

}  // namespace

Result<> Supervisor::remove(const std::string& name_or_id, const RemoveOptions& options) {
    ContainerRef container = TRY(impl_->find(name_or_id));
    const std::string id = container->id;
    // A restart policy may start it between the kill and the lock; the kill rules that out, another
    // client's start may not, and then it is killed again.
    for (bool was_killed = false;;) {
        if (options.force && container->state.is_running()) {
            was_killed = true;
            auto killed = impl_->kill(container, SIGKILL);
            if (!killed && !killed.error().is(ErrorKind::failed_precondition)) return killed;
        }
        LifeCycleLock lock = TRY(impl_->lock(*container));
        auto left = impl_->current(id);
        // One of `run --rm` goes when it ends: that is what was asked for.
        if (!left && was_killed && left.error().is(ErrorKind::not_found)) return {};
        container = TRY(std::move(left));
        if (container->state.is_running()) {
            if (!options.force) return refuse_running(*container);
            continue;
        }
        if (container->state.status == Status::restarting) {
            if (!options.force) return refuse_running(*container);
            impl_->cancel_restart(*container);
        }
        return impl_->remove(container, options);
    }
}

Result<> Supervisor::Impl::remove(const ContainerRef& container, const RemoveOptions& options) {
    // From here on it only gets less; a daemon that is killed goes on at its next start.
    const Status before = container->state.status;
    TRY(change_state(container->id,
                     [](container::ContainerState& state) { state.status = Status::removing; }));
    auto take_apart = [&]() -> Result<> {
        end_execs(*container);
        TRY(parts.tasks.remove(key(*container)));
        TRY(parts.networks.detach(full_name(*container)));
        auto snapshot = parts.snapshotter.remove(container->snapshot_key);
        if (!snapshot && !snapshot.error().is(ErrorKind::not_found)) return snapshot;
        for (const volume::Volume& used : TRY(parts.volumes.release(full_name(*container)))) {
            if (!used.is_anonymous || !options.volumes) continue;
            auto removed = parts.volumes.remove(used.name, volume::Force::yes);
            // Another container may use it by its name.
            if (!removed) log::failure("remove an anonymous volume", removed.error(), log::Level::debug);
        }
        TRY(posix::remove_tree(container->directory));
        return parts.containers.remove(row(container->id));
    };
    if (auto gone = take_apart(); !gone) {
        const Error error = gone.error();
        auto kept = change_state(container->id, [&](container::ContainerState& state) {
            state.status = before == Status::removing ? Status::dead : before;
            state.error = error.message();
        });
        if (!kept) log::failure("record a failed removal", kept.error());
        return Error(error).prepend(
            cat("container ", container->id, ": driver failed to remove root filesystem"));
    }
    forget_execs(*container);
    publish(*container, "destroy");
    notify_removed(container->id, {.status_code = container->state.exit_code});
    if (parts.collect_soon) parts.collect_soon();
    return {};
}

void Supervisor::Impl::auto_remove(const std::string& id) {
    ContainerRef container = parts.containers.get(row(id));
    if (!container) return;
    auto removed = remove(container, {.volumes = true});
    if (removed) return;
    log::failure(cat("remove container ", container->short_id(), " after its end"), removed.error());
    notify_removed(id, {.status_code = container->state.exit_code, .error = removed.error().message()});
}

}  // namespace tare::supervisor
