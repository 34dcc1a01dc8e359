#pragma once

// Threads for requests: made when one is needed, gone after a while of idleness, never too many.

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>

#include "base/deadline.h"
#include "base/result.h"

namespace tare::http {

/// Runs tasks in the order in which they came, each on one thread, at most `most_threads` at a time.
class TaskPool {
  public:
    using Task = std::function<void()>;

    explicit TaskPool(std::size_t most_threads) : most_threads_(most_threads) {}
    TaskPool(const TaskPool&) = delete;
    TaskPool& operator=(const TaskPool&) = delete;
    /// Waits for the tasks that run; those that wait are dropped.
    ~TaskPool();

    /// Tasks may throw nothing. After the end of the pool they are dropped.
    void post(Task task);
    /// Takes no more tasks and waits for the running ones; deadline_exceeded if they do not end in time.
    Result<> drain(Deadline deadline);
    std::size_t thread_count() const;

  private:
    void work();

    const std::size_t most_threads_;
    mutable std::mutex mutex_;
    std::condition_variable has_task_;
    std::condition_variable thread_ended_;
    std::deque<Task> tasks_;
    std::size_t threads_ = 0;
    std::size_t idle_threads_ = 0;
    bool is_closed_ = false;
};

}  // namespace tare::http
