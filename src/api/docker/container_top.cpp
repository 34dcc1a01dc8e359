#include "api/docker/endpoints.h"
#include "engine/container/rootfs.h"
#include "engine/supervisor/supervisor.h"

namespace tare::docker {

Result<> container_top(Call& call) {
    auto table = TRY(call.parts.supervisor.top(call.name(), call.query("ps_args")));
    Json processes = Json::array();
    for (const auto& process : table.processes)
        processes.push(Json(process));
    return call.respond(
        200, Json::object().set("Titles", Json(table.titles)).set("Processes", std::move(processes)));
}

Result<> container_changes(Call& call) {
    auto files = TRY(call.parts.supervisor.prepare_files(call.name()));
    auto changes = TRY(container::changes(*files.container, call.parts.snapshotter));
    if (changes.empty()) return call.respond(200, Json());
    Json list = Json::array();
    for (const layer::Change& change : changes)
        // 0 modified, 1 added, 2 deleted: the order of ChangeKind.
        list.push(Json::object().set("Path", change.path).set("Kind", static_cast<int>(change.kind)));
    return call.respond(200, list);
}

}  // namespace tare::docker
