#pragma once

// `docker ps --filter`: which containers a list shows.

#include <functional>
#include <memory>
#include <vector>

#include "api/docker/filters.h"
#include "engine/container/containers.h"

namespace tare::docker {

struct ListQuery {
    bool all = false;       ///< also those that do not run
    std::size_t limit = 0;  ///< of the newest; 0: no limit
    Filters filters;
};

/// What a filter may have to look up.
struct Lookup {
    std::function<Result<container::ContainerRef>(const std::string& reference)> container;
    /// The ids of the images that a name stands for, and of those that are made of them; empty if unknown.
    std::function<std::vector<std::string>(const std::string& reference)> image_ids;
};

/// The containers of `all` (the newest first) that the query asks for, in their order. invalid_argument for
/// an unknown filter or value, not_found for an unknown container of `since` and `before`.
Result<std::vector<container::ContainerRef>> select(const std::vector<container::ContainerRef>& all,
                                                    const ListQuery& query, const Lookup& lookup);

}  // namespace tare::docker
