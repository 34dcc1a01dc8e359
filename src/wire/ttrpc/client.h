#pragma once

// Calls over ttrpc from any thread. All connections of a Client live on one epoll thread.
//
//     auto client = TRY(ttrpc::Client::start());
//     auto connection = TRY(client->connect("/run/tare/s/1f00"));
//     std::string payload = TRY(connection->call({.service = "containerd.task.v2.Task", .method = "State",
//                                                 .payload = encode(request)}, Deadline::after(10s)));
//     connection->call_async({…, .method = "Wait", …}, [](Result<std::string> reply) { … });

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/result.h"
#include "posix/fd.h"

namespace tare::ttrpc {

/// One call. The descriptors are ours until the call was sent; then they are closed here.
struct Call {
    std::string service;
    std::string method;
    std::string payload;
    std::vector<posix::Fd> descriptors;
};

/// The payload of the answer, or the failure that the other side reported: its kind and its message.
/// unavailable: the connection is gone. deadline_exceeded: no answer in time.
using Reply = Result<std::string>;
/// Called exactly once, on the client's epoll thread (or inside call_async if the connection is gone
/// already). It must not block and must not throw; it may start other calls.
using Callback = std::function<void(Reply)>;

/// One connection to one shim. Thread-safe. When the last owner lets go, it is closed and what is
/// outstanding fails with `cancelled`.
class Connection {
  public:
    virtual ~Connection() = default;

    /// Sends and returns; `done` gets the answer. Without a deadline only the end of the connection
    /// ends the wait (Wait).
    virtual void call_async(Call call, Callback done, Deadline deadline = Deadline::never()) = 0;
    /// Sends and waits. Not from a callback: the epoll thread cannot wait for itself.
    Reply call(Call call, Deadline deadline);

    /// False once the connection is lost; a lost one never comes back.
    virtual bool is_open() const = 0;
    /// Called once on the epoll thread when the connection is lost (at once if it is already), after the
    /// outstanding calls have failed.
    virtual void on_lost(std::function<void()> callback) = 0;
};

/// The epoll thread and its connections.
class Client {
  public:
    /// Starts the thread.
    static Result<std::unique_ptr<Client>> start();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    /// Loses all connections (outstanding calls fail with unavailable) and joins the thread.
    virtual ~Client() = default;

    /// Connects to a unix socket; `address` is a path, or "unix://" and a path. not_found if there is no
    /// socket, unavailable if nobody listens.
    virtual Result<std::shared_ptr<Connection>> connect(const std::string& address) = 0;

  protected:
    Client() = default;
};

}  // namespace tare::ttrpc
