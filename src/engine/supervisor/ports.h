#pragma once

// The ports of a create request as the network engine takes them.

#include "engine/container/host_config.h"
#include "engine/network/networks.h"

namespace tare::supervisor {

/// "80/tcp" (tcp where no protocol is named).
struct ContainerPort {
    std::uint16_t port = 0;
    network::Protocol protocol = network::Protocol::tcp;
};
/// invalid_argument in Docker's words.
Result<ContainerPort> parse_container_port(std::string_view text);

/// What is to be published: the bindings, and with publish_all_ports each exposed port on any free one.
Result<std::vector<network::PortRequest>> plan_ports(const container::Config& config,
                                                     const container::HostConfig& host_config);

/// `NetworkSettings.Ports`: the published ones where they are, and exposed ones without a binding.
container::PortMap show_ports(const container::Config& config,
                              const std::vector<network::PublishedPort>& published);

}  // namespace tare::supervisor
