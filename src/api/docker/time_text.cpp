#include "api/docker/time_text.h"

#include <array>
#include <cmath>
#include <utility>

#include "base/text.h"

namespace tare::docker {

namespace {

using namespace std::chrono_literals;

constexpr std::array<std::pair<std::string_view, double>, 8> kUnits{{
    {"ns", 1},
    {"us", 1e3},
    {"\u00b5s", 1e3},
    {"\u03bcs", 1e3},
    {"ms", 1e6},
    {"s", 1e9},
    {"m", 60e9},
    {"h", 3600e9},
}};

// "1136073600.5": seconds and a fraction of at most nine digits.
std::optional<Time> parse_unix(std::string_view text) {
    auto [whole, fraction] = cut(text, '.');
    auto seconds = parse_integer<std::int64_t>(whole);
    if (!seconds || *seconds > 9'000'000'000 || *seconds < -9'000'000'000) return std::nullopt;
    std::int64_t nanoseconds = 0;
    if (fraction) {
        std::string digits(fraction->substr(0, 9));
        digits.resize(9, '0');
        auto parsed = parse_integer<std::uint32_t>(digits);
        if (!parsed) return std::nullopt;
        nanoseconds = *parsed;
    }
    return Time(std::chrono::seconds(*seconds) + std::chrono::nanoseconds(nanoseconds));
}

// "2024-01-02", "2024-01-02T03:04", with or without a zone.
std::optional<Time> parse_date(std::string_view text) {
    if (auto time = parse_rfc3339(text)) return time;
    for (std::string_view rest : {"Z", ":00Z", ":00:00Z", "T00:00:00Z"})
        if (auto time = parse_rfc3339(cat(text, rest))) return time;
    return std::nullopt;
}

}  // namespace

std::string human_duration(std::chrono::nanoseconds duration) {
    auto seconds = static_cast<long long>(duration / 1s);
    auto minutes = static_cast<long long>(duration / 1min);
    auto hours = std::llround(std::chrono::duration<double, std::ratio<3600>>(duration).count());
    if (seconds < 1) return "Less than a second";
    if (seconds == 1) return "1 second";
    if (seconds < 60) return cat(seconds, " seconds");
    if (minutes == 1) return "About a minute";
    if (minutes < 60) return cat(minutes, " minutes");
    if (hours == 1) return "About an hour";
    if (hours < 48) return cat(hours, " hours");
    if (hours < 24 * 7 * 2) return cat(hours / 24, " days");
    if (hours < 24 * 30 * 2) return cat(hours / 24 / 7, " weeks");
    if (hours < 24 * 365 * 2) return cat(hours / 24 / 30, " months");
    return cat(duration / (24h * 365), " years");
}

std::optional<std::chrono::nanoseconds> parse_go_duration(std::string_view text) {
    double total = 0;
    bool is_negative = text.starts_with('-');
    if (is_negative) text.remove_prefix(1);
    if (text == "0") return std::chrono::nanoseconds(0);
    if (text.empty()) return std::nullopt;
    while (!text.empty()) {
        double number = 0;
        auto [end, error] =
            std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
        if (error != std::errc() || number < 0) return std::nullopt;
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        std::string_view unit = text.substr(0, text.find_first_of("0123456789."));
        double scale = 0;
        for (auto [name, nanoseconds] : kUnits)
            if (name == unit) scale = nanoseconds;
        if (scale == 0) return std::nullopt;
        total += number * scale;
        text.remove_prefix(unit.size());
    }
    if (total > 9e18) return std::nullopt;
    auto nanoseconds = std::chrono::nanoseconds(static_cast<std::int64_t>(total));
    return is_negative ? -nanoseconds : nanoseconds;
}

std::optional<Time> parse_time(std::string_view text, Time reference) {
    if (auto time = parse_unix(text)) return time;
    if (auto time = parse_date(text)) return time;
    if (auto duration = parse_go_duration(text)) return reference - *duration;
    return std::nullopt;
}

std::string format_log_time(Time time) {
    std::string text = format_rfc3339(time);
    text.pop_back();
    std::size_t dot = text.find('.');
    if (dot == std::string::npos) {
        dot = text.size();
        text += '.';
    }
    text.resize(dot + 10, '0');
    return text + "Z";
}

std::int64_t unix_seconds(Time time) {
    return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

}  // namespace tare::docker
