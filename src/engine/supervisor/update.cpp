#include "engine/container/spec.h"
#include "engine/container/validate.h"
#include "engine/supervisor/supervisor_impl.h"

namespace tare::supervisor {

Result<std::vector<std::string>> Supervisor::update(const std::string& name_or_id,
                                                    const container::UpdateRequest& request) {
    ContainerRef container = TRY(impl_->find(name_or_id));
    LifeCycleLock lock = TRY(impl_->lock(*container));
    container = TRY(impl_->current(container->id));
    if (container->state.status == container::Status::removing ||
        container->state.status == container::Status::dead)
        return fail(ErrorKind::failed_precondition,
                    "container is marked for removal and cannot be \"update\"");
    container::HostConfig changed = container->host_config;
    changed.resources =
        TRY(container::check_update(container->host_config.resources, request, impl_->parts.host));
    if (request.restart_policy) {
        TRY(container::check_restart_policy(*request.restart_policy, changed.auto_remove));
        changed.restart_policy = *request.restart_policy;
    }
    if (container->state.is_running() && changed.resources != container->host_config.resources) {
        const oci::LinuxResources limits = TRY(container::build_resources(changed, impl_->parts.host));
        TRY_CONTEXT(impl_->parts.tasks.update(impl_->key(*container), limits),
                    cat("Cannot update container ", container->id));
    }
    container = TRY(impl_->parts.containers.update(impl_->row(container->id),
                                                   [&](Container& it) { it.host_config = changed; }));
    impl_->publish(*container, "update");
    return std::vector<std::string>();
}

}  // namespace tare::supervisor
