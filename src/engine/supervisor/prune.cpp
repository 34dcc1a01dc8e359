#include "base/log.h"
#include "engine/supervisor/supervisor_impl.h"
#include "image/snapshot/snapshotter.h"

namespace tare::supervisor {

Result<PruneReport> Supervisor::prune(const std::function<bool(const Container&)>& selects) {
    PruneReport report;
    for (const ContainerRef& container : impl_->parts.containers.list(impl_->parts.space)) {
        const bool is_up =
            container->state.is_running() || container->state.status == container::Status::restarting;
        if (is_up || !selects(*container)) continue;
        auto usage = impl_->parts.snapshotter.usage(container->snapshot_key);
        auto removed = remove(container->id);
        if (!removed) {
            log::failure(cat("prune container ", container->short_id()), removed.error(),
                         log::Level::warning);
            continue;
        }
        report.removed.push_back(container->id);
        if (usage) report.reclaimed_bytes += usage->size_bytes;
    }
    if (!report.removed.empty())
        impl_->parts.events.publish({.name_space = impl_->parts.space,
                                     .type = "container",
                                     .action = "prune",
                                     .attributes = {{"reclaimed", cat(report.reclaimed_bytes)}}});
    return report;
}

}  // namespace tare::supervisor
