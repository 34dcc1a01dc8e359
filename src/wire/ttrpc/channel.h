#pragma once

// One connection in an event loop: whole frames in and out, with their descriptors.

#include <deque>
#include <functional>
#include <memory>

#include "posix/event_loop.h"
#include "wire/ttrpc/frame.h"

namespace tare::ttrpc {

/// Owns the socket. Destroyed only from outside its own callbacks (EventLoop::defer).
class Channel {
  public:
    struct Callbacks {
        std::function<void(Frame)> on_frame;
        /// Once, when the peer has gone or has broken the protocol; no frame follows.
        std::function<void(Error)> on_end;
    };
    static Result<std::unique_ptr<Channel>> open(posix::EventLoop& loop, posix::Fd socket,
                                                 Callbacks callbacks);
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;
    ~Channel();

    /// Sends a frame, at once as far as the kernel takes it. A payload that is too long, or a peer that
    /// does not take its answers (16 MiB waiting), is resource_exhausted.
    Result<> send(FrameType type, std::uint32_t stream, std::string_view payload,
                  std::vector<posix::Fd> descriptors = {});

  private:
    struct Outgoing {
        std::string bytes;
        std::vector<posix::Fd> descriptors;
    };
    Channel(posix::EventLoop& loop, posix::Fd socket, Callbacks callbacks)
        : loop_(&loop), socket_(std::move(socket)), callbacks_(std::move(callbacks)) {}
    void on_ready(const posix::Epoll::Event& event);
    Result<> receive();
    Result<> flush();
    void end(Error reason);

    posix::EventLoop* loop_;
    posix::Fd socket_;
    Callbacks callbacks_;
    FrameReader reader_;
    std::deque<Outgoing> outgoing_;
    std::size_t sent_of_first_ = 0;
    std::size_t waiting_bytes_ = 0;
    bool has_ended_ = false;
};

}  // namespace tare::ttrpc
