#pragma once

// Progress of several threads as one stream, not faster than anybody reads.

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "image/transfer/progress.h"

namespace tare::transfer {

/// Thread-safe; borrows the sink, which may be absent.
class Reporter {
  public:
    explicit Reporter(ProgressSink* sink) : sink_(sink) {}

    void line(std::string_view id, std::string_view status);
    /// A count; passed on at most ten times a second an id, but always when it is whole.
    void count(std::string_view id, std::string_view status, std::uint64_t current_bytes,
               std::uint64_t total_bytes);

  private:
    ProgressSink* sink_;
    std::mutex mutex_;  ///< guards the sink and shown_
    std::map<std::string, std::chrono::steady_clock::time_point, std::less<>> shown_;
};

}  // namespace tare::transfer
