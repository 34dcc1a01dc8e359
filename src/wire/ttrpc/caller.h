#pragma once

// Makes calls from within an event loop.

#include <map>
#include <memory>

#include "wire/ttrpc/channel.h"
#include "wire/ttrpc/client.h"

namespace tare::ttrpc {

/// One connection to a server. All of it belongs to the loop's thread.
class Caller {
  public:
    /// `on_lost` is called once, after the outstanding calls have failed; the Caller may be destroyed then
    /// through EventLoop::defer only.
    static Result<std::unique_ptr<Caller>> open(posix::EventLoop& loop, posix::Fd socket,
                                                std::function<void()> on_lost);
    Caller(const Caller&) = delete;
    Caller& operator=(const Caller&) = delete;
    /// Outstanding calls fail with `cancelled`.
    ~Caller();

    void call(Call call, Callback done, Deadline deadline);
    /// Fails what is outstanding, and what is called later, with this; then on_lost.
    void lose(const Error& reason);

  private:
    struct Outstanding {
        Callback done;
        posix::EventLoop::TimerId timer = 0;  ///< 0: none
    };
    Caller(posix::EventLoop& loop, std::function<void()> on_lost)
        : loop_(&loop), on_lost_(std::move(on_lost)) {}
    void on_frame(const Frame& frame);
    void finish(std::uint32_t stream, Reply reply);
    void fail_all(const Error& reason);

    posix::EventLoop* loop_;
    std::function<void()> on_lost_;
    std::unique_ptr<Channel> channel_;
    std::map<std::uint32_t, Outstanding> outstanding_;
    std::uint32_t next_stream_ = 1;
    bool is_lost_ = false;
};

}  // namespace tare::ttrpc
