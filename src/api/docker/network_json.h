#pragma once

#include <string>
#include <utility>
#include <vector>

#include "api/docker/version.h"
#include "base/json.h"
#include "engine/network/networks.h"

namespace tare::docker {

/// A container on a network: id, name, endpoint.
struct NetworkUser {
    std::string id;
    std::string name;
    network::Endpoint endpoint;
};

/// An element of GET /networks (without users) and GET /networks/{id}.
Json network_document(const network::Network& network, const std::vector<NetworkUser>& users,
                      ApiVersion version);

/// The body of POST /networks/create.
Result<network::NetworkRequest> parse_network_request(const JsonView& body);

}  // namespace tare::docker
