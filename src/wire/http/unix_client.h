#pragma once

// HTTP/1.1 over a unix socket, one exchange a connection: what the command line needs of the Docker
// API. Strict about framing (security rule R22): one length, known codings, bounded heads.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/deadline.h"
#include "base/result.h"
#include "posix/fd.h"

namespace tare::http {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

/// The head of an answer.
struct AnswerHead {
    int status = 0;
    std::map<std::string, std::string> headers;  ///< names in lower case; repeated ones joined by ", "

    /// The header's value, "" without one.
    std::string_view header(std::string_view name) const;
};

/// One request and its answer. Calls in this order: send_head, then body pieces and end_body if the
/// request has a body of unknown length, read_head, read_body until it gives "". Used by one thread.
class UnixExchange {
  public:
    /// Connects; not_found if there is no socket, unavailable if nobody listens, permission_denied.
    static Result<UnixExchange> connect(const std::string& socket_path);

    /// Sends the request's head and a body that is known as a whole ("" for none).
    Result<> send(std::string_view method, std::string_view target, const HeaderList& headers,
                  const std::optional<std::string>& body);
    /// Sends a head that announces a chunked body.
    Result<> begin_chunked(std::string_view method, std::string_view target, const HeaderList& headers);
    /// A piece of it; unavailable if the server stopped reading (its answer then says why).
    Result<> send_chunk(std::string_view piece);
    Result<> end_chunks();

    /// Waits for the head of the answer (1xx other than 101 are skipped); unavailable if the
    /// connection ended first.
    Result<AnswerHead> read_head(Deadline deadline = Deadline::never());
    /// The next piece of the body, "" at its end; data_loss if the connection ended too early.
    Result<std::string> read_body();
    /// The whole body, at most `max_bytes`.
    Result<std::string> read_whole_body(std::size_t max_bytes);

    /// The descriptor, for poll; bytes may also wait in this object.
    int descriptor() const { return socket_.get(); }
    /// Leaves HTTP after read_head: the connection and the bytes that came behind the head.
    std::pair<posix::Fd, std::string> hijack() { return {std::move(socket_), std::move(buffer_)}; }

  private:
    enum class Framing { none, length, chunked, until_close };

    explicit UnixExchange(posix::Fd socket) : socket_(std::move(socket)) {}
    Result<bool> fill();
    Result<std::string> read_line(std::string_view what);
    Result<> choose_framing(const AnswerHead& head);
    Result<std::string> take(std::uint64_t most);
    Result<std::string> read_chunk();

    posix::Fd socket_;
    std::string buffer_;
    std::string method_;
    Framing framing_ = Framing::none;
    std::uint64_t left_bytes_ = 0;
    bool body_done_ = false;
};

}  // namespace tare::http
