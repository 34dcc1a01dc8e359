#pragma once

#include <vector>

#include "base/json.h"
#include "cli/docker/container_row.h"

namespace tare::cli::docker {

/// What a list of images does with digests: nothing, a column, or rows of their own as well.
enum class Digests { hidden, shown, own_rows };

/// The rows of an image (an element of GET /images/json): one for each of its names.
std::vector<Json> image_rows(const Json& image, Digests digests, Truncate truncate);

}  // namespace tare::cli::docker
