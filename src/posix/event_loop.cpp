#include "posix/event_loop.h"

#include <algorithm>
#include <array>

#include "base/log.h"

namespace tare::posix {

namespace {

// The descriptor in the low half; what has the same number later differs in the high half.
std::uint64_t token_of(int fd, std::uint32_t generation) {
    return (std::uint64_t{generation} << 32) | static_cast<std::uint32_t>(fd);
}

int descriptor_of(std::uint64_t token) {
    return static_cast<int>(static_cast<std::uint32_t>(token));
}

}  // namespace

Result<std::unique_ptr<EventLoop>> EventLoop::open() {
    return std::unique_ptr<EventLoop>(new EventLoop(TRY(Epoll::open())));
}

Result<> EventLoop::watch(int fd, Interest interest, Callback callback) {
    std::uint64_t token = token_of(fd, ++generation_);
    TRY(epoll_.add(fd, interest, token));
    watches_[fd] = {.token = token,
                    .interest = interest,
                    .is_asleep = false,
                    .has_ended = false,
                    .callback = std::make_shared<Callback>(std::move(callback))};
    return {};
}

Result<> EventLoop::change(int fd, Interest interest) {
    auto found = watches_.find(fd);
    if (found == watches_.end())
        return fail(ErrorKind::internal, "change the watch of descriptor ", fd, ": it is not watched");
    Watch& watch = found->second;
    if (watch.interest == interest && !watch.is_asleep) return {};
    watch.interest = interest;
    // Inside its own callback it is armed when that returns; and an end that was told once is not waited
    // for again, since it would be told for ever.
    if (watch.is_asleep && (!watch.has_ended || interest == Interest::end_only)) return {};
    watch.is_asleep = false;
    return epoll_.arm(fd, interest, watch.token);
}

void EventLoop::forget(int fd) {
    if (watches_.erase(fd) == 0) return;
    (void)epoll_.remove(fd);  // a descriptor that is broken has left by itself
}

EventLoop::TimerId EventLoop::after(Deadline::Clock::duration delay, std::function<void()> callback) {
    TimerId id = next_timer_++;
    timers_.emplace(std::pair(Deadline::Clock::now() + delay, id), std::move(callback));
    return id;
}

void EventLoop::cancel(TimerId timer) {
    std::erase_if(timers_, [timer](auto& entry) { return entry.first.second == timer; });
}

void EventLoop::defer(std::function<void()> callback) {
    deferred_.push_back(std::move(callback));
}

void EventLoop::dispatch(const Epoll::Event& event) {
    int fd = descriptor_of(event.token);
    auto found = watches_.find(fd);
    if (found == watches_.end() || found->second.token != event.token) return;
    found->second.is_asleep = true;
    found->second.has_ended = event.has_ended;
    // Kept alive while it runs, also if it forgets itself.
    auto callback = found->second.callback;
    (*callback)(event);
    found = watches_.find(fd);
    if (found == watches_.end() || found->second.token != event.token || !found->second.is_asleep) return;
    // An end is reported without being asked for, and would be for ever.
    if (found->second.has_ended && found->second.interest == Interest::end_only) return;
    found->second.is_asleep = false;
    if (auto armed = epoll_.arm(fd, found->second.interest, event.token); !armed)
        log::failure("event loop", armed.error());
}

void EventLoop::run_timers() {
    auto now = Deadline::Clock::now();
    while (!timers_.empty() && timers_.begin()->first.first <= now) {
        auto callback = std::move(timers_.begin()->second);
        timers_.erase(timers_.begin());
        callback();
    }
}

void EventLoop::run_deferred() {
    while (!deferred_.empty()) {
        auto batch = std::exchange(deferred_, {});
        for (auto& callback : batch)
            callback();
    }
}

Result<> EventLoop::run_once(Deadline deadline) {
    std::array<Epoll::Event, 64> events;
    run_deferred();
    if (is_stopped_) return {};
    auto until = deadline.time_point();
    if (!timers_.empty()) until = std::min(until, timers_.begin()->first.first);
    bool is_endless = until == Deadline::Clock::time_point::max();
    std::size_t count = TRY(epoll_.wait(
        events, is_endless ? Deadline::never() : Deadline::after(until - Deadline::Clock::now())));
    for (std::size_t i = 0; i < count && !is_stopped_; ++i)
        dispatch(events[i]);
    run_timers();
    run_deferred();
    return {};
}

Result<> EventLoop::run() {
    is_stopped_ = false;
    while (!is_stopped_)
        TRY(run_once(Deadline::never()));
    return {};
}

}  // namespace tare::posix
