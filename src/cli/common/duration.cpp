#include "cli/common/duration.h"

#include <array>
#include <cstdint>
#include <utility>

namespace tare::cli {

namespace {

constexpr std::array<std::pair<std::string_view, std::int64_t>, 8> kUnits{{
    {"ns", 1},
    {"us", 1'000},
    {"µs", 1'000},
    {"μs", 1'000},
    {"ms", 1'000'000},
    {"s", 1'000'000'000},
    {"m", 60'000'000'000},
    {"h", 3'600'000'000'000},
}};

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// One "12.5h" taken from the front of `rest`, in nanoseconds.
Result<std::int64_t> take_part(std::string_view& rest, std::string_view whole) {
    Error invalid = fail(ErrorKind::invalid_argument, "time: invalid duration ", quote(whole));
    std::int64_t integer = 0;
    std::int64_t fraction = 0;
    std::int64_t scale = 1;
    std::size_t at = 0;
    for (; at < rest.size() && is_digit(rest[at]); ++at)
        if (__builtin_mul_overflow(integer, 10, &integer) ||
            __builtin_add_overflow(integer, rest[at] - '0', &integer))
            return invalid;
    bool has_digits = at > 0;
    if (at < rest.size() && rest[at] == '.') {
        for (++at; at < rest.size() && is_digit(rest[at]); ++at) {
            has_digits = true;
            if (scale >= 1'000'000'000'000) continue;  // finer than any unit shows
            fraction = fraction * 10 + (rest[at] - '0');
            scale *= 10;
        }
    }
    if (!has_digits) return invalid;
    rest.remove_prefix(at);
    std::size_t length = 0;
    while (length < rest.size() && rest[length] != '.' && !is_digit(rest[length]))
        ++length;
    std::string_view unit = rest.substr(0, length);
    if (unit.empty())
        return fail(ErrorKind::invalid_argument, "time: missing unit in duration ", quote(whole));
    rest.remove_prefix(length);
    for (auto [name, nanoseconds] : kUnits) {
        if (name != unit) continue;
        std::int64_t total = 0;
        if (__builtin_mul_overflow(integer, nanoseconds, &total)) return invalid;
        auto part =
            static_cast<std::int64_t>(static_cast<long double>(fraction) / static_cast<long double>(scale) *
                                      static_cast<long double>(nanoseconds));
        if (__builtin_add_overflow(total, part, &total)) return invalid;
        return total;
    }
    return fail(ErrorKind::invalid_argument, "time: unknown unit ", quote(unit), " in duration ",
                quote(whole));
}

// "1.5" for 1500 of 1000, without trailing zeros.
std::string decimal(std::uint64_t value, std::uint64_t unit) {
    std::string out = cat(value / unit);
    std::uint64_t rest = value % unit;
    if (rest == 0) return out;
    out += '.';
    while (rest != 0) {
        rest *= 10;
        out += static_cast<char>('0' + rest / unit);
        rest %= unit;
    }
    return out;
}

}  // namespace

Result<std::chrono::nanoseconds> parse_duration(std::string_view text) {
    std::string_view rest = text;
    bool negative = rest.starts_with('-');
    if (negative || rest.starts_with('+')) rest.remove_prefix(1);
    if (rest == "0") return std::chrono::nanoseconds(0);
    if (rest.empty()) return fail(ErrorKind::invalid_argument, "time: invalid duration ", quote(text));
    std::int64_t total = 0;
    while (!rest.empty())
        if (__builtin_add_overflow(total, TRY(take_part(rest, text)), &total))
            return fail(ErrorKind::invalid_argument, "time: invalid duration ", quote(text));
    return std::chrono::nanoseconds(negative ? -total : total);
}

std::string format_duration(std::chrono::nanoseconds duration) {
    auto count = duration.count();
    if (count == 0) return "0s";
    std::string sign = count < 0 ? "-" : "";
    auto value = count < 0 ? ~static_cast<std::uint64_t>(count) + 1 : static_cast<std::uint64_t>(count);
    if (value < 1'000) return cat(sign, value, "ns");
    if (value < 1'000'000) return cat(sign, decimal(value, 1'000), "µs");
    if (value < 1'000'000'000) return cat(sign, decimal(value, 1'000'000), "ms");
    std::uint64_t minutes = value / 60'000'000'000;
    std::string seconds = cat(decimal(value % 60'000'000'000, 1'000'000'000), 's');
    if (minutes == 0) return cat(sign, seconds);
    if (minutes < 60) return cat(sign, minutes, 'm', seconds);
    return cat(sign, minutes / 60, 'h', minutes % 60, 'm', seconds);
}

std::string human_duration(std::chrono::nanoseconds duration) {
    auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration).count();
    if (seconds < 1) return "Less than a second";
    if (seconds == 1) return "1 second";
    if (seconds < 60) return cat(seconds, " seconds");
    auto minutes = seconds / 60;
    if (minutes == 1) return "About a minute";
    if (minutes < 60) return cat(minutes, " minutes");
    // Hours round to the nearest, as Docker's do: 1.5 hours already are "2 hours".
    auto hours = (seconds + 1800) / 3600;
    if (hours == 1) return "About an hour";
    if (hours < 48) return cat(hours, " hours");
    if (hours < 24 * 7 * 2) return cat(hours / 24, " days");
    if (hours < 24 * 30 * 2) return cat(hours / 24 / 7, " weeks");
    if (hours < 24 * 365 * 2) return cat(hours / 24 / 30, " months");
    return cat(seconds / 3600 / 24 / 365, " years");
}

}  // namespace tare::cli
