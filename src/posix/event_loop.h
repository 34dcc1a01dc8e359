#pragma once

// One thread that waits for many things: descriptors and points in time, each with what is to be done.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "posix/epoll.h"

namespace tare::posix {

/// Calls back on the thread that runs it; every method belongs to that thread. A callback may do anything
/// to the loop, also forget its own descriptor.
class EventLoop {
  public:
    using Callback = std::function<void(const Epoll::Event&)>;
    using TimerId = std::uint64_t;

    static Result<std::unique_ptr<EventLoop>> open();

    /// Calls back whenever `fd` (not owned; it must be forgotten before it is closed) is ready, until it is
    /// forgotten. An end is reported even with Interest::end_only, once.
    Result<> watch(int fd, Interest interest, Callback callback);
    /// Waits for something else from now on.
    Result<> change(int fd, Interest interest);
    /// Unknown descriptors are passed over.
    void forget(int fd);

    /// Calls back once, not before `delay` has passed.
    TimerId after(Deadline::Clock::duration delay, std::function<void()> callback);
    /// An id that has fired already is passed over.
    void cancel(TimerId timer);
    /// Calls back once the present callbacks have returned: the place to destroy what is calling.
    void defer(std::function<void()> callback);

    /// Waits and calls back until stop().
    Result<> run();
    /// One round, waiting at most to the deadline.
    Result<> run_once(Deadline deadline);
    void stop() { is_stopped_ = true; }

  private:
    struct Watch {
        std::uint64_t token = 0;
        Interest interest = Interest::end_only;
        bool is_asleep = false;  ///< has reported and was not armed again yet
        bool has_ended = false;  ///< its end was reported; only for input it is armed again
        std::shared_ptr<Callback> callback;
    };
    explicit EventLoop(Epoll epoll) : epoll_(std::move(epoll)) {}
    void dispatch(const Epoll::Event& event);
    void run_timers();
    void run_deferred();

    Epoll epoll_;
    std::map<int, Watch> watches_;
    std::map<std::pair<Deadline::Clock::time_point, TimerId>, std::function<void()>> timers_;
    std::vector<std::function<void()>> deferred_;
    std::uint32_t generation_ = 0;
    TimerId next_timer_ = 1;
    bool is_stopped_ = false;
};

}  // namespace tare::posix
