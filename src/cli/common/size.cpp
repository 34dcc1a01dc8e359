#include "cli/common/size.h"

#include <cstdio>

namespace tare::cli {

namespace {

Error invalid_size(std::string_view text) {
    return fail(ErrorKind::invalid_argument, "invalid size: '", text, '\'');
}

// %.{precision}g: a thousand of a unit becomes one of the next, as base/text's human_size does it
// for its fixed precision.
std::string scaled(double bytes, double base, const char* const* units, std::size_t unit_count,
                   int precision) {
    std::size_t unit = 0;
    while (bytes >= base && unit + 1 < unit_count) {
        bytes /= base;
        ++unit;
    }
    char buffer[64];
    std::snprintf(buffer, sizeof buffer, "%.*g%s", precision, bytes, units[unit]);
    return buffer;
}

}  // namespace

Result<std::int64_t> parse_size(std::string_view text) {
    std::size_t digits = text.find_first_not_of("0123456789.");
    std::string_view number = text.substr(0, digits);
    std::string_view unit = digits == std::string_view::npos ? "" : text.substr(digits);
    double value = 0;
    auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
    if (number.empty() || error != std::errc() || end != number.data() + number.size())
        return invalid_size(text);
    if (unit.starts_with(' ')) unit.remove_prefix(1);
    std::string lower = to_lower(unit);
    double factor = 1;
    if (!lower.empty() && lower != "b") {
        constexpr std::string_view kLetters = "kmgtp";
        std::size_t power = kLetters.find(lower[0]);
        std::string_view tail = std::string_view(lower).substr(1);
        if (power == std::string_view::npos || (!tail.empty() && tail != "b" && tail != "ib"))
            return fail(ErrorKind::invalid_argument, "invalid suffix: '", unit, '\'');
        for (std::size_t i = 0; i <= power; ++i)
            factor *= 1024;
    }
    value *= factor;
    if (value >= 9223372036854775808.0) return invalid_size(text);
    return static_cast<std::int64_t>(value);
}

std::string format_size(double bytes, int precision) {
    static constexpr const char* kUnits[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"};
    return scaled(bytes, 1000, kUnits, std::size(kUnits), precision);
}

std::string format_size_binary(double bytes) {
    static constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"};
    return scaled(bytes, 1024, kUnits, std::size(kUnits), 4);
}

}  // namespace tare::cli
