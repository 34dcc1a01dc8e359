#include "engine/supervisor/supervisor_impl.h"

namespace tare::supervisor {

Result<> Supervisor::rename(const std::string& name_or_id, const std::string& new_name) {
    ContainerRef container = TRY(impl_->find(name_or_id));
    LifeCycleLock lock = TRY(impl_->lock(*container));
    const std::string old_name = TRY(impl_->current(container->id))
    ->name;
    container = TRY(impl_->parts.containers.rename(impl_->row(container->id), new_name));
    impl_->publish(*container, "rename", {{"oldName", "/" + old_name}});
    return {};
}

}  // namespace tare::supervisor
