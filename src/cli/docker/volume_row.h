#pragma once

#include "base/json.h"

namespace tare::cli::docker {

/// The row of a volume in `volume ls` and `system df -v`.
Json volume_row(const Json& volume);

}  // namespace tare::cli::docker
