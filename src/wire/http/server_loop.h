#pragma once

// The inside of a Server: the waiting thread, and what the pool's threads do for a connection.

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <unordered_map>
#include <vector>

#include "posix/epoll.h"
#include "wire/http/connection.h"
#include "wire/http/server.h"
#include "wire/http/task_pool.h"

namespace tare::http {

/// Who owns a connection: the waiting thread while it reads a head or streams, one thread of the pool
/// while it is `working`. Ownership changes under the connection's mutex, together with what the poll
/// set waits for, so that an event can never be lost between the two.
///
/// Locks, in this order: a connection's mutex, then `mutex_` (the tables), never the other way round.
class Server::Impl {
  public:
    Impl(const ServerOptions& options, Handler handler, posix::Epoll epoll, posix::Fd wake);
    ~Impl();

    void start();
    Result<> listen(posix::Fd listener);
    Result<> adopt(posix::Fd socket);
    Result<> stop(Deadline deadline);
    Load load() const;

  private:
    using ConnectionPtr = std::shared_ptr<Connection>;
    using TimePoint = Deadline::Clock::time_point;
    enum class After { next_request, close, gone, stream };

    // The waiting thread (server_loop.cpp).
    void run();
    void handle(const posix::Epoll::Event& event);
    void accept_from(std::uint64_t listener_id);
    bool has_room();
    bool has_room_for(uid_t user);
    void refuse(const posix::Fd& socket);
    void resume_listeners();
    void read_head(const ConnectionPtr& connection);
    void wake_stream(const ConnectionPtr& connection, const posix::Epoll::Event& event);
    void expire();
    void expire_connection(const ConnectionPtr& connection);
    void close_oldest_idle(std::optional<uid_t> user = {});

    // The pool's threads (server_work.cpp).
    void post_requests(const ConnectionPtr& connection);
    void serve_requests(const ConnectionPtr& connection);
    After serve_one(const ConnectionPtr& connection);
    After answer_bad_head(Connection& connection, const Error& error);
    After after_exchange(Connection& connection, ServerExchange& exchange);
    bool drain_body(Connection& connection);
    void wait_for_head(const ConnectionPtr& connection);
    void begin_stream(const ConnectionPtr& connection);
    void step_stream(const ConnectionPtr& connection);
    /// True: the stream went to sleep or is over; false: there is more to send at once.
    bool produce(const ConnectionPtr& connection);
    void sleep_stream(const ConnectionPtr& connection, posix::Interest interest, Deadline deadline);
    void end_stream(const ConnectionPtr& connection);

    // Both.
    ConnectionPtr find(std::uint64_t id);
    posix::Fd detach(Connection& connection);
    void close(const ConnectionPtr& connection);
    /// With the connection's mutex held.
    void close_locked(Connection& connection);
    void set_deadline(Connection& connection, Deadline deadline);
    void forget(std::uint64_t id);
    void wake();

    const ServerOptions options_;
    const Handler handler_;
    const posix::Epoll epoll_;
    const posix::Fd wake_;
    std::atomic<bool> is_stopping_ = false;

    mutable std::mutex mutex_;  ///< guards the tables below
    std::uint64_t next_id_ = 1;
    std::unordered_map<std::uint64_t, ConnectionPtr> connections_;
    std::unordered_map<uid_t, std::size_t> of_user_;  ///< how many of connections_; no zeros
    std::map<std::uint64_t, posix::Fd> listeners_;
    bool listeners_paused_ = false;
    std::set<std::pair<TimePoint, std::uint64_t>> timers_;  ///< at most one a connection
    std::unordered_map<std::uint64_t, TimePoint> timer_of_;
    TimePoint waits_until_ = TimePoint::max();  ///< when the waiting thread wakes by itself

    TaskPool pool_;
    std::thread thread_;
};

}  // namespace tare::http
