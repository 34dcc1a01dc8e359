#include "api/docker/container_json.h"
#include "api/docker/container_size.h"
#include "api/docker/endpoints.h"
#include "engine/container/containers.h"
#include "engine/container/links.h"
#include "engine/supervisor/supervisor.h"

namespace tare::docker {

Result<> container_inspect(Call& call) {
    auto container = TRY(call.parts.containers.find(call.parts.name_space, call.name()));
    std::optional<ContainerSize> size;
    if (call.query_flag("size")) size = TRY(size_of(call.parts, *container));
    container::Container shown = *container;
    shown.host_config.links = container::shown_links(call.parts.containers, *container);
    return call.respond(
        200, inspect_document(shown, call.parts.supervisor.exec_ids(container->id), size, call.version));
}

}  // namespace tare::docker
