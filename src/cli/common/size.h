#pragma once

// Sizes as the docker command reads and prints them.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tare::cli {

/// "512m", "1.5GiB", "100": bytes, base 1024 whatever the spelling. invalid_argument in Docker's
/// wording ("invalid size: 'x'").
Result<std::int64_t> parse_size(std::string_view text);

/// Base 1000 with at most `precision` significant digits: "1.98MB" (3), "1.984MB" (4).
std::string format_size(double bytes, int precision = 4);
/// Base 1024, four significant digits: "1.5GiB".
std::string format_size_binary(double bytes);

}  // namespace tare::cli
