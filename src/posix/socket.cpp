#include "posix/socket.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "posix/file.h"

namespace tare::posix {

namespace {

constexpr std::size_t kMaxDescriptors = 16;

Result<sockaddr_un> address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path)
        return fail(ErrorKind::invalid_argument, "unix socket path ", quote(path), " is longer than ",
                    sizeof address.sun_path - 1, " bytes");
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    return address;
}

struct ControlBuffer {
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kMaxDescriptors)> bytes{};
};

/// At most kMaxDescriptors of them.
void put_descriptors(msghdr& message, ControlBuffer& control, const std::vector<int>& descriptors) {
    if (descriptors.empty()) return;
    message.msg_control = control.bytes.data();
    message.msg_controllen = CMSG_SPACE(sizeof(int) * descriptors.size());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * descriptors.size());
    std::memcpy(CMSG_DATA(header), descriptors.data(), sizeof(int) * descriptors.size());
}

Result<> check_count(const std::vector<int>& descriptors) {
    if (descriptors.size() > kMaxDescriptors)
        return fail(ErrorKind::invalid_argument, "send ", descriptors.size(), " descriptors: too many");
    return {};
}

}  // namespace

Result<Fd> make_socket(int family, int type, int protocol) {
    Fd socket(::socket(family, type | SOCK_CLOEXEC, protocol));
    if (!socket) return last_error("create a socket");
    return socket;
}

Result<std::pair<Fd, Fd>> make_socket_pair(SocketKind kind) {
    int ends[2];
    int type = (kind == SocketKind::stream ? SOCK_STREAM : SOCK_SEQPACKET) | SOCK_CLOEXEC;
    if (::socketpair(AF_UNIX, type, 0, ends) < 0) return last_error("create a socket pair");
    return std::pair(Fd(ends[0]), Fd(ends[1]));
}

Result<Fd> listen_unix(const std::string& path, mode_t mode) {
    std::string temporary = path + "~";
    sockaddr_un address = TRY(address_of(temporary));
    TRY(remove_file(temporary));
    Fd socket = TRY(make_socket(AF_UNIX, SOCK_STREAM, 0));
    // fchmod before bind decides the file's mode: there is no moment in which it is wider.
    if (::fchmod(socket.get(), mode) < 0) return last_error("chmod the socket for", path);
    if (::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) < 0)
        return last_error("bind", path);
    if (::chmod(temporary.c_str(), mode) < 0) return last_error("chmod", temporary);
    if (::listen(socket.get(), 1024) < 0) return last_error("listen on", path);
    TRY(rename(temporary, path));
    return socket;
}

Result<Fd> connect_unix(const std::string& path) {
    sockaddr_un address = TRY(address_of(path));
    Fd socket = TRY(make_socket(AF_UNIX, SOCK_STREAM, 0));
    while (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) < 0)
        if (errno != EINTR) return last_error("connect to", path);
    return socket;
}

Result<Fd> accept_connection(int listener) {
    while (true) {
        int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd >= 0) return Fd(fd);
        if (errno == EAGAIN)
            return Error(ErrorKind::unavailable, "no connection yet").set_error_number(EAGAIN);
        if (errno != EINTR && errno != ECONNABORTED) return last_error("accept a connection");
    }
}

Result<PeerCredentials> peer_credentials(int socket) {
    ucred credentials{};
    socklen_t size = sizeof credentials;
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0)
        return last_error("read the peer's credentials");
    return PeerCredentials{credentials.pid, credentials.uid, credentials.gid};
}

Result<> send_message(int socket, std::string_view bytes, const std::vector<int>& descriptors) {
    TRY(check_count(descriptors));
    ControlBuffer control;
    iovec part{.iov_base = const_cast<char*>(bytes.data()), .iov_len = bytes.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    put_descriptors(message, control, descriptors);
    while (true) {
        ssize_t sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) return last_error("send on a unix socket");
        auto count = static_cast<std::size_t>(sent);
        if (count >= part.iov_len) return {};
        part.iov_base = static_cast<char*>(part.iov_base) + count;
        part.iov_len -= count;
        message.msg_control = nullptr;
        message.msg_controllen = 0;
    }
}

Result<Message> receive_message(int socket, std::size_t max_bytes) {
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kMaxDescriptors)> control{};
    Message received;
    received.bytes.resize(max_bytes);
    iovec part{.iov_base = received.bytes.data(), .iov_len = max_bytes};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    ssize_t count = 0;
    while ((count = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC)) < 0) {
        if (errno == EAGAIN) return Error(ErrorKind::unavailable, "no message yet").set_error_number(EAGAIN);
        if (errno != EINTR) return last_error("receive on a unix socket");
    }
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        std::size_t descriptors = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < descriptors; ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof fd);
            received.descriptors.emplace_back(fd);
        }
    }
    if ((message.msg_flags & MSG_CTRUNC) != 0)
        return fail(ErrorKind::invalid_argument, "receive on a unix socket: more descriptors than allowed");
    received.bytes.resize(static_cast<std::size_t>(count));
    return received;
}

Result<std::size_t> send_now(int socket, std::span<const std::string_view> parts,
                             const std::vector<int>& descriptors) {
    TRY(check_count(descriptors));
    ControlBuffer control;
    std::array<iovec, 8> vectors{};
    std::size_t count = std::min(parts.size(), vectors.size());
    for (std::size_t i = 0; i < count; ++i)
        vectors[i] = {.iov_base = const_cast<char*>(parts[i].data()), .iov_len = parts[i].size()};
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = count;
    put_descriptors(message, control, descriptors);
    while (true) {
        ssize_t sent = ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0) return static_cast<std::size_t>(sent);
        if (errno == EAGAIN) return Error(ErrorKind::unavailable, "no room yet").set_error_number(EAGAIN);
        if (errno != EINTR) return last_error("send on a socket");
    }
}

Result<std::size_t> receive_now(int socket, char* buffer, std::size_t size) {
    while (true) {
        ssize_t count = ::recv(socket, buffer, size, MSG_DONTWAIT);
        if (count >= 0) return static_cast<std::size_t>(count);
        if (errno == EAGAIN) return Error(ErrorKind::unavailable, "nothing yet").set_error_number(EAGAIN);
        if (errno != EINTR) return last_error("receive on a socket");
    }
}

Result<> shut_down_writing(int socket) {
    if (::shutdown(socket, SHUT_WR) < 0 && errno != ENOTCONN) return last_error("shut down a socket");
    return {};
}

Result<bool> wait_readable(int fd, Deadline deadline) {
    pollfd waited{.fd = fd, .events = POLLIN, .revents = 0};
    while (true) {
        int ready = ::poll(&waited, 1, deadline.poll_timeout_ms());
        if (ready > 0) return true;
        if (ready == 0) return false;
        if (errno != EINTR) return last_error("poll descriptor", cat(fd));
    }
}

Result<Fd> take_port(Transport transport, std::uint32_t address, std::uint16_t port) {
    int type = transport == Transport::udp ? SOCK_DGRAM : SOCK_STREAM;
    int protocol = transport == Transport::sctp ? IPPROTO_SCTP : 0;
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(port);
    where.sin_addr.s_addr = htonl(address);
    auto bind_once = [&](bool reuse) -> Result<Fd> {
        Fd socket(::socket(AF_INET, type | SOCK_CLOEXEC, protocol));
        if (!socket) return last_error("make a socket");
        int on = reuse ? 1 : 0;
        ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where) < 0)
            return last_error("bind port", cat(port));
        return socket;
    };
    auto socket = bind_once(false);
    if (socket || socket.error().error_number() != EADDRINUSE || transport != Transport::tcp) return socket;
    // Connections of an earlier server that wait for their end (TIME_WAIT) are no reason; a server is,
    // and listening tells them apart.
    auto again = bind_once(true);
    if (!again || ::listen(again->get(), 1) < 0) return socket;
    return again;
}

}  // namespace tare::posix
