#pragma once

#include "base/json.h"

namespace tare::cli::docker {

/// Whether ids and long texts are cut for a table.
enum class Truncate { no, yes };

/// The row of a container (an element of GET /containers/json) in `ps` and `system df -v`.
Json container_row(const Json& container, Truncate truncate);

}  // namespace tare::cli::docker
