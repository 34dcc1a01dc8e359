#pragma once

// The types of the Engine API's fields where JSON does not show them: which objects are maps, and
// what an absent field stands for. Templates of `inspect` and `info` need it.

#include <string_view>

#include "cli/common/go_format.h"

namespace tare::cli::docker {

/// The shape of an API field of that name (Engine API, definitions); unknown for other names.
Shape api_shape(std::string_view field);

/// The JSON name of a field that Go's API types spell otherwise ("ID" is "Id"); "" for other names.
std::string_view api_alias(std::string_view field);
/// True for JSON names that Go's types don't have: a template with one of them sees plain maps.
bool is_raw_name(std::string_view field);

}  // namespace tare::cli::docker
