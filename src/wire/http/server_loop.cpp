#include "wire/http/server_loop.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/log.h"
#include "posix/credentials.h"
#include "posix/watch.h"

namespace tare::http {

namespace {

// The top bits of a token say what its descriptor is, the rest is an id.
constexpr std::uint64_t kKindShift = 60;
enum class Kind : std::uint64_t { wake, listener, connection, source };

std::uint64_t token_of(Kind kind, std::uint64_t id) {
    return (static_cast<std::uint64_t>(kind) << kKindShift) | id;
}

constexpr std::size_t kReceiveBytes = 16 << 10;
// Accepted at one go, so that one busy listener does not hold up everybody.
constexpr int kMostAccepts = 64;

}  // namespace

Server::Impl::Impl(const ServerOptions& options, Handler handler, posix::Epoll epoll, posix::Fd wake)
    : options_(options),
      handler_(std::move(handler)),
      epoll_(std::move(epoll)),
      wake_(std::move(wake)),
      pool_(options.threads) {}

Server::Impl::~Impl() {
    // Nobody is left to tell; the handlers that still run are waited for by the pool's destructor.
    (void)stop(Deadline::after(std::chrono::seconds(10)));
}

void Server::Impl::start() {
    thread_ = std::thread([this] { run(); });
}

void Server::Impl::wake() {
    // Cannot fail: the counter of an eventfd of ours has room.
    (void)posix::signal_event(wake_.get());
}

Result<> Server::Impl::listen(posix::Fd listener) {
    TRY(posix::set_nonblocking(listener.get(), true));
    std::lock_guard lock(mutex_);
    std::uint64_t id = next_id_++;
    TRY(epoll_.add(listener.get(), posix::Interest::readable, token_of(Kind::listener, id)));
    listeners_.emplace(id, std::move(listener));
    return {};
}

Result<> Server::Impl::adopt(posix::Fd socket) {
    // A socket that is no unix socket has no peer to name; it then counts as nobody.
    auto peer = posix::peer_credentials(socket.get());
    posix::PeerCredentials credentials{
        .pid = 0, .uid = static_cast<uid_t>(-1), .gid = static_cast<gid_t>(-1)};
    if (peer) credentials = *peer;
    if (!has_room_for(credentials.uid)) {
        refuse(socket);
        return fail(ErrorKind::resource_exhausted, "user ", credentials.uid, " has ",
                    options_.connections_per_user, " connections");
    }
    std::unique_lock lock(mutex_);
    std::uint64_t id = next_id_++;
    auto connection = std::make_shared<Connection>(id, std::move(socket), credentials, options_);
    connection->detach = [this, raw = connection.get()] { return detach(*raw); };
    connections_.emplace(id, connection);
    ++of_user_[credentials.uid];
    lock.unlock();

    std::lock_guard owner(connection->mutex);
    auto added =
        epoll_.add(connection->socket.get(), posix::Interest::readable, token_of(Kind::connection, id));
    if (!added) {
        close_locked(*connection);
        return added;
    }
    set_deadline(*connection, Deadline::after(options_.idle_time));
    return {};
}

void Server::Impl::run() {
    std::array<posix::Epoll::Event, 64> events;
    while (!is_stopping_) {
        Deadline until = Deadline::never();
        {
            std::lock_guard lock(mutex_);
            waits_until_ = timers_.empty() ? TimePoint::max() : timers_.begin()->first;
            if (waits_until_ != TimePoint::max())
                until = Deadline::after(waits_until_ - Deadline::Clock::now());
        }
        auto count = epoll_.wait(events, until);
        if (!count) {
            log::failure("HTTP server cannot wait any more", count.error());
            return;
        }
        for (std::size_t i = 0; i < *count; ++i)
            handle(events[i]);
        expire();
    }
}

void Server::Impl::handle(const posix::Epoll::Event& event) {
    auto kind = static_cast<Kind>(event.token >> kKindShift);
    std::uint64_t id = event.token & ((std::uint64_t{1} << kKindShift) - 1);
    if (kind == Kind::wake) {
        // The value does not matter, and an empty counter is no failure.
        (void)posix::drain_event(wake_.get());
        (void)epoll_.arm(wake_.get(), posix::Interest::readable, token_of(Kind::wake, 0));
        resume_listeners();
        return;
    }
    if (kind == Kind::listener) return accept_from(id);
    ConnectionPtr connection = find(id);
    if (!connection) return;
    std::unique_lock owner(connection->mutex);
    switch (connection->state) {
        case Connection::State::gone:
            return;
        case Connection::State::working:
            // Only the end was asked for; the events of a source were armed before it began to work.
            if (kind == Kind::connection && event.has_ended) connection->cancel.cancel();
            return;
        case Connection::State::reading_head:
            return read_head(connection);
        case Connection::State::streaming:
            if (kind == Kind::connection && event.has_ended) {
                connection->cancel.cancel();
                return close_locked(*connection);
            }
            connection->state = Connection::State::working;
            pool_.post([this, connection] { step_stream(connection); });
            return;
    }
}

bool Server::Impl::has_room() {
    for (int attempt = 0; attempt < 2; ++attempt) {
        {
            std::lock_guard lock(mutex_);
            if (connections_.size() < options_.connections) return true;
        }
        if (attempt == 0) close_oldest_idle();
    }
    std::lock_guard lock(mutex_);
    listeners_paused_ = true;
    // One may have ended just now, before it could see that somebody waits for it.
    return connections_.size() < options_.connections;
}

/// One member of a group that may open the socket must not be able to keep out everybody else (security NW4).
/// Root could do so in other ways, and without root a server has no other users.
bool Server::Impl::has_room_for(uid_t user) {
    if (user == 0 || user == posix::effective_user()) return true;
    for (int attempt = 0; attempt < 2; ++attempt) {
        {
            std::lock_guard lock(mutex_);
            auto found = of_user_.find(user);
            if (found == of_user_.end() || found->second < options_.connections_per_user) return true;
        }
        if (attempt == 0) close_oldest_idle(user);
    }
    return false;
}

void Server::Impl::refuse(const posix::Fd& socket) {
    constexpr std::string_view body = "{\"message\":\"too many connections of this user\"}\n";
    std::string head =
        cat("HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nConnection: close\r\n"
            "Content-Length: ",
            body.size(), "\r\n\r\n");
    std::array<std::string_view, 2> parts{head, body};
    // Best effort: it is closed whether it hears of it or not.
    (void)posix::send_now(socket.get(), parts);
}

void Server::Impl::accept_from(std::uint64_t listener_id) {
    int listener = -1;
    {
        std::lock_guard lock(mutex_);
        auto found = listeners_.find(listener_id);
        if (found == listeners_.end()) return;
        listener = found->second.get();
    }
    for (int i = 0; i < kMostAccepts; ++i) {
        if (!has_room()) return;
        auto accepted = posix::accept_connection(listener);
        if (!accepted) {
            if (accepted.error().error_number() != EAGAIN) {
                // Out of descriptors, most likely: the listener is tried again when something ends.
                log::failure("HTTP server cannot accept", accepted.error());
                std::lock_guard lock(mutex_);
                listeners_paused_ = true;
                return;
            }
            break;
        }
        auto adopted = adopt(std::move(*accepted));
        // Whoever has too many may go on trying: that must not fill the log.
        const bool is_refused = !adopted && adopted.error().is(ErrorKind::resource_exhausted);
        if (!adopted)
            log::failure("HTTP server cannot serve a connection", adopted.error(),
                         is_refused ? log::Level::debug : log::Level::error);
    }
    if (auto armed = epoll_.arm(listener, posix::Interest::readable, token_of(Kind::listener, listener_id));
        !armed)
        log::failure("HTTP server cannot listen any more", armed.error());
}

void Server::Impl::resume_listeners() {
    std::lock_guard lock(mutex_);
    if (!listeners_paused_) return;
    listeners_paused_ = false;
    for (const auto& [id, listener] : listeners_)
        if (auto armed = epoll_.arm(listener.get(), posix::Interest::readable, token_of(Kind::listener, id));
            !armed)
            log::failure("HTTP server cannot listen any more", armed.error());
}

void Server::Impl::close_oldest_idle(std::optional<uid_t> user) {
    std::vector<ConnectionPtr> all;
    {
        std::lock_guard lock(mutex_);
        for (const auto& [id, connection] : connections_)
            if (!user || connection->peer.uid == *user) all.push_back(connection);
    }
    // The one whose time runs out first has been idle longest.
    ConnectionPtr oldest;
    TimePoint earliest = TimePoint::max();
    for (const ConnectionPtr& connection : all) {
        std::lock_guard owner(connection->mutex);
        if (connection->state == Connection::State::reading_head && connection->input.empty() &&
            connection->deadline.time_point() < earliest) {
            earliest = connection->deadline.time_point();
            oldest = connection;
        }
    }
    if (!oldest) return;
    std::lock_guard owner(oldest->mutex);
    if (oldest->state == Connection::State::reading_head) close_locked(*oldest);
}

// With the connection's mutex held.
void Server::Impl::read_head(const ConnectionPtr& connection) {
    Connection& client = *connection;
    bool was_empty = client.input.empty();
    std::size_t size = client.input.size();
    client.input.resize(size + kReceiveBytes);
    auto count = posix::receive_now(client.socket.get(), client.input.data() + size, kReceiveBytes);
    client.input.resize(size + (count ? *count : 0));
    if (!count && count.error().error_number() != EAGAIN) return close_locked(client);
    if (count && *count == 0) return close_locked(client);
    if (head_is_ready(client.input, client.scanned, options_.head)) {
        client.scanned = 0;
        return post_requests(connection);
    }
    client.scanned = client.input.size() > 3 ? client.input.size() - 3 : 0;
    if (was_empty) set_deadline(client, Deadline::after(options_.head_time));
    if (!epoll_.arm(client.socket.get(), posix::Interest::readable, token_of(Kind::connection, client.id)))
        close_locked(client);
}

void Server::Impl::expire() {
    std::vector<std::uint64_t> due;
    {
        std::lock_guard lock(mutex_);
        TimePoint now = Deadline::Clock::now();
        while (!timers_.empty() && timers_.begin()->first <= now) {
            due.push_back(timers_.begin()->second);
            timer_of_.erase(timers_.begin()->second);
            timers_.erase(timers_.begin());
        }
    }
    for (std::uint64_t id : due)
        if (ConnectionPtr connection = find(id)) expire_connection(connection);
}

// A timer is only a reminder: the deadline may have moved since it was set.
void Server::Impl::expire_connection(const ConnectionPtr& connection) {
    std::lock_guard owner(connection->mutex);
    Connection& client = *connection;
    // Who works for it sets the next deadline, and its reminder, when it is done.
    if (client.state == Connection::State::working) return;
    if (!client.deadline.has_passed()) return set_deadline(client, client.deadline);
    if (client.state == Connection::State::reading_head) {
        if (!client.input.empty()) {
            std::array<std::string_view, 1> answer{
                "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"};
            // Best effort: it is closed whether it hears of it or not.
            (void)posix::send_now(client.socket.get(), answer);
        }
        close_locked(client);
    } else if (client.state == Connection::State::streaming) {
        client.state = Connection::State::working;
        pool_.post([this, connection] { step_stream(connection); });
    }
}

// With the connection's mutex held.
void Server::Impl::set_deadline(Connection& connection, Deadline deadline) {
    connection.deadline = deadline;
    if (deadline.is_never()) return;
    std::lock_guard lock(mutex_);
    auto timer = timer_of_.find(connection.id);
    if (timer != timer_of_.end()) {
        // An earlier reminder will find the new deadline; so a busy connection costs no timer.
        if (timer->second <= deadline.time_point()) return;
        timers_.erase({timer->second, connection.id});
    }
    timer_of_[connection.id] = deadline.time_point();
    timers_.emplace(deadline.time_point(), connection.id);
    if (deadline.time_point() < waits_until_) wake();
}

Server::Impl::ConnectionPtr Server::Impl::find(std::uint64_t id) {
    std::lock_guard lock(mutex_);
    auto found = connections_.find(id);
    return found == connections_.end() ? nullptr : found->second;
}

void Server::Impl::forget(std::uint64_t id) {
    std::lock_guard lock(mutex_);
    if (auto found = connections_.find(id); found != connections_.end()) {
        const uid_t user = found->second->peer.uid;
        if (--of_user_[user] == 0) of_user_.erase(user);
        connections_.erase(found);
    }
    if (auto timer = timer_of_.find(id); timer != timer_of_.end()) {
        timers_.erase({timer->second, id});
        timer_of_.erase(timer);
    }
    if (listeners_paused_) wake();
}

posix::Fd Server::Impl::detach(Connection& connection) {
    std::lock_guard owner(connection.mutex);
    // Cannot fail for a descriptor that is in the set.
    (void)epoll_.remove(connection.socket.get());
    connection.state = Connection::State::gone;
    forget(connection.id);
    return std::move(connection.socket);
}

void Server::Impl::close_locked(Connection& connection) {
    if (connection.state == Connection::State::gone) return;
    connection.state = Connection::State::gone;
    connection.stream.reset();
    connection.socket.reset();
    forget(connection.id);
}

void Server::Impl::close(const ConnectionPtr& connection) {
    std::lock_guard owner(connection->mutex);
    close_locked(*connection);
}

Result<> Server::Impl::stop(Deadline deadline) {
    if (!is_stopping_.exchange(true)) {
        wake();
        if (thread_.joinable()) thread_.join();
    }
    std::vector<ConnectionPtr> all;
    {
        std::lock_guard lock(mutex_);
        listeners_.clear();
        for (const auto& [id, connection] : connections_)
            all.push_back(connection);
    }
    for (const ConnectionPtr& connection : all) {
        connection->cancel.cancel();
        std::lock_guard owner(connection->mutex);
        if (connection->state != Connection::State::working) close_locked(*connection);
    }
    return pool_.drain(deadline);
}

Server::Load Server::Impl::load() const {
    std::lock_guard lock(mutex_);
    return {.connections = connections_.size(), .threads = pool_.thread_count()};
}

void Server::Impl::post_requests(const ConnectionPtr& connection) {
    connection->state = Connection::State::working;
    connection->deadline = Deadline::never();
    if (!epoll_.arm(connection->socket.get(), posix::Interest::end_only,
                    token_of(Kind::connection, connection->id)))
        return close_locked(*connection);
    pool_.post([this, connection] { serve_requests(connection); });
}

void Server::Impl::wait_for_head(const ConnectionPtr& connection) {
    std::lock_guard owner(connection->mutex);
    Connection& client = *connection;
    client.state = Connection::State::reading_head;
    set_deadline(client, Deadline::after(client.input.empty() ? options_.idle_time : options_.head_time));
    if (is_stopping_ ||
        !epoll_.arm(client.socket.get(), posix::Interest::readable, token_of(Kind::connection, client.id)))
        close_locked(client);
}

// From here the waiting thread may hand the stream to another thread at any moment.
void Server::Impl::sleep_stream(const ConnectionPtr& connection, posix::Interest interest,
                                Deadline deadline) {
    std::lock_guard owner(connection->mutex);
    Connection& client = *connection;
    client.state = Connection::State::streaming;
    set_deadline(client, deadline);
    bool is_armed =
        !is_stopping_ &&
        epoll_.arm(client.socket.get(), interest, token_of(Kind::connection, client.id)).has_value();
    if (interest == posix::Interest::end_only)
        for (int fd : client.stream->descriptors)
            is_armed =
                is_armed &&
                epoll_.arm(fd, posix::Interest::readable, token_of(Kind::source, client.id)).has_value();
    if (!is_armed) close_locked(client);
}

void Server::Impl::begin_stream(const ConnectionPtr& connection) {
    StreamRun& run = *connection->stream;
    run.descriptors = run.source->descriptors();
    for (std::size_t i = 0; i < run.descriptors.size(); ++i) {
        auto added =
            epoll_.add(run.descriptors[i], posix::Interest::end_only, token_of(Kind::source, connection->id));
        if (added) continue;
        log::failure("HTTP server cannot wait for a stream", added.error());
        run.descriptors.resize(i);
        return close(connection);
    }
    step_stream(connection);
}

}  // namespace tare::http
