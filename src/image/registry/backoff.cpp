#include "image/registry/backoff.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <mutex>

#include "base/text.h"

namespace tare::registry {

namespace {

std::optional<unsigned> month_of(std::string_view name) {
    constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    auto found = std::ranges::find(months, name);
    if (found == months.end()) return std::nullopt;
    return static_cast<unsigned>(found - months.begin()) + 1;
}

/// "Sun, 06 Nov 1994 08:49:37 GMT", the one form that servers send (RFC 9110, IMF-fixdate).
std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text) {
    auto words = split_words(text);
    if (words.size() != 6 || words[5] != "GMT") return std::nullopt;
    auto day = parse_integer<unsigned>(words[1]);
    auto month = month_of(words[2]);
    auto year = parse_integer<int>(words[3]);
    auto clock = split(words[4], ':');
    if (!day || !month || !year || clock.size() != 3) return std::nullopt;
    auto hours = parse_integer<unsigned>(clock[0]);
    auto minutes = parse_integer<unsigned>(clock[1]);
    auto seconds = parse_integer<unsigned>(clock[2]);
    auto date = std::chrono::year(*year) / std::chrono::month(*month) / std::chrono::day(*day);
    if (!hours || !minutes || !seconds || !date.ok()) return std::nullopt;
    return std::chrono::sys_days(date) + std::chrono::hours(*hours) + std::chrono::minutes(*minutes) +
           std::chrono::seconds(*seconds);
}

}  // namespace

std::optional<std::chrono::seconds> parse_retry_after(std::string_view header, std::chrono::sys_seconds now) {
    if (auto seconds = parse_integer<std::uint32_t>(header)) return std::chrono::seconds(*seconds);
    auto date = parse_http_date(header);
    if (!date) return std::nullopt;
    return std::max(*date - now, std::chrono::seconds(0));
}

Backoff::Backoff(const RegistryOptions& options)
    : attempts_(options.attempts),
      first_(options.first_backoff),
      longest_(options.longest_wait),
      random_(std::random_device()()) {}

std::chrono::milliseconds Backoff::next(std::string_view retry_after) {
    int doublings = std::min(attempt_ - 1, 16);
    ++attempt_;
    auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    if (auto asked = parse_retry_after(retry_after, now))
        return std::min<std::chrono::milliseconds>(*asked, longest_);
    auto full = std::min(first_ * (1 << doublings), longest_);
    std::uniform_int_distribution<long long> jitter(0, full.count() / 2);
    return full - std::chrono::milliseconds(jitter(random_));
}

Result<> wait_for(std::chrono::milliseconds time, const std::stop_token& cancel) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait_for(lock, cancel, time, [] { return false; });
    if (cancel.stop_requested()) return fail(ErrorKind::cancelled, "context canceled");
    return {};
}

}  // namespace tare::registry
