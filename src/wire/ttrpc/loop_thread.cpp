#include "wire/ttrpc/loop_thread.h"

#include "base/log.h"
#include "posix/watch.h"

namespace tare::ttrpc {

Result<std::unique_ptr<LoopThread>> LoopThread::start() {
    std::unique_ptr<LoopThread> made(new LoopThread());
    made->loop_ = TRY(posix::EventLoop::open());
    made->wake_ = TRY(posix::make_event());
    auto* raw = made.get();
    TRY(made->loop_->watch(made->wake_.get(), posix::Interest::readable,
                           [raw](const posix::Epoll::Event&) { raw->run_posted(); }));
    made->thread_ = std::thread([raw] {
        if (auto ran = raw->loop_->run(); !ran) log::failure("ttrpc thread", ran.error());
    });
    return made;
}

void LoopThread::stop() {
    if (!thread_.joinable()) return;
    post([this] { loop_->stop(); });
    {
        std::lock_guard lock(mutex_);
        is_stopped_ = true;
    }
    thread_.join();
    // What slipped in between the two.
    run_posted();
    std::vector<std::shared_ptr<void>> kept;
    {
        std::lock_guard lock(mutex_);
        kept.swap(kept_);
    }
}

bool LoopThread::post(std::function<void()> work) {
    {
        std::lock_guard lock(mutex_);
        if (is_stopped_) return false;
        posted_.push_back(std::move(work));
        if (posted_.size() > 1) return true;  // whoever was first has woken it
    }
    (void)posix::signal_event(wake_.get());  // fails only if the counter is full: awake already
    return true;
}

void LoopThread::keep(std::shared_ptr<void> object) {
    std::lock_guard lock(mutex_);
    kept_.push_back(std::move(object));
}

void LoopThread::run_posted() {
    (void)posix::drain_event(wake_.get());  // as above
    std::vector<std::function<void()>> batch;
    {
        std::lock_guard lock(mutex_);
        batch.swap(posted_);
    }
    for (auto& work : batch)
        work();
}

}  // namespace tare::ttrpc
