#pragma once

// How long a wait may take. Every wait on another process, a registry or a disk has one.

#include <algorithm>
#include <chrono>

namespace tare {

/// A point in (monotonic) time after which a wait gives up; `never()` for waits that only a cancel
/// or the other side ends.
class Deadline {
  public:
    using Clock = std::chrono::steady_clock;

    static Deadline never() { return Deadline(Clock::time_point::max()); }
    static Deadline after(Clock::duration duration) { return Deadline(Clock::now() + duration); }

    bool is_never() const { return at_ == Clock::time_point::max(); }
    bool has_passed() const { return !is_never() && Clock::now() >= at_; }
    Clock::time_point time_point() const { return at_; }
    /// What is left for poll(2): -1 for never, 0 once passed, rounded up so that no wait spins.
    int poll_timeout_ms() const {
        if (is_never()) return -1;
        auto left = std::chrono::ceil<std::chrono::milliseconds>(at_ - Clock::now()).count();
        return static_cast<int>(std::clamp<long long>(left, 0, 1'000'000'000));
    }

  private:
    explicit Deadline(Clock::time_point at) : at_(at) {}
    Clock::time_point at_;
};

}  // namespace tare
