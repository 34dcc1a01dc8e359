#pragma once

#include "api/docker/container_json.h"
#include "api/docker/service.h"

namespace tare::docker {

/// What a container takes on disk; walks its writable layer.
Result<ContainerSize> size_of(const Parts& parts, const container::Container& container);

}  // namespace tare::docker
