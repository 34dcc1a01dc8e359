#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "posix/event_loop.h"

namespace tare::shim {

/// Writes to a descriptor that may not take everything at once (socket, fifo, pipe, terminal), without
/// waiting: what is left is kept and follows when there is room.
class BoundedWriter {
  public:
    struct Callbacks {
        /// There is room again after it was full.
        std::function<void()> on_room;
        /// The other side is gone, or all was written after close_when_empty(). Called at most once; the
        /// writer may be destroyed then through EventLoop::defer only.
        std::function<void()> on_closed;
    };
    /// Owns the descriptor and makes it non-blocking.
    static Result<std::unique_ptr<BoundedWriter>> open(posix::EventLoop& loop, posix::Fd fd,
                                                       std::size_t limit_bytes, Callbacks callbacks);
    BoundedWriter(const BoundedWriter&) = delete;
    BoundedWriter& operator=(const BoundedWriter&) = delete;
    ~BoundedWriter();

    /// Takes all of it, also beyond the limit; a caller that respects is_full() exceeds it by one piece.
    /// Nothing happens once it is closed.
    void write(std::string_view bytes);
    bool is_full() const { return pending_bytes() >= limit_bytes_; }
    std::size_t pending_bytes() const { return pending_.size() - written_; }
    /// When bytes last left (or it was opened).
    Deadline::Clock::time_point last_progress() const { return last_progress_; }
    /// Closes once everything has left.
    void close_when_empty();
    bool is_closed() const { return is_closed_; }

  private:
    BoundedWriter(posix::EventLoop& loop, posix::Fd fd, std::size_t limit_bytes, Callbacks callbacks)
        : loop_(&loop), fd_(std::move(fd)), limit_bytes_(limit_bytes), callbacks_(std::move(callbacks)) {}
    void on_ready(const posix::Epoll::Event& event);
    bool flush();
    void close();

    posix::EventLoop* loop_;
    posix::Fd fd_;
    std::size_t limit_bytes_;
    Callbacks callbacks_;
    std::string pending_;
    std::size_t written_ = 0;  ///< of pending_
    Deadline::Clock::time_point last_progress_ = Deadline::Clock::now();
    bool was_full_ = false;
    bool is_closing_ = false;
    bool is_closed_ = false;
};

}  // namespace tare::shim
