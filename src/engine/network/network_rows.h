#pragma once

// Networks, endpoints and published ports as rows of the store. Each function is a step of the caller's
// transaction.

#include <string>
#include <vector>

#include "engine/network/networks.h"
#include "store/database.h"

namespace tare::network {

/// An endpoint with what only the machine needs to know of it.
struct EndpointRow {
    std::string container;
    std::string host_interface;  ///< the port of the bridge
    Endpoint endpoint;
};
struct PortRow {
    std::string container;
    PublishedPort port;
    Ipv4 address;  ///< of the container
};

Result<> insert_network(store::Transaction& transaction, const Network& network);
Result<> update_network(store::Transaction& transaction, const Network& network);
Result<> delete_network(store::Transaction& transaction, const std::string& id);
Result<std::vector<Network>> all_networks(store::Transaction& transaction);
/// By name, id, or an unambiguous prefix of an id. not_found: "network NAME not found".
Result<Network> find_network(store::Transaction& transaction, const std::string& name_or_id);

/// already_exists if the address is another container's.
Result<> insert_endpoint(store::Transaction& transaction, const EndpointRow& row);
Result<> delete_endpoint(store::Transaction& transaction, const std::string& network,
                         const std::string& container);
/// In the order of the interfaces' names.
Result<std::vector<EndpointRow>> endpoints_of(store::Transaction& transaction, const std::string& container);
Result<std::vector<EndpointRow>> endpoints_in(store::Transaction& transaction, const std::string& network);
Result<std::vector<EndpointRow>> all_endpoints(store::Transaction& transaction);

/// failed_precondition in Docker's words if another row has the port on an address that overlaps.
Result<> insert_port(store::Transaction& transaction, const std::string& container,
                     const PublishedPort& port);
Result<std::vector<PublishedPort>> ports_of(store::Transaction& transaction, const std::string& container);
/// With the address of each container's first endpoint.
Result<std::vector<PortRow>> all_ports(store::Transaction& transaction);
/// Removes endpoints and ports.
Result<> delete_container(store::Transaction& transaction, const std::string& container);

/// "Bind for 0.0.0.0:8080 failed: port is already allocated".
Error port_taken(const PublishedPort& port);

}  // namespace tare::network
