#pragma once

// What the API shows of a container: the document of inspect and the line of a list.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/docker/version.h"
#include "base/json.h"
#include "base/time.h"
#include "engine/container/container.h"

namespace tare::docker {

/// Bytes of the writable layer, and of it and the image together.
struct ContainerSize {
    std::uint64_t writable_bytes = 0;
    std::uint64_t total_bytes = 0;
};

/// GET /containers/{id}/json, in the order of dockerd's fields.
Json inspect_document(const container::Container& container, const std::vector<std::string>& exec_ids,
                      std::optional<ContainerSize> size, ApiVersion version);

/// An element of GET /containers/json. `image_name` is the name that still stands for the image, else its
/// id.
Json summary_document(const container::Container& container, const std::string& image_name,
                      std::optional<ContainerSize> size, ApiVersion version, Time now);

/// "Up 2 hours (healthy)", "Exited (0) 5 minutes ago", "Created".
std::string status_text(const container::ContainerState& state, Time now);

/// `Ports` of a list: one entry for each published port, and each exposed one that is not.
Json port_list(const container::Container& container);

}  // namespace tare::docker
