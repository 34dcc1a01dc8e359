#pragma once

// Answers calls in an event loop.

#include <map>
#include <memory>

#include "wire/ttrpc/channel.h"
#include "wire/ttrpc/client.h"
#include "wire/ttrpc/message.h"

namespace tare::ttrpc {

/// A call that came in.
struct Incoming {
    std::string service;
    std::string method;
    std::string payload;
    std::vector<posix::Fd> descriptors;
};

/// Where the answer goes, now or later. Answering a connection that is gone does nothing; letting go of it
/// unanswered leaves the caller to its deadline.
class Responder {
  public:
    Responder(std::weak_ptr<Channel> channel, std::uint32_t stream)
        : channel_(std::move(channel)), stream_(stream) {}
    void answer(const Reply& reply) const;

  private:
    std::weak_ptr<Channel> channel_;
    std::uint32_t stream_;
};

/// Serves every connection of a listening socket. A connection of another user is closed without an answer
/// (security SD1); one that breaks the protocol is closed, the others go on (NW7).
class Server {
  public:
    using Handler = std::function<void(Incoming, Responder)>;

    static Result<std::unique_ptr<Server>> open(posix::EventLoop& loop, posix::Fd listener, Handler handler);
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    ~Server();

    std::size_t connection_count() const { return peers_.size(); }

  private:
    struct Peer {
        std::shared_ptr<Channel> channel;
        std::uint32_t last_stream = 0;
    };
    Server(posix::EventLoop& loop, posix::Fd listener, Handler handler)
        : loop_(&loop), listener_(std::move(listener)), handler_(std::move(handler)) {}
    void accept();
    Result<> admit(posix::Fd socket);
    void on_frame(std::uint64_t id, Frame frame);
    void drop(std::uint64_t id);

    posix::EventLoop* loop_;
    posix::Fd listener_;
    Handler handler_;
    std::map<std::uint64_t, Peer> peers_;
    std::uint64_t next_peer_ = 1;
    /// Deferred calls find out by it that the server is gone.
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace tare::ttrpc
