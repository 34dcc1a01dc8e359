#pragma once

// `--platform`.

#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace tare::cli::docker {

/// "linux/arm64/v8" as {"os": …, "architecture": …, "variant": …}; a lone architecture means linux.
Result<Json> parse_platform_option(std::string_view option);

}  // namespace tare::cli::docker
