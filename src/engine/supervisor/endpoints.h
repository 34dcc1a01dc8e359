#pragma once

// What a create request asks of its place in a network.

#include "engine/container/config.h"
#include "engine/container/host_config.h"

namespace tare::supervisor {

/// invalid_argument or unimplemented, in Docker's words where it has some, for what an endpoint asks for and
/// would not get: names and addresses beyond what the default bridge gives, options of a driver, a MAC
/// address that is none. The MAC address of the network that the container starts in becomes the container's,
/// from where every start takes it: clients since API 1.44 send it with the endpoint.
Result<> take_endpoints(container::Config& config, const container::HostConfig& host_config,
                        const container::Endpoints& endpoints);

}  // namespace tare::supervisor
