#include "base/time.h"

#include <cstdint>

#include "base/text.h"

namespace tare {

namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;

void append_padded(std::string& out, std::uint64_t number, std::size_t width) {
    std::string digits = cat(number);
    if (digits.size() < width) out.append(width - digits.size(), '0');
    out += digits;
}

// The digits of a fixed-width field; advances `text` past it.
std::optional<unsigned> take_digits(std::string_view& text, std::size_t width) {
    if (text.size() < width) return std::nullopt;
    auto value = parse_integer<unsigned>(text.substr(0, width));
    if (value) text.remove_prefix(width);
    return value;
}

bool take(std::string_view& text, char expected) {
    if (text.empty() || text[0] != expected) return false;
    text.remove_prefix(1);
    return true;
}

std::optional<std::chrono::sys_days> take_date(std::string_view& text) {
    auto year = take_digits(text, 4);
    if (!year || !take(text, '-')) return std::nullopt;
    auto month = take_digits(text, 2);
    if (!month || !take(text, '-')) return std::nullopt;
    auto day = take_digits(text, 2);
    if (!day) return std::nullopt;
    std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)), std::chrono::month(*month),
                                     std::chrono::day(*day)};
    // What nanoseconds of 64 bits can hold.
    if (!date.ok() || *year < 1678 || *year > 2261) return std::nullopt;
    return std::chrono::sys_days(date);
}

std::optional<nanoseconds> take_clock(std::string_view& text) {
    auto hour = take_digits(text, 2);
    if (!hour || *hour > 23 || !take(text, ':')) return std::nullopt;
    auto minute = take_digits(text, 2);
    if (!minute || *minute > 59 || !take(text, ':')) return std::nullopt;
    auto second = take_digits(text, 2);
    if (!second || *second > 60) return std::nullopt;
    nanoseconds clock = hours(*hour) + minutes(*minute) + seconds(*second);
    if (!take(text, '.')) return clock;
    std::int64_t unit = 100'000'000;
    std::size_t digits = 0;
    for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1), ++digits, unit /= 10)
        clock += nanoseconds((text[0] - '0') * unit);
    if (digits == 0) return std::nullopt;
    return clock;
}

std::optional<minutes> take_offset(std::string_view& text) {
    if (take(text, 'Z') || take(text, 'z')) return minutes(0);
    if (text.empty() || (text[0] != '+' && text[0] != '-')) return std::nullopt;
    const int sign = text[0] == '-' ? -1 : 1;
    text.remove_prefix(1);
    auto hour = take_digits(text, 2);
    if (!hour || *hour > 23 || !take(text, ':')) return std::nullopt;
    auto minute = take_digits(text, 2);
    if (!minute || *minute > 59) return std::nullopt;
    return minutes(sign * static_cast<int>(*hour * 60 + *minute));
}

}  // namespace

Time now() {
    return std::chrono::time_point_cast<nanoseconds>(std::chrono::system_clock::now());
}

std::string format_rfc3339(Time time) {
    const auto day = std::chrono::floor<days>(time);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(time - day);
    std::string out;
    append_padded(out, static_cast<std::uint64_t>(static_cast<int>(date.year())), 4);
    out += '-';
    append_padded(out, static_cast<unsigned>(date.month()), 2);
    out += '-';
    append_padded(out, static_cast<unsigned>(date.day()), 2);
    out += 'T';
    append_padded(out, static_cast<std::uint64_t>(clock.hours().count()), 2);
    out += ':';
    append_padded(out, static_cast<std::uint64_t>(clock.minutes().count()), 2);
    out += ':';
    append_padded(out, static_cast<std::uint64_t>(clock.seconds().count()), 2);
    if (clock.subseconds().count() != 0) {
        out += '.';
        append_padded(out, static_cast<std::uint64_t>(clock.subseconds().count()), 9);
        out.erase(out.find_last_not_of('0') + 1);
    }
    return out += 'Z';
}

std::string format_rfc3339(const std::optional<Time>& time) {
    return time ? format_rfc3339(*time) : "0001-01-01T00:00:00Z";
}

std::optional<Time> parse_rfc3339(std::string_view text) {
    auto date = take_date(text);
    if (!date || text.empty() || (text[0] != 'T' && text[0] != 't')) return std::nullopt;
    text.remove_prefix(1);
    auto clock = take_clock(text);
    if (!clock) return std::nullopt;
    auto offset = take_offset(text);
    if (!offset || !text.empty()) return std::nullopt;
    return Time(*date) + *clock - *offset;
}

}  // namespace tare
