#pragma once

// An HTTP/1.1 server on unix sockets: the door of the Docker API.
//
//     Server server = TRY(Server::start({}, [&](ServerExchange& exchange) { router.serve(exchange); }));
//     TRY(server.listen(TRY(posix::listen_unix("/run/tare/docker.sock", 0660))));
//
// One thread waits for everybody: it accepts, reads the heads of requests and notices who has gone. A
// request whose head is complete goes to a pool of threads, where the handler is plain blocking code.
// Answers that last (StreamSource) return to the waiting thread between two pieces, and connections
// that leave HTTP (hijack) leave the server. So threads are held by work, never by waiting clients.

#include <chrono>
#include <cstddef>
#include <memory>

#include "base/deadline.h"
#include "posix/fd.h"
#include "wire/http/server_exchange.h"

namespace tare::http {

/// The bounds of a server (security rules R17, R18, R22).
struct ServerOptions {
    std::size_t threads = 64;        ///< requests worked on at the same time; made when needed
    std::size_t connections = 1024;  ///< beyond it the oldest idle one is closed, else new ones wait
    /// Of one user who is neither root nor the server's own: beyond it that user's oldest idle one is closed,
    /// else a new one is answered 503. What has left the server (hijack) does not count.
    std::size_t connections_per_user = 256;
    HeadLimits head;
    std::chrono::milliseconds head_time{10'000};   ///< from the first byte of a head to its last
    std::chrono::milliseconds idle_time{120'000};  ///< a connection without a request
    std::chrono::milliseconds body_time{120'000};  ///< without one byte of an announced body
    std::chrono::milliseconds send_time{600'000};  ///< without a client taking one byte of an answer
    std::size_t stream_buffer_bytes = 256 << 10;   ///< per client of a long answer
};

/// Threads: all calls may come from any thread.
class Server {
  public:
    /// Starts the waiting thread; nothing is served before the first listen().
    static Result<Server> start(const ServerOptions& options, Handler handler);
    Server(Server&&) noexcept;
    Server& operator=(Server&&) = delete;
    /// stop() with a short deadline.
    ~Server();

    /// Serves the connections of a listening socket (posix::listen_unix, or one of systemd's).
    Result<> listen(posix::Fd listener);
    /// Serves one connection that exists already (tests, inetd style activation). resource_exhausted if its
    /// user has too many.
    Result<> adopt(posix::Fd connection);

    /// Accepts nothing more, cancels what is being worked on, ends long answers, and waits for the
    /// handlers; deadline_exceeded if one of them does not return in time.
    Result<> stop(Deadline deadline);

    struct Load {
        std::size_t connections = 0;
        std::size_t threads = 0;
    };
    Load load() const;

  private:
    class Impl;
    explicit Server(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace tare::http
