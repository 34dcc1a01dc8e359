#include "api/docker/endpoints.h"
#include "engine/supervisor/supervisor.h"

namespace tare::docker {

namespace {

// What older clients could not say, and mean by not saying it.
void apply_old_defaults(container::HostConfig& host, ApiVersion version) {
    if (version < ApiVersion{1, 40} && host.ipc_mode.empty()) host.ipc_mode = "shareable";
    if (version < ApiVersion{1, 41} && host.cgroupns_mode.empty()) host.cgroupns_mode = "host";
}

}  // namespace

Result<> container_create(Call& call) {
    Json document = TRY(call.body());
    supervisor::CreateRequest request;
    request.name = call.query("name");
    if (request.name.starts_with('/')) request.name.erase(0, 1);
    request.platform = call.query("platform");
    request.body = TRY(container::parse_create_request(JsonView(document, "request")));
    apply_old_defaults(request.body.host_config, call.version);
    supervisor::Created created = TRY(call.parts.supervisor.create(request));
    return call.respond(201, Json::object().set("Id", created.id).set("Warnings", Json(created.warnings)));
}

}  // namespace tare::docker
