#include "api/docker/container_json.h"
#include "api/docker/container_size.h"
#include "api/docker/endpoints.h"
#include "engine/container/apparmor.h"
#include "engine/container/containers.h"
#include "engine/container/links.h"
#include "engine/container/security_options.h"
#include "engine/supervisor/supervisor.h"

namespace tare::docker {

Result<> container_inspect(Call& call) {
    auto container = TRY(call.parts.containers.find(call.parts.name_space, call.name()));
    std::optional<ContainerSize> size;
    if (call.query_flag("size")) size = TRY(size_of(call.parts, *container));
    container::Container shown = *container;
    shown.host_config.links = container::shown_links(call.parts.containers, *container);
    Json document =
        inspect_document(shown, call.parts.supervisor.exec_ids(container->id), size, call.version);
    auto options = container::parse_security_options(shown.host_config.security_options, call.parts.host);
    document.set("AppArmorProfile",
                 container::apparmor_profile_of(options ? options->apparmor : "",
                                                shown.host_config.privileged, call.parts.host));
    return call.respond(200, document);
}

}  // namespace tare::docker
