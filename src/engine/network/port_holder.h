#pragma once

// Published ports are bound by sockets of ours, which nobody reads: no other program of the host can take
// the port while a container has it, and a port that another program has is found out before the
// container starts. The packets never reach the socket, since the firewall redirects them before.
//
// There is no docker-proxy: a container reaches a published port of the host, and itself, by the
// firewall's masquerade (firewall.h).

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "engine/network/networks.h"
#include "posix/fd.h"

namespace tare::network {

struct HeldPorts {
    std::vector<PublishedPort> ports;
    std::vector<posix::Fd> sockets;
};

/// Thread-safe.
class PortHolder {
  public:
    /// Binds every port, choosing where the request leaves a choice. failed_precondition in Docker's words
    /// if one is taken ("all ports are allocated" for a range).
    Result<HeldPorts> take(const std::vector<PortRequest>& requests);
    /// Holds them until release(): for the time that the container is attached.
    void keep(const std::string& container, HeldPorts held);
    void release(const std::string& container);
    /// After a restart: binds what the rows say. Ports that another program took meanwhile are logged; the
    /// container keeps them in the firewall.
    void keep_again(const std::string& container, const std::vector<PublishedPort>& ports);

  private:
    Result<> take_one(const PortRequest& request, HeldPorts& held);
    Result<> take_any(const PortRequest& request, HeldPorts& held);

    std::mutex mutex_;
    std::map<std::string, std::vector<posix::Fd>> sockets_;
    std::uint16_t next_ephemeral_ = 0;
};

}  // namespace tare::network
