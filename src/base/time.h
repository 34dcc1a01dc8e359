#pragma once

// Points in time of the calendar, as documents and the wire write them: RFC 3339 in UTC.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace tare {

/// A point in calendar time, to the nanosecond. For waits there is Deadline.
using Time = std::chrono::sys_time<std::chrono::nanoseconds>;

/// The clock of this machine.
Time now();

/// "2025-05-30T12:07:14.5Z": UTC, the fraction without trailing zeros (Go's RFC3339Nano).
std::string format_rfc3339(Time time);
/// The same with "0001-01-01T00:00:00Z" for a time that is not set, as Go writes it.
std::string format_rfc3339(const std::optional<Time>& time);

/// Reads RFC 3339 with any fraction and offset; nothing if it is none, or before 1678 or after 2262.
std::optional<Time> parse_rfc3339(std::string_view text);

}  // namespace tare
