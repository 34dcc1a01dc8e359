#include "base/fault.h"
#include "base/log.h"
#include "engine/network/bridge_networks.h"
#include "engine/network/flows.h"
#include "engine/network/network_rows.h"

namespace tare::network {

namespace {

std::vector<FirewallPort> published_by(const std::vector<EndpointRow>& rows,
                                       const std::vector<PublishedPort>& ports) {
    std::vector<FirewallPort> published;
    if (rows.empty()) return published;
    for (auto& port : ports)
        published.push_back({.port = port, .address = rows.front().endpoint.address});
    return published;
}

}  // namespace

/// A kernel that tells no flows lets old ones run out by themselves.
void note_flows(const Result<>& forgotten) {
    if (!forgotten)
        log::failure("clients of a UDP port may wait for its old container", forgotten.error(),
                     log::Level::debug);
}

Result<> BridgeNetworks::detach(const std::string& container) {
    TRY(check_container(container));
    std::vector<EndpointRow> rows;
    std::vector<PublishedPort> ports;
    TRY(database_->read([&](store::Transaction& transaction) -> Result<> {
        rows = TRY(endpoints_of(transaction, container));
        ports = TRY(network::ports_of(transaction, container));
        return {};
    }));
    bool is_unpublished = ports.empty() || firewall_.remove_ports(published_by(rows, ports));
    note_flows(forget_flows(ports));
    TRY(fault::point("network.detach.unpublished"));
    // Known as lingering before the row is gone, so that nobody is given the address in between.
    for (auto& row : rows)
        bridges_->let_go(row);
    if (!rows.empty() || !ports.empty())
        TRY(database_->write(
            [&](store::Transaction& transaction) { return delete_container(transaction, container); }));
    TRY(fault::point("network.detach.rows_removed"));
    if (!is_unpublished) TRY(apply_firewall());
    ports_.release(container);
    return remove_namespace(netns_path(container));
}

/// What an attach that failed may have made. The failure that is told is the attach's own.
void BridgeNetworks::undo(const std::string& container) {
    auto detached = detach(container);
    if (!detached) log::failure("an attachment that failed is not undone wholly", detached.error());
}

Result<> BridgeNetworks::disconnect(const std::string& container, const std::string& network_name) {
    TRY(check_container(container));
    Network network = TRY(get(network_name));
    std::vector<EndpointRow> left;
    std::string cable;
    TRY(database_->write([&](store::Transaction& transaction) -> Result<> {
        for (auto& row : TRY(endpoints_of(transaction, container))) {
            if (row.endpoint.network_id == network.id) {
                cable = row.host_interface;
            } else {
                left.push_back(row);
            }
        }
        return delete_endpoint(transaction, network.id, container);
    }));
    if (cable.empty())
        return fail(ErrorKind::not_found, "container ", container, " is not connected to network ",
                    network.name);
    TRY(bridges_->unplug(cable));
    if (left.empty()) return apply_firewall();
    // The way out, and the way in for published ports, is by the first network that is left.
    Network next = TRY(get(left.front().endpoint.network_id));
    OpenNamespace inside = TRY(open_namespace(netns_path(container)));
    auto link = TRY(inside.routes.link(left.front().endpoint.interface));
    if (link && !next.is_internal)
        TRY(inside.routes.add_default_route(link->index, left.front().endpoint.gateway));
    return apply_firewall();
}

Result<std::vector<Counters>> BridgeNetworks::counters(const std::string& container) {
    TRY(check_container(container));
    auto rows = TRY(database_->read(
        [&](store::Transaction& transaction) { return endpoints_of(transaction, container); }));
    std::vector<Counters> all;
    for (auto& row : rows) {
        auto counted = TRY(bridges_->counters(row.host_interface));
        if (!counted) continue;
        // What the host's end receives, the container has sent.
        all.push_back({.interface = row.endpoint.interface,
                       .rx_bytes = counted->tx_bytes,
                       .rx_packets = counted->tx_packets,
                       .rx_errors = counted->tx_errors,
                       .rx_dropped = counted->tx_dropped,
                       .tx_bytes = counted->rx_bytes,
                       .tx_packets = counted->rx_packets,
                       .tx_errors = counted->rx_errors,
                       .tx_dropped = counted->rx_dropped});
    }
    return all;
}

}  // namespace tare::network
