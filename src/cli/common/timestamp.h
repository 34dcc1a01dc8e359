#pragma once

// Points in time as the Engine API writes them and as people read them.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tare::cli {

/// A point in time: seconds since 1970 and nanoseconds below a second.
struct Timestamp {
    std::int64_t seconds = 0;
    std::int64_t nanoseconds = 0;
    auto operator<=>(const Timestamp&) const = default;
};

/// The clock of this machine.
Timestamp now();

/// RFC 3339 with any fraction ("2025-05-30T12:07:14.5Z"); nothing if it is none.
std::optional<Timestamp> parse_rfc3339(std::string_view text);
/// "2025-05-30T12:07:14.000000000Z" in this machine's zone, nine digits (RFC3339Nano padded).
std::string format_rfc3339_nano(const Timestamp& time);
/// "2025-05-30 12:07:14 +0000 UTC" in this machine's zone: Go's Time.String without a fraction.
std::string format_local(const Timestamp& time);
/// "Fri May 30 12:07:14 2025" in this machine's zone: C's asctime.
std::string format_ansi(const Timestamp& time);
/// "2025-05-30T12:07:14Z" or with an offset, in this machine's zone.
std::string format_rfc3339(const Timestamp& time);

/// `--since`, `--until`: a Unix time ("1136073600.5"), a date or time in several precisions with or
/// without zone, or a Go duration before `reference` ("42m"). The text that the API takes:
/// "seconds.nanoseconds" or the text itself where it already is a Unix time.
Result<std::string> parse_since(std::string_view text, const Timestamp& reference);

/// "About an hour ago", "" for the zero time.
std::string time_ago(const Timestamp& time, const Timestamp& reference);

}  // namespace tare::cli
