#pragma once

// Order as people count: "a2" before "a10".

#include <string_view>

namespace tare::cli {

/// Runs of digits compare as numbers, everything else by bytes.
bool natural_less(std::string_view left, std::string_view right);

}  // namespace tare::cli
