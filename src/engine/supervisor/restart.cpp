#include "engine/supervisor/supervisor_impl.h"

namespace tare::supervisor {

Result<> Supervisor::restart(const std::string& name_or_id, const StopOptions& options) {
    ContainerRef container = TRY(impl_->find(name_or_id));
    LiveRef entry = impl_->live(container->id);
    auto keep = [&](bool keeps) {
        std::lock_guard lock(entry->mutex);
        entry->keeps_on_exit = keeps;
    };
    keep(true);
    auto stopped = impl_->stop(container, options);
    keep(false);
    if (!stopped) return std::move(stopped.error());
    TRY(start(container->id));
    impl_->publish(*TRY(impl_->current(container->id)), "restart");
    return {};
}

}  // namespace tare::supervisor
