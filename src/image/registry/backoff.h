#pragma once

// How long to wait before a request is tried again.

#include <chrono>
#include <optional>
#include <random>
#include <stop_token>
#include <string_view>

#include "base/result.h"
#include "image/registry/registry.h"

namespace tare::registry {

/// The tries of one request: doubling waits with jitter, or what the server asked for. Used by one thread.
class Backoff {
  public:
    explicit Backoff(const RegistryOptions& options);

    /// Whether there is another try.
    bool may_retry() const { return attempt_ < attempts_; }
    /// The wait before the next try: `retry_after` (a Retry-After header: seconds or a date) if it can be
    /// read, at most the options' longest; else the doubled wait, half of it random.
    std::chrono::milliseconds next(std::string_view retry_after = {});
    /// Progress was made: the tries begin anew.
    void reset() { attempt_ = 1; }

  private:
    const int attempts_;
    const std::chrono::milliseconds first_;
    const std::chrono::milliseconds longest_;
    int attempt_ = 1;
    std::minstd_rand random_;
};

/// Sleeps; `cancelled` as soon as the cancel comes.
Result<> wait_for(std::chrono::milliseconds time, const std::stop_token& cancel);

/// The seconds of a Retry-After header, 0 for a date in the past, nothing if it cannot be read.
std::optional<std::chrono::seconds> parse_retry_after(std::string_view header, std::chrono::sys_seconds now);

}  // namespace tare::registry
