#include "engine/network/port_holder.h"

#include <cerrno>

#include "base/log.h"
#include "engine/network/network_rows.h"
#include "posix/file.h"
#include "posix/socket.h"

namespace tare::network {

namespace {

struct PortRange {
    std::uint16_t first = 32768;
    std::uint16_t last = 60999;
};

/// Where the kernel takes the ports of the host's own clients from.
PortRange ephemeral_range() {
    PortRange range;
    auto text = posix::read_file("/proc/sys/net/ipv4/ip_local_port_range", 64);
    if (!text) return range;
    auto words = split_words(*text);
    if (words.size() != 2) return range;
    auto first = parse_integer<std::uint16_t>(words[0]);
    auto last = parse_integer<std::uint16_t>(words[1]);
    if (first && last && *first <= *last) range = {*first, *last};
    return range;
}

posix::Transport transport_of(Protocol protocol) {
    switch (protocol) {
        case Protocol::udp:
            return posix::Transport::udp;
        case Protocol::sctp:
            return posix::Transport::sctp;
        case Protocol::tcp:
            break;
    }
    return posix::Transport::tcp;
}

/// A socket that holds the port; none where the kernel does not speak the protocol itself (it can
/// redirect it all the same).
Result<posix::Fd> bind_port(const PublishedPort& port) {
    auto socket = posix::take_port(transport_of(port.protocol), port.host_ip.value, port.host_port);
    if (socket) return socket;
    int number = socket.error().error_number();
    if (number == EPROTONOSUPPORT || number == ESOCKTNOSUPPORT) return posix::Fd();
    if (number == EADDRINUSE) return port_taken(port);
    return socket.error().prepend(
        cat("publish ", port.host_ip.text(), ":", port.host_port, "/", to_string(port.protocol)));
}

bool is_taken(const Error& error) {
    return error.is(ErrorKind::failed_precondition);
}

}  // namespace

Result<HeldPorts> PortHolder::take(const std::vector<PortRequest>& requests) {
    HeldPorts held;
    for (auto& request : requests) {
        if (request.first_host_port == 0) {
            TRY(take_any(request, held));
        } else {
            TRY(take_one(request, held));
        }
    }
    return held;
}

Result<> PortHolder::take_one(const PortRequest& request, HeldPorts& held) {
    PublishedPort port{
        .protocol = request.protocol, .container_port = request.container_port, .host_ip = request.host_ip};
    std::uint32_t last = std::max(request.first_host_port, request.last_host_port);
    for (std::uint32_t number = request.first_host_port; number <= last; ++number) {
        port.host_port = static_cast<std::uint16_t>(number);
        auto socket = bind_port(port);
        if (socket) {
            held.ports.push_back(port);
            held.sockets.push_back(std::move(*socket));
            return {};
        }
        if (!is_taken(socket.error()) || number == last) return socket.error();
    }
    return {};
}

Result<> PortHolder::take_any(const PortRequest& request, HeldPorts& held) {
    PortRange range = ephemeral_range();
    PublishedPort port{
        .protocol = request.protocol, .container_port = request.container_port, .host_ip = request.host_ip};
    std::uint32_t count = std::uint32_t{range.last} - range.first + 1;
    for (std::uint32_t i = 0; i < count; ++i) {
        {
            // One after another, so that a port that just became free is not someone else's at once.
            std::scoped_lock lock(mutex_);
            if (next_ephemeral_ < range.first || next_ephemeral_ > range.last) next_ephemeral_ = range.first;
            port.host_port = next_ephemeral_++;
        }
        auto socket = bind_port(port);
        if (!socket && is_taken(socket.error())) continue;
        if (!socket) return socket.error();
        held.ports.push_back(port);
        held.sockets.push_back(std::move(*socket));
        return {};
    }
    return fail(ErrorKind::failed_precondition, "publish port ", request.container_port,
                ": all ports are allocated");
}

void PortHolder::keep(const std::string& container, HeldPorts held) {
    if (held.sockets.empty()) return;
    std::scoped_lock lock(mutex_);
    auto& sockets = sockets_[container];
    for (auto& socket : held.sockets)
        sockets.push_back(std::move(socket));
}

void PortHolder::release(const std::string& container) {
    std::scoped_lock lock(mutex_);
    sockets_.erase(container);
}

void PortHolder::keep_again(const std::string& container, const std::vector<PublishedPort>& ports) {
    HeldPorts held;
    for (auto& port : ports) {
        auto socket = bind_port(port);
        if (socket) {
            held.sockets.push_back(std::move(*socket));
        } else {
            log::failure("a published port is in use by another program", socket.error(),
                         log::Level::warning);
        }
    }
    release(container);
    keep(container, std::move(held));
}

}  // namespace tare::network
