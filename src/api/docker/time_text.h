#pragma once

// Times and spans as the Engine API writes and reads them.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace tare::docker {

/// "Less than a second", "About an hour", "3 weeks": as `docker ps` shows ages.
std::string human_duration(std::chrono::nanoseconds duration);

/// Go's duration syntax: "300ms", "1.5h", "2h45m".
std::optional<std::chrono::nanoseconds> parse_go_duration(std::string_view text);

/// A query's `since` and `until`: "1136073600", "1136073600.000000001", RFC 3339, a date, or a Go duration
/// before `reference`. Nothing if it is none of these.
std::optional<Time> parse_time(std::string_view text, Time reference);

/// RFC 3339 in UTC with nine digits, as log lines are stamped.
std::string format_log_time(Time time);

std::int64_t unix_seconds(Time time);

}  // namespace tare::docker
