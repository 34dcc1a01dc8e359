#pragma once

// One request and its answer, as a handler sees them.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "posix/cancel.h"
#include "posix/fd.h"
#include "posix/socket.h"
#include "wire/http/request_head.h"
#include "wire/http/stream_source.h"

namespace tare::http {

class Connection;

using AnswerHeaders = std::vector<std::pair<std::string, std::string>>;

/// A connection that has left HTTP.
struct Hijacked {
    posix::Fd socket;      ///< blocking, in no poll set
    std::string leftover;  ///< what the client sent behind its request
};

/// Handed to the handler on a thread of the pool; all calls are that thread's. A handler answers by
/// exactly one of respond, begin (write…, end), stream and hijack; one that returns without any answer
/// is answered 500. All sending fails with `unavailable` once the client is gone.
class ServerExchange {
  public:
    ServerExchange(Connection& connection, RequestHead head);
    ~ServerExchange();
    ServerExchange(const ServerExchange&) = delete;
    ServerExchange& operator=(const ServerExchange&) = delete;

    const RequestHead& request() const { return head_; }
    /// Who is at the other end (SO_PEERCRED at connect).
    const posix::PeerCredentials& peer() const;
    /// Goes up when the client closes its connection before it has been answered, or the server stops.
    const posix::CancelToken& cancel() const;

    /// The next bytes of the body, at least one; 0 at its end. Sends "100 Continue" first where the
    /// client waits for it. invalid_argument for bad framing, unavailable if the client went away,
    /// deadline_exceeded if it sends nothing for too long.
    Result<std::size_t> read_body(char* buffer, std::size_t size);
    /// The whole body; resource_exhausted beyond `max_bytes`.
    Result<std::string> read_whole_body(std::size_t max_bytes);
    /// Whether read_whole_body() gave up: what a status of 413 tells a client.
    bool is_body_too_large() const { return is_body_too_large_; }
    bool has_body() const { return head_.framing != BodyFraming::none; }

    /// Headers that every answer of this exchange gets.
    void add_header(std::string name, std::string value);

    /// The whole answer at once. HEAD, 204 and 304 send no body.
    Result<> respond(int status, std::string_view body, const AnswerHeaders& headers = {});
    /// Begins an answer of unknown length; its head goes out with the first bytes or at flush.
    Result<> begin(int status, const AnswerHeaders& headers = {});
    /// Buffers a little; flush() sends what is there.
    Result<> write(std::string_view bytes);
    Result<> flush();
    Result<> end();
    /// Hands the rest of the answer to a source; its head goes out at once. The handler returns.
    Result<> stream(int status, const AnswerHeaders& headers, std::unique_ptr<StreamSource> source);
    /// Sends `head_lines` ("HTTP/1.1 101 UPGRADED\r\n…\r\n\r\n", may be empty) and takes the connection
    /// out of the server, which closes or reads it no more.
    Result<Hijacked> hijack(std::string_view head_lines);

    bool is_answered() const { return state_ != State::open; }
    /// True once a part of the answer is out, so that an error can no longer be told by a status.
    bool has_begun() const { return state_ != State::open; }

  private:
    friend class Server;
    enum class State { open, writing, done, streaming, hijacked };

    std::string head_text(int status, const AnswerHeaders& headers, std::string_view framing) const;
    bool allows_body(int status) const;
    void begin_open_ended(int status, const AnswerHeaders& headers);
    Result<> send_continue();

    Connection* connection_;
    RequestHead head_;
    State state_ = State::open;
    AnswerHeaders common_headers_;
    std::string pending_;  ///< a head that waits for the first bytes, then buffered body bytes
    std::string chunk_;    ///< body bytes not framed yet
    bool is_chunked_ = false;
    bool sends_body_ = true;
    bool continue_sent_ = false;
    bool is_body_too_large_ = false;
};

using Handler = std::function<void(ServerExchange&)>;

}  // namespace tare::http
