#pragma once

// Work that has no caller to wait for it: exits, restarts after a while, probes. A few threads, and a
// clock that hands them what is due.

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace tare::supervisor {

class Schedule {
  public:
    using Work = std::function<void()>;
    using Clock = std::chrono::steady_clock;
    /// Names a timer; 0 names none.
    using Timer = std::uint64_t;

    explicit Schedule(int threads);
    /// Stops.
    ~Schedule();
    Schedule(const Schedule&) = delete;
    Schedule& operator=(const Schedule&) = delete;

    /// As soon as a thread is free, in this order. Dropped once stopped.
    void run(Work work);
    Timer run_after(Clock::duration wait, Work work);
    /// Whether it was still waiting. Work that has begun goes on.
    bool cancel(Timer timer);
    /// Drops what waits, and returns when what has begun is done. Not to be called by work.
    void stop();

  private:
    using Due = std::pair<Clock::time_point, Timer>;
    void serve();

    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<Due, Work> waiting_;
    std::map<Timer, Clock::time_point> timers_;
    Timer last_ = 0;
    bool stopped_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace tare::supervisor
