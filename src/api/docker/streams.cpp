#include "api/docker/streams.h"

namespace tare::docker {

void append_frame(std::string& out, StreamKind kind, std::string_view payload) {
    auto size = static_cast<std::uint32_t>(payload.size());
    char head[8] = {static_cast<char>(kind), 0, 0, 0};
    for (int i = 0; i < 4; ++i)
        head[4 + i] = static_cast<char>(size >> (24 - 8 * i) & 0xff);
    out.append(head, sizeof head);
    out += payload;
}

Result<std::string> parse_detach_keys(std::string_view text) {
    if (text.empty()) return std::string("\x10\x11");
    std::string keys;
    for (std::string_view key : split(text, ',')) {
        constexpr std::string_view kControl = "ctrl-";
        std::string lower = to_lower(key);
        if (key.size() == 1) {
            keys += key;
            continue;
        }
        bool is_control = lower.size() == kControl.size() + 1 && lower.starts_with(kControl);
        std::size_t code = is_control
                               ? std::string_view("@abcdefghijklmnopqrstuvwxyz[\\]^_").find(lower.back())
                               : std::string_view::npos;
        if (code == std::string_view::npos)
            return fail(ErrorKind::invalid_argument, "Invalid detach keys (", text,
                        ") provided: Unknown character: '", key, "'");
        keys += static_cast<char>(code);
    }
    return keys;
}

std::string_view stream_content_type(bool is_terminal, ApiVersion version) {
    return is_terminal || version < ApiVersion{1, 42} ? kRawStream : kMultiplexedStream;
}

Result<http::Hijacked> leave_http(Call& call, std::string_view content_type) {
    // Not "wants_upgrade": dockerd looks at the Upgrade header alone, and clients rely on it.
    if (!call.header("upgrade").empty())
        return call.exchange.hijack(cat(
            "HTTP/1.1 101 UPGRADED\r\nContent-Type: ", content_type,
            "\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nApi-Version: ", kNewestVersion.text(), "\r\n\r\n"));
    return call.exchange.hijack(cat("HTTP/1.1 200 OK\r\nContent-Type: ", content_type, "\r\n\r\n"));
}

void tell_error(const posix::Fd& client, bool is_terminal, const Error& error) {
    std::string text = cat(error.message(), "\r\n");
    std::string bytes;
    if (is_terminal) {
        bytes = text;
    } else {
        append_frame(bytes, StreamKind::standard_error, text);
    }
    // A client that is gone does not read why; a full socket is not waited for.
    std::string_view parts[] = {bytes};
    (void)posix::send_now(client.get(), parts);
}

}  // namespace tare::docker
