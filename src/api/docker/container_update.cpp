// The verbs that change what a container is called and may use.

#include "api/docker/endpoints.h"
#include "engine/supervisor/supervisor.h"

namespace tare::docker {

Result<> container_rename(Call& call) {
    std::string name = call.query("name");
    if (name.starts_with('/')) name.erase(0, 1);
    TRY(call.parts.supervisor.rename(call.name(), name));
    return call.respond_empty(204);
}

Result<> container_update(Call& call) {
    Json document = TRY(call.body());
    auto request = TRY(container::parse_update_request(JsonView(document, "request")));
    auto warnings = TRY(call.parts.supervisor.update(call.name(), request));
    return call.respond(200, Json::object().set("Warnings", Json(warnings)));
}

}  // namespace tare::docker
