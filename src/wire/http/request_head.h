#pragma once

// The head of a request as a server reads it: strict HTTP/1.1 (RFC 9112), one way to understand each
// byte (security rule R22). What two programs could read in two ways is refused, never repaired.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tare::http {

/// How the body of a request is delimited.
enum class BodyFraming { none, length, chunked };

struct RequestHead {
    std::string method;
    std::string target;                                        ///< as sent, beginning with '/'
    std::string path;                                          ///< percent-decoded, without the query
    std::vector<std::pair<std::string, std::string>> query;    ///< decoded, in order
    std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case, in order
    int minor_version = 1;                                     ///< of HTTP/1.x
    BodyFraming framing = BodyFraming::none;
    std::uint64_t content_length = 0;
    bool keep_alive = true;         ///< whether the client takes another answer on this connection
    bool expects_continue = false;  ///< it waits for "100 Continue" before it sends the body
    bool wants_upgrade = false;     ///< "Connection: Upgrade" with an Upgrade header

    /// The first header of that name (lower case), "" without one.
    std::string_view header(std::string_view name) const;
    /// The first query parameter of that name; nothing if it isn't there.
    std::optional<std::string_view> query_value(std::string_view name) const;
    /// All of them.
    std::vector<std::string> query_values(std::string_view name) const;
};

struct HeadLimits {
    std::size_t bytes = 64 << 10;  ///< of the whole head
    std::size_t line_bytes = 32 << 10;
    std::size_t fields = 100;
};

/// Whether parse_request_head has something to say about what is there: a whole head, a wrong line end
/// or too many bytes. `scanned` bytes were looked at before (less the last three).
bool head_is_ready(std::string_view buffer, std::size_t scanned, const HeadLimits& limits);

/// Reads one head from the front of `buffer`. Nothing while it is incomplete; else the head and the
/// number of bytes it took. A head that is wrong, ambiguous, foreign (permission_denied) or over a limit
/// (resource_exhausted) is a failure, to be answered with status_of_bad_head and the connection's end.
struct ParsedHead {
    RequestHead head;
    std::size_t bytes = 0;
};
Result<std::optional<ParsedHead>> parse_request_head(std::string_view buffer, const HeadLimits& limits = {});
int status_of_bad_head(const Error& error);

/// Whether a Host header (R22) names this machine's daemon: a single label ("docker", "localhost"), a
/// name below .localhost, a loopback address or the percent-encoded path of a socket, each with or
/// without a port. A public name would come from a web page that resolves its own name to us.
bool is_known_host(std::string_view host);

/// Percent-decodes; nothing for a malformed escape or an encoded NUL.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

}  // namespace tare::http
