#pragma once

#include <vector>

#include "engine/network/networks.h"

namespace tare::network {

/// Makes the kernel forget the flows (conntrack entries) to published UDP ports. A client that keeps sending
/// keeps its flow alive, and with it the container that the port led to when it began, or none.
Result<> forget_flows(const std::vector<PublishedPort>& ports);

}  // namespace tare::network
