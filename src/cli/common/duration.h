#pragma once

// Spans of time as the Docker world writes them.

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tare::cli {

/// Go's duration syntax: "300ms", "-1.5h", "2h45m", "0". invalid_argument in Go's wording.
Result<std::chrono::nanoseconds> parse_duration(std::string_view text);
/// Go's Duration.String: "1h2m3.5s", "1.5ms", "0s".
std::string format_duration(std::chrono::nanoseconds duration);
/// Rounded for people: "Less than a second", "About an hour", "3 weeks".
std::string human_duration(std::chrono::nanoseconds duration);

}  // namespace tare::cli
