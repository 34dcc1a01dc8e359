#include "wire/http/connection.h"

#include <array>
#include <cerrno>

#include "posix/poll.h"
#include "wire/http/server.h"

namespace tare::http {

namespace {

constexpr std::size_t kReceiveBytes = 64 << 10;

}  // namespace

void StreamRun::append(std::string_view piece) {
    if (piece.empty()) return;
    if (is_chunked) unsent += chunk_head(piece.size());
    unsent += piece;
    if (is_chunked) unsent += "\r\n";
}

void StreamRun::finish() {
    is_finished = true;
    if (is_chunked) unsent += "0\r\n\r\n";
}

std::string chunk_head(std::size_t size) {
    char digits[20];
    auto [end, error] = std::to_chars(digits, digits + sizeof digits, size, 16);
    return cat(std::string_view(digits, end), "\r\n");
}

Result<> Connection::send(std::string_view first, std::string_view second) {
    while (!first.empty() || !second.empty()) {
        std::array<std::string_view, 2> parts{first, second};
        auto sent = posix::send_now(socket.get(), parts);
        if (!sent && sent.error().error_number() == EAGAIN) {
            std::array<posix::PollItem, 1> items{{{.fd = socket.get(), .wants_write = true}}};
            if (!TRY(posix::wait_any(items, Deadline::after(options.send_time))))
                return fail(ErrorKind::unavailable, "the client takes no more of its answer");
            continue;
        }
        if (!sent) return fail(ErrorKind::unavailable, "the client is gone: ", sent.error().message());
        std::size_t of_first = std::min(*sent, first.size());
        first.remove_prefix(of_first);
        second.remove_prefix(*sent - of_first);
    }
    return {};
}

Result<bool> Connection::receive(Deadline deadline) {
    while (true) {
        std::size_t size = input.size();
        input.resize(size + kReceiveBytes);
        auto count = posix::receive_now(socket.get(), input.data() + size, kReceiveBytes);
        input.resize(size + (count ? *count : 0));
        if (count) return *count > 0;
        if (count.error().error_number() != EAGAIN)
            return fail(ErrorKind::unavailable, "the client is gone: ", count.error().message());
        if (!TRY(posix::wait_readable(socket.get(), deadline)))
            return fail(ErrorKind::deadline_exceeded, "the client sends nothing");
    }
}

}  // namespace tare::http
