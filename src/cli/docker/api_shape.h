#pragma once

// The types of the Engine API's fields where JSON does not show them: which objects are maps, and
// what an absent field stands for. Templates of `inspect` and `info` need it.

#include <string_view>

#include "cli/common/go_format.h"

namespace tare::cli::docker {

/// The shape of an API field of that name (Engine API, definitions); unknown for other names.
Shape api_shape(std::string_view field);

}  // namespace tare::cli::docker
