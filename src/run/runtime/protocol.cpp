#include "run/runtime/protocol.h"

#include "posix/file.h"
#include "posix/socket.h"

namespace tare::runtime {

Result<> send_packet(int socket, MessageKind kind, std::string_view payload, const std::vector<int>& fds) {
    std::string bytes = cat(static_cast<char>(kind), payload.substr(0, kPacketBytes - 1));
    return posix::send_message(socket, bytes, fds);
}

Result<> send_listener(int socket, int listener) {
    return posix::write_all(socket, cat(static_cast<char>(MessageKind::listener), listener));
}

Result<Packet> receive_packet(int socket) {
    auto message = TRY(posix::receive_message(socket, kPacketBytes));
    if (message.bytes.empty()) return Packet{};
    return Packet{static_cast<MessageKind>(message.bytes[0]), message.bytes.substr(1),
                  std::move(message.descriptors)};
}

Result<Packet> expect_packet(int socket, MessageKind kind) {
    Packet packet = TRY(receive_packet(socket));
    if (packet.kind == MessageKind::error) return decode_error(packet.payload);
    if (packet.kind == MessageKind::closed)
        return fail(ErrorKind::internal, "the container's first process ended unexpectedly")
            .set_hint("it may have been killed for want of memory");
    if (packet.kind != kind) return fail(ErrorKind::internal, "unexpected message between runtime and init");
    return packet;
}

// kind, errno and hint before the message, each ended by a newline, which none of them holds.
std::string encode_error(const Error& error) {
    return cat(static_cast<int>(error.kind()), "\n", error.error_number(), "\n", error.hint(), "\n",
               error.message());
}

Error decode_error(std::string_view payload) {
    auto [kind_text, after_kind] = cut(payload, '\n');
    auto [number_text, after_number] = cut(after_kind.value_or(""), '\n');
    auto [hint, message] = cut(after_number.value_or(""), '\n');
    int kind = parse_integer<int>(kind_text).value_or(0);
    if (kind < 0 || kind > static_cast<int>(ErrorKind::deadline_exceeded)) kind = 0;
    Error error(static_cast<ErrorKind>(kind), std::string(message.value_or("")));
    return error.set_error_number(parse_integer<int>(number_text).value_or(0)).set_hint(std::string(hint));
}

}  // namespace tare::runtime
