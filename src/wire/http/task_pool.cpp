#include "wire/http/task_pool.h"

#include <chrono>
#include <system_error>
#include <thread>

#include "base/log.h"

namespace tare::http {

namespace {

// Long enough that a script's requests find a thread, short enough that a quiet daemon has none.
constexpr auto kIdleTime = std::chrono::seconds(10);

}  // namespace

TaskPool::~TaskPool() {
    std::unique_lock lock(mutex_);
    is_closed_ = true;
    tasks_.clear();
    has_task_.notify_all();
    thread_ended_.wait(lock, [&] { return threads_ == 0; });
}

void TaskPool::post(Task task) {
    std::lock_guard lock(mutex_);
    if (is_closed_) return;
    tasks_.push_back(std::move(task));
    if (idle_threads_ >= tasks_.size()) {
        has_task_.notify_one();
        return;
    }
    if (threads_ >= most_threads_) return;
    try {
        // Detached, but counted: drain() and the destructor wait until the count is 0.
        std::thread([this] { work(); }).detach();
        ++threads_;
    } catch (const std::system_error&) {
        // No thread to be had now: the task waits for one of the others.
        log::warning("no new thread for a request", {{"threads", cat(threads_)}});
    }
}

void TaskPool::work() {
    std::unique_lock lock(mutex_);
    while (true) {
        ++idle_threads_;
        bool has_task = has_task_.wait_for(lock, kIdleTime, [&] { return is_closed_ || !tasks_.empty(); });
        --idle_threads_;
        if (!has_task || tasks_.empty()) break;
        Task task = std::move(tasks_.front());
        tasks_.pop_front();
        lock.unlock();
        task();
        task = nullptr;
        lock.lock();
    }
    --threads_;
    // Under the lock: the waiter may destroy the pool as soon as it can take it.
    thread_ended_.notify_all();
}

Result<> TaskPool::drain(Deadline deadline) {
    std::unique_lock lock(mutex_);
    is_closed_ = true;
    tasks_.clear();
    has_task_.notify_all();
    auto is_empty = [&] { return threads_ == 0; };
    if (deadline.is_never()) {
        thread_ended_.wait(lock, is_empty);
    } else if (!thread_ended_.wait_until(lock, deadline.time_point(), is_empty)) {
        return fail(ErrorKind::deadline_exceeded, threads_, " requests did not end in time");
    }
    return {};
}

std::size_t TaskPool::thread_count() const {
    std::lock_guard lock(mutex_);
    return threads_;
}

}  // namespace tare::http
