#include "engine/supervisor/supervisor_impl.h"

namespace tare::supervisor {

using container::Status;

Result<> Supervisor::pause(const std::string& name_or_id) {
    ContainerRef container = TRY(impl_->find(name_or_id));
    LifeCycleLock lock = TRY(impl_->lock(*container));
    container = TRY(impl_->current(container->id));
    if (container->state.status == Status::paused)
        return fail(ErrorKind::failed_precondition, "Container ", container->id, " is already paused");
    if (container->state.status == Status::restarting)
        return fail(ErrorKind::failed_precondition, "Container ", container->id,
                    " is restarting, wait until the container is running");
    if (container->state.status != Status::running)
        return fail(ErrorKind::failed_precondition, "Container ", container->id, " is not running");
    TRY_CONTEXT(impl_->parts.tasks.pause(impl_->key(*container)),
                cat("cannot pause container ", container->id));
    container = TRY(impl_->change_state(
        container->id, [](container::ContainerState& state) { state.status = Status::paused; }));
    impl_->publish(*container, "pause");
    return {};
}

Result<> Supervisor::unpause(const std::string& name_or_id) {
    ContainerRef container = TRY(impl_->find(name_or_id));
    LifeCycleLock lock = TRY(impl_->lock(*container));
    container = TRY(impl_->current(container->id));
    if (container->state.status != Status::paused)
        return fail(ErrorKind::failed_precondition, "Container ", container->id, " is not paused");
    TRY_CONTEXT(impl_->parts.tasks.resume(impl_->key(*container)),
                cat("cannot unpause container ", container->id));
    container = TRY(impl_->change_state(
        container->id, [](container::ContainerState& state) { state.status = Status::running; }));
    impl_->publish(*container, "unpause");
    return {};
}

}  // namespace tare::supervisor
