#include "cli/common/timestamp.h"

#include <cstdio>
#include <ctime>

#include "cli/common/duration.h"

namespace tare::cli {

namespace {

// Days since 1970-01-01 of a date of the Gregorian calendar.
std::int64_t days_of(std::int64_t year, unsigned month, unsigned day) {
    if (month <= 2) --year;
    std::int64_t era = (year >= 0 ? year : year - 399) / 400;
    auto year_of_era = static_cast<unsigned>(year - era * 400);
    unsigned day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + static_cast<std::int64_t>(day_of_era) - 719468;
}

// Reads fixed-width numbers and marks off the front of a text.
class Scanner {
  public:
    explicit Scanner(std::string_view rest) : rest_(rest) {}

    bool number(std::size_t digits, unsigned& out, unsigned least, unsigned most) {
        auto value = parse_integer<unsigned>(rest_.substr(0, digits));
        if (rest_.size() < digits || !value || *value < least || *value > most) return false;
        out = *value;
        rest_.remove_prefix(digits);
        return true;
    }
    bool mark(char c) {
        if (!rest_.starts_with(c)) return false;
        rest_.remove_prefix(1);
        return true;
    }
    bool at_end() const { return rest_.empty(); }
    // ".123": nanoseconds; further digits are dropped.
    bool fraction(std::int64_t& nanoseconds) {
        std::int64_t unit = 100'000'000;
        std::size_t digits = 0;
        for (; !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9'; rest_.remove_prefix(1), ++digits) {
            nanoseconds += (rest_[0] - '0') * unit;
            unit /= 10;
        }
        return digits > 0;
    }

  private:
    std::string_view rest_;
};

struct Civil {
    unsigned year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0;
    std::int64_t nanoseconds = 0;
    std::optional<std::int64_t> offset_seconds;  // nothing: local time
};

bool scan_offset(Scanner& scanner, Civil& out) {
    if (scanner.mark('Z') || scanner.mark('z')) {
        out.offset_seconds = 0;
        return true;
    }
    bool east = scanner.mark('+');
    if (!east && !scanner.mark('-')) return false;
    unsigned hours = 0;
    unsigned minutes = 0;
    if (!scanner.number(2, hours, 0, 23) || !scanner.mark(':') || !scanner.number(2, minutes, 0, 59))
        return false;
    auto seconds = static_cast<std::int64_t>(hours) * 3600 + minutes * 60;
    out.offset_seconds = east ? seconds : -seconds;
    return true;
}

// "2006-01-02", "2006-01-02T15:04", "…:05", "….999", each with or without a zone.
std::optional<Civil> scan_civil(std::string_view text) {
    Scanner scanner(text);
    Civil out;
    if (!scanner.number(4, out.year, 0, 9999) || !scanner.mark('-') || !scanner.number(2, out.month, 1, 12) ||
        !scanner.mark('-') || !scanner.number(2, out.day, 1, 31))
        return std::nullopt;
    if (scanner.mark('T') || scanner.mark('t')) {
        if (!scanner.number(2, out.hour, 0, 23)) return std::nullopt;
        if (scanner.mark(':') && !scanner.number(2, out.minute, 0, 59)) return std::nullopt;
        if (scanner.mark(':') && !scanner.number(2, out.second, 0, 60)) return std::nullopt;
        if (scanner.mark('.') && !scanner.fraction(out.nanoseconds)) return std::nullopt;
    }
    if (!scanner.at_end() && !scan_offset(scanner, out)) return std::nullopt;
    if (!scanner.at_end()) return std::nullopt;
    return out;
}

Timestamp timestamp_of(const Civil& civil) {
    std::int64_t seconds = days_of(civil.year, civil.month, civil.day) * 86400 +
                           static_cast<std::int64_t>(civil.hour) * 3600 + civil.minute * 60 + civil.second;
    if (civil.offset_seconds) return {seconds - *civil.offset_seconds, civil.nanoseconds};
    std::tm local{};
    local.tm_year = static_cast<int>(civil.year) - 1900;
    local.tm_mon = static_cast<int>(civil.month) - 1;
    local.tm_mday = static_cast<int>(civil.day);
    local.tm_hour = static_cast<int>(civil.hour);
    local.tm_min = static_cast<int>(civil.minute);
    local.tm_sec = static_cast<int>(civil.second);
    local.tm_isdst = -1;
    return {std::mktime(&local), civil.nanoseconds};
}

std::tm local_of(const Timestamp& time) {
    std::time_t seconds = time.seconds;
    std::tm out{};
    localtime_r(&seconds, &out);
    return out;
}

std::string strftime_of(const Timestamp& time, const char* format) {
    std::tm local = local_of(time);
    char buffer[96];
    std::size_t length = std::strftime(buffer, sizeof buffer, format, &local);
    return std::string(buffer, length);
}

// "Z" for UTC, else "+02:00".
std::string offset_of(const Timestamp& time) {
    long offset = local_of(time).tm_gmtoff;
    if (offset == 0) return "Z";
    char buffer[48];
    long minutes = (offset < 0 ? -offset : offset) / 60;
    std::snprintf(buffer, sizeof buffer, "%c%02ld:%02ld", offset < 0 ? '-' : '+', minutes / 60, minutes % 60);
    return buffer;
}

std::string unix_text(const Timestamp& time) {
    char buffer[48];
    std::snprintf(buffer, sizeof buffer, "%lld.%09lld", static_cast<long long>(time.seconds),
                  static_cast<long long>(time.nanoseconds));
    return buffer;
}

}  // namespace

Timestamp now() {
    std::timespec time{};
    std::timespec_get(&time, TIME_UTC);
    return {time.tv_sec, time.tv_nsec};
}

std::optional<Timestamp> parse_rfc3339(std::string_view text) {
    auto civil = scan_civil(text);
    if (!civil || !civil->offset_seconds) return std::nullopt;
    return timestamp_of(*civil);
}

std::string format_rfc3339_nano(const Timestamp& time) {
    char fraction[16];
    std::snprintf(fraction, sizeof fraction, ".%09lld", static_cast<long long>(time.nanoseconds));
    return cat(strftime_of(time, "%Y-%m-%dT%H:%M:%S"), fraction, offset_of(time));
}

std::string format_rfc3339(const Timestamp& time) {
    return cat(strftime_of(time, "%Y-%m-%dT%H:%M:%S"), offset_of(time));
}

std::string format_local(const Timestamp& time) {
    return strftime_of(time, "%Y-%m-%d %H:%M:%S %z %Z");
}

std::string format_ansi(const Timestamp& time) {
    return strftime_of(time, "%a %b %e %H:%M:%S %Y");
}

Result<std::string> parse_since(std::string_view text, const Timestamp& reference) {
    if (auto duration = parse_duration(text)) {
        constexpr std::int64_t kSecond = 1'000'000'000;
        Timestamp at{reference.seconds - duration->count() / kSecond,
                     reference.nanoseconds - duration->count() % kSecond};
        if (at.nanoseconds < 0) {
            at.nanoseconds += kSecond;
            --at.seconds;
        }
        if (at.nanoseconds >= kSecond) {
            at.nanoseconds -= kSecond;
            ++at.seconds;
        }
        return unix_text(at);
    }
    if (auto civil = scan_civil(text)) return unix_text(timestamp_of(*civil));
    auto [seconds, fraction] = cut(text, '.');
    bool is_unix =
        parse_integer<std::int64_t>(seconds) && (!fraction || parse_integer<std::uint64_t>(*fraction));
    if (is_unix) return std::string(text);
    return fail(ErrorKind::invalid_argument, "failed to parse value as time or duration: ", quote(text));
}

std::string time_ago(const Timestamp& time, const Timestamp& reference) {
    constexpr std::int64_t kMostSeconds = 9'000'000'000;  // what fits into nanoseconds
    std::int64_t seconds = reference.seconds - time.seconds;
    if (seconds > kMostSeconds) seconds = kMostSeconds;
    return cat(human_duration(std::chrono::seconds(seconds)), " ago");
}

}  // namespace tare::cli
