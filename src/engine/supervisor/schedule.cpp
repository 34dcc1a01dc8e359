#include "engine/supervisor/schedule.h"

namespace tare::supervisor {

Schedule::Schedule(int threads) {
    for (int i = 0; i < threads; ++i)
        threads_.emplace_back([this] { serve(); });
}

Schedule::~Schedule() {
    stop();
}

void Schedule::run(Work work) {
    run_after(Clock::duration::zero(), std::move(work));
}

Schedule::Timer Schedule::run_after(Clock::duration wait, Work work) {
    std::lock_guard lock(mutex_);
    if (stopped_) return 0;
    const Timer timer = ++last_;
    const auto due = Clock::now() + wait;
    waiting_.emplace(Due(due, timer), std::move(work));
    timers_.emplace(timer, due);
    changed_.notify_one();
    return timer;
}

bool Schedule::cancel(Timer timer) {
    std::lock_guard lock(mutex_);
    auto found = timers_.find(timer);
    if (found == timers_.end()) return false;
    waiting_.erase(Due(found->second, timer));
    timers_.erase(found);
    return true;
}

void Schedule::stop() {
    {
        std::lock_guard lock(mutex_);
        stopped_ = true;
        waiting_.clear();
        timers_.clear();
        changed_.notify_all();
    }
    for (std::thread& thread : threads_)
        if (thread.joinable()) thread.join();
}

void Schedule::serve() {
    std::unique_lock lock(mutex_);
    while (!stopped_) {
        if (waiting_.empty()) {
            changed_.wait(lock);
            continue;
        }
        const auto first = waiting_.begin();
        // A copy: while this thread waits, another may take the entry away.
        const Clock::time_point due = first->first.first;
        if (due > Clock::now()) {
            changed_.wait_until(lock, due);
            continue;
        }
        Work work = std::move(first->second);
        timers_.erase(first->first.second);
        waiting_.erase(first);
        // What else is due must not wait for this piece.
        if (!waiting_.empty()) changed_.notify_one();
        lock.unlock();
        work();
        work = nullptr;
        lock.lock();
    }
}

}  // namespace tare::supervisor
