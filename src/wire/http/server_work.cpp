// What the pool's threads do for a connection: requests one after another, and pieces of long answers.

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>

#include "base/json.h"
#include "base/log.h"
#include "wire/http/server_loop.h"

namespace tare::http {

namespace {

// What is left of a body after its request was answered: read away up to this, else the connection ends.
constexpr std::size_t kMostDrainBytes = 256 << 10;
constexpr auto kDrainTime = std::chrono::seconds(2);

std::string message_json(std::string_view message) {
    return cat(dump(Json::object().set("message", message)), '\n');
}

// DESIGN: no exception leaves a folder. One that reaches this point is a defect of a handler.
void call(const Handler& handler, ServerExchange& exchange) {
    std::string what;
    try {
        return handler(exchange);
    } catch (const std::exception& error) {
        what = error.what();
    } catch (...) {
        what = "an unknown exception";
    }
    log::error("HTTP handler failed",
               {{"method", exchange.request().method}, {"path", exchange.request().path}, {"reason", what}});
}

}  // namespace

void Server::Impl::serve_requests(const ConnectionPtr& connection) {
    while (true) {
        switch (serve_one(connection)) {
            case After::gone:
                return;
            case After::close:
                return close(connection);
            case After::stream:
                return begin_stream(connection);
            case After::next_request:
                break;
        }
        if (!head_is_ready(connection->input, 0, options_.head)) return wait_for_head(connection);
    }
}

Server::Impl::After Server::Impl::serve_one(const ConnectionPtr& connection) {
    Connection& client = *connection;
    auto parsed = parse_request_head(client.input, options_.head);
    if (!parsed) return answer_bad_head(client, parsed.error());
    if (!*parsed) return After::close;
    client.input.erase(0, (*parsed)->bytes);
    ServerExchange exchange(client, std::move((*parsed)->head));
    call(handler_, exchange);
    return after_exchange(client, exchange);
}

Server::Impl::After Server::Impl::after_exchange(Connection& client, ServerExchange& exchange) {
    if (exchange.state_ == ServerExchange::State::hijacked) return After::gone;
    if (exchange.state_ == ServerExchange::State::streaming) return After::stream;
    if (exchange.state_ == ServerExchange::State::open) {
        // A failure to answer ends the connection below, since keep_alive is then off.
        (void)exchange.respond(500, message_json("the request was not answered"),
                               {{"Content-Type", "application/json"}});
    } else if (exchange.state_ == ServerExchange::State::writing) {
        // Begun and not ended: the client must not take it for a whole answer.
        return After::close;
    }
    if (is_stopping_ || client.cancel.is_cancelled()) return After::close;
    bool keeps = exchange.head_.keep_alive;
    if (!keeps || (!client.body.is_done() && !drain_body(client))) return After::close;
    return After::next_request;
}

// Reads what is left of the body; false if that is too much or takes too long. Closing a unix socket on
// unread bytes would be seen as a reset by a client that still writes.
bool Server::Impl::drain_body(Connection& client) {
    std::array<char, 16384> scratch;
    Deadline deadline = Deadline::after(kDrainTime);
    std::size_t total = 0;
    while (total < kMostDrainBytes) {
        auto count = client.body.take(client.input, scratch.data(), scratch.size());
        if (!count) return false;
        if (!*count) {
            auto more = client.receive(deadline);
            if (!more || !*more) return false;
            continue;
        }
        if (**count == 0) return true;
        total += **count;
    }
    return false;
}

Server::Impl::After Server::Impl::answer_bad_head(Connection& client, const Error& error) {
    int status = status_of_bad_head(error);
    std::string body = message_json(error.message());
    std::string head =
        cat("HTTP/1.1 ", status, status == 403 ? " Forbidden" : " Bad Request",
            "\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: ", body.size(),
            "\r\n\r\n");
    // It is closed whether it hears of it or not.
    (void)client.send(head, body);
    return After::close;
}

void Server::Impl::step_stream(const ConnectionPtr& connection) {
    while (!produce(connection)) {
    }
}

bool Server::Impl::produce(const ConnectionPtr& connection) {
    Connection& client = *connection;
    StreamRun& run = *client.stream;
    while (!run.unsent.empty()) {
        std::array<std::string_view, 1> parts{run.unsent};
        auto sent = posix::send_now(client.socket.get(), parts);
        if (!sent && sent.error().error_number() == EAGAIN) {
            // The send time runs from the last byte that was taken.
            if (client.state == Connection::State::working && run.is_stalled &&
                client.deadline.has_passed()) {
                close(connection);
                return true;
            }
            Deadline until = run.is_stalled ? client.deadline : Deadline::after(options_.send_time);
            run.is_stalled = true;
            sleep_stream(connection, posix::Interest::writable, until);
            return true;
        }
        if (!sent) {
            close(connection);
            return true;
        }
        run.is_stalled = false;
        run.unsent.erase(0, *sent);
    }
    if (run.is_finished) {
        end_stream(connection);
        return true;
    }
    if (client.cancel.is_cancelled() || is_stopping_) {
        close(connection);
        return true;
    }
    std::string piece;
    auto state = run.source->produce(piece, options_.stream_buffer_bytes);
    if (!state) {
        log::failure("HTTP stream ends early", state.error(), log::Level::warning);
        close(connection);
        return true;
    }
    run.append(piece);
    if (*state == StreamState::finished) run.finish();
    if (*state != StreamState::waiting || !run.unsent.empty()) return false;
    sleep_stream(connection, posix::Interest::end_only, run.source->wake_at());
    return true;
}

void Server::Impl::end_stream(const ConnectionPtr& connection) {
    Connection& client = *connection;
    bool keeps = client.stream->keep_alive;
    for (int fd : client.stream->descriptors)
        // It leaves the set by being closed as well; a duplicate elsewhere must not keep it in.
        (void)epoll_.remove(fd);
    client.stream.reset();
    if (!keeps || is_stopping_) return close(connection);
    if (head_is_ready(client.input, 0, options_.head)) return serve_requests(connection);
    wait_for_head(connection);
}

}  // namespace tare::http
