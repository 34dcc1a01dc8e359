#include "api/docker/endpoints.h"
#include "api/docker/filters.h"
#include "engine/supervisor/supervisor.h"

namespace tare::docker {

Result<> container_remove(Call& call) {
    if (call.query_flag("link"))
        return fail(ErrorKind::unimplemented,
                    "removing a link alone is not served: it goes with the container that has it");
    TRY(call.parts.supervisor.remove(call.name(),
                                     {.force = call.query_flag("force"), .volumes = call.query_flag("v")}));
    return call.respond_empty(204);
}

Result<> container_prune(Call& call) {
    Filters filters = TRY(Filters::parse(call.query("filters")));
    TRY(filters.allow_only({"label", "label!", "until"}));
    auto until = TRY(filters.until(now()));
    auto report = TRY(call.parts.supervisor.prune([&](const container::Container& container) {
        return filters.accepts_labels(container.config.labels) && (!until || container.created < *until);
    }));
    Json removed = report.removed.empty() ? Json() : Json(report.removed);
    return call.respond(200, Json::object()
                                 .set("ContainersDeleted", std::move(removed))
                                 .set("SpaceReclaimed", report.reclaimed_bytes));
}

}  // namespace tare::docker
