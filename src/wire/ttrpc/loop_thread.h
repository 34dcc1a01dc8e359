#pragma once

// An event loop on a thread of its own, to which other threads hand work.

#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "posix/event_loop.h"

namespace tare::ttrpc {

class LoopThread {
  public:
    static Result<std::unique_ptr<LoopThread>> start();
    LoopThread(const LoopThread&) = delete;
    LoopThread& operator=(const LoopThread&) = delete;
    ~LoopThread() { stop(); }

    /// Runs `work` on the loop's thread, in the order of the posts. Any thread. False, and it never runs,
    /// once the thread has been stopped.
    bool post(std::function<void()> work);
    /// Takes over what may still be in use on the thread; it goes once the thread has ended.
    void keep(std::shared_ptr<void> object);
    /// Ends the thread after what was posted before. Not from the thread itself.
    void stop();
    /// Only for work that runs on the thread (or once it has been stopped).
    posix::EventLoop& loop() { return *loop_; }
    bool is_current() const { return std::this_thread::get_id() == thread_.get_id(); }

  private:
    LoopThread() = default;
    void run_posted();

    std::unique_ptr<posix::EventLoop> loop_;
    posix::Fd wake_;
    std::mutex mutex_;
    std::vector<std::function<void()>> posted_;  // guarded by mutex_
    bool is_stopped_ = false;                    // guarded by mutex_
    std::vector<std::shared_ptr<void>> kept_;    // guarded by mutex_; destroyed before the loop
    std::thread thread_;
};

}  // namespace tare::ttrpc
