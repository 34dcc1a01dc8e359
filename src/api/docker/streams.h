#pragma once

// What attach, exec and logs have in common: Docker's stream framing, detach keys, and the way out of HTTP.

#include <string>
#include <string_view>

#include "api/docker/call.h"

namespace tare::docker {

/// Docker's stdcopy: which stream a frame belongs to.
enum class StreamKind : char { standard_input = 0, standard_output = 1, standard_error = 2 };

/// Eight bytes (kind, three zeros, size in network order) and the payload.
void append_frame(std::string& out, StreamKind kind, std::string_view payload);

/// "ctrl-p,ctrl-q" as the bytes that a terminal sends; "" gives Docker's default, which is that.
/// invalid_argument as dockerd for an unknown key.
Result<std::string> parse_detach_keys(std::string_view text);

inline constexpr std::string_view kRawStream = "application/vnd.docker.raw-stream";
inline constexpr std::string_view kMultiplexedStream = "application/vnd.docker.multiplexed-stream";

/// The content type of a stream for a client of this version; before 1.42 all were called raw.
std::string_view stream_content_type(bool is_terminal, ApiVersion version);

/// Takes the connection out of HTTP: 101 for a client that asked for an upgrade, else the 200 of old
/// clients.
Result<http::Hijacked> leave_http(Call& call, std::string_view content_type);

/// Tells an error on a connection that has left HTTP, as dockerd does, and ends it.
void tell_error(const posix::Fd& client, bool is_terminal, const Error& error);

}  // namespace tare::docker
