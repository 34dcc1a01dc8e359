#include <algorithm>
#include <set>

#include "base/fault.h"
#include "base/log.h"
#include "engine/network/address_pool.h"
#include "engine/network/bridge_networks.h"
#include "engine/network/flows.h"
#include "engine/network/network_rows.h"
#include "posix/file.h"
#include "posix/random.h"

namespace tare::network {

std::string BridgeNetworks::netns_path(const std::string& container) const {
    return cat(config_.state_directory, "/netns/", container);
}

Result<Attachment> BridgeNetworks::attach(const AttachRequest& request) {
    TRY(check_container(request.container));
    if (request.mode.kind == Mode::Kind::host) return Attachment{};
    if (request.mode.kind == Mode::Kind::container) return join_other(request.mode.target);
    if (auto present = TRY(find(request.container))) return std::move(*present);

    auto planned = TRY(plan(request));
    for (auto& endpoint : planned)
        TRY(ensure_bridge(endpoint.network));
    if (!planned.empty()) TRY(ensure_firewall());
    HeldPorts held;
    if (!planned.empty()) held = TRY(ports_.take(request.ports));
    undo(request.container);  // rows of an attachment whose namespace went with a reboot
    TRY(claim(planned, request.container, held.ports));
    auto attachment = set_up(request.container, planned, std::move(held));
    if (!attachment) undo(request.container);
    return attachment;
}

Result<Attachment> BridgeNetworks::join_other(const std::string& other) const {
    TRY(check_container(other));
    std::string path = netns_path(other);
    if (!is_namespace(path))
        return fail(ErrorKind::failed_precondition,
                    "cannot join network of a non running container: ", cut(other, '/').after.value_or(""));
    return Attachment{.netns_path = path, .endpoints = {}, .ports = {}};
}

Result<std::vector<BridgeNetworks::Planned>> BridgeNetworks::plan(const AttachRequest& request) {
    std::vector<Planned> planned;
    if (request.mode.kind != Mode::Kind::network) return planned;
    Network first = TRY(get(request.mode.target));
    if (!has_bridge(first))
        return fail(ErrorKind::invalid_argument, "network ", first.name, " cannot be attached to");
    auto is_first = [&](const EndpointRequest& endpoint) {
        return endpoint.network == first.name || endpoint.network == first.id ||
               endpoint.network == request.mode.target;
    };
    auto details = std::ranges::find_if(request.endpoints, is_first);
    EndpointRequest asked = details == request.endpoints.end() ? EndpointRequest{} : *details;
    planned.push_back(TRY(plan_endpoint(first, asked, request.container, 0)));
    for (auto& endpoint : request.endpoints) {
        if (is_first(endpoint)) continue;
        Network network = TRY(get(endpoint.network));
        planned.push_back(
            TRY(plan_endpoint(network, endpoint, request.container, static_cast<int>(planned.size()))));
    }
    return planned;
}

Result<BridgeNetworks::Planned> BridgeNetworks::plan_endpoint(const Network& network,
                                                              const EndpointRequest& request,
                                                              const std::string& container, int index) {
    if (!has_bridge(network))
        return fail(ErrorKind::invalid_argument, "network ", network.name, " cannot be one of several");
    if (request.address && network.is_predefined())
        return fail(ErrorKind::invalid_argument,
                    "user specified IP address is supported on user defined networks only");
    if (request.address && !is_host_address(network.subnet, *request.address))
        return fail(ErrorKind::invalid_argument, "address ", request.address->text(), " is none of network ",
                    network.name, " (", network.subnet.text(), ")");
    if (request.mac && request.mac->is_multicast())
        return fail(ErrorKind::invalid_argument, "MAC address ", request.mac->text(), " is a multicast one");
    Planned planned{.network = network, .request = request, .row = {.container = container}};
    Endpoint& endpoint = planned.row.endpoint;
    endpoint.network_id = network.id;
    endpoint.network_name = network.name;
    endpoint.endpoint_id = TRY(posix::random_hex(32));
    endpoint.interface = cat("eth", index);
    endpoint.aliases = request.aliases;
    // The cable of an earlier life may still be there, so no name is used twice.
    planned.row.host_interface = "veth" + endpoint.endpoint_id.substr(0, 11);
    return planned;
}

Result<> BridgeNetworks::claim(std::vector<Planned>& planned, const std::string& container,
                               const std::vector<PublishedPort>& ports) {
    if (planned.empty()) return {};
    return database_->write([&](store::Transaction& transaction) -> Result<> {
        for (auto& endpoint : planned) {
            TRY(choose_addresses(transaction, endpoint));
            TRY(insert_endpoint(transaction, endpoint.row));
        }
        for (auto& port : ports)
            TRY(insert_port(transaction, container, port));
        return {};
    });
}

/// The network is read again: it may have been removed, or given another subnet, since it was looked up.
Result<> BridgeNetworks::choose_addresses(store::Transaction& transaction, Planned& planned) {
    planned.network = TRY(find_network(transaction, planned.network.id));
    auto& network = planned.network;
    Endpoint& endpoint = planned.row.endpoint;
    endpoint.prefix = network.subnet.prefix;
    endpoint.gateway = network.gateway;
    std::set<Ipv4> taken{network.gateway};
    for (auto& row : TRY(endpoints_in(transaction, network.id)))
        taken.insert(row.endpoint.address);
    if (planned.request.address) {
        endpoint.address = *planned.request.address;
        if (taken.contains(endpoint.address))
            return fail(ErrorKind::already_exists, "Address already in use: ", endpoint.address.text(),
                        " on network ", network.name);
    } else {
        auto free = choose_address(network.subnet, network.range, [&](Ipv4 address) {
            return taken.contains(address) || bridges_->is_lingering(network.id, address);
        });
        if (!free)
            return fail(ErrorKind::resource_exhausted, "network ", network.name,
                        ": no available IPv4 addresses in ", network.range.text());
        endpoint.address = *free;
    }
    endpoint.mac = planned.request.mac.value_or(Mac::of_address(endpoint.address));
    return {};
}

Result<Attachment> BridgeNetworks::set_up(const std::string& container, std::vector<Planned>& planned,
                                          HeldPorts held) {
    std::string path = netns_path(container);
    TRY(fault::point("network.attach.claimed"));
    TRY(posix::make_directories(path.substr(0, path.rfind('/')), 0700));
    OpenNamespace inside = TRY(namespaces_.take());
    TRY(pin_namespace(inside, path));
    TRY(fault::point("network.attach.namespace_made"));
    Attachment attachment{.netns_path = path, .endpoints = {}, .ports = held.ports};
    for (auto& endpoint : planned) {
        bool is_first = attachment.endpoints.empty();
        TRY_CONTEXT(bridges_->plug(endpoint.network, endpoint.row, inside,
                                   {.has_default_route = is_first && !endpoint.network.is_internal,
                                    .has_ports = is_first && !held.ports.empty()}),
                    cat("attach to network ", endpoint.network.name));
        attachment.endpoints.push_back(endpoint.row.endpoint);
    }
    TRY(fault::point("network.attach.plugged"));
    if (held.ports.empty()) return attachment;
    std::vector<FirewallPort> published;
    for (auto& port : held.ports)
        published.push_back({.port = port, .address = attachment.endpoints.front().address});
    ports_.keep(container, std::move(held));
    // Whoever flushed the table, or a crash, may have left another state than ours.
    if (!firewall_.add_ports(published)) TRY(apply_firewall());
    note_flows(forget_flows(attachment.ports));
    TRY(fault::point("network.attach.published"));
    return attachment;
}

Result<std::optional<Attachment>> BridgeNetworks::find(const std::string& container) {
    TRY(check_container(container));
    std::string path = netns_path(container);
    if (!is_namespace(path)) return std::optional<Attachment>();
    Attachment attachment{.netns_path = path, .endpoints = {}, .ports = {}};
    TRY(database_->read([&](store::Transaction& transaction) -> Result<> {
        for (auto& row : TRY(endpoints_of(transaction, container)))
            attachment.endpoints.push_back(row.endpoint);
        attachment.ports = TRY(network::ports_of(transaction, container));
        return {};
    }));
    return std::optional(std::move(attachment));
}

Result<Endpoint> BridgeNetworks::connect(const std::string& container, const EndpointRequest& request) {
    TRY(check_container(container));
    std::string path = netns_path(container);
    if (!is_namespace(path))
        return fail(ErrorKind::failed_precondition, "container ", container, " is not running");
    Network network = TRY(get(request.network));
    auto rows = TRY(database_->read(
        [&](store::Transaction& transaction) { return endpoints_of(transaction, container); }));
    int index = 0;
    for (auto& row : rows) {
        if (row.endpoint.network_id == network.id)
            return fail(ErrorKind::already_exists, "endpoint with name ", container,
                        " already exists in network ", network.name);
        index = std::max(index, parse_integer<int>(row.endpoint.interface.substr(3)).value_or(0) + 1);
    }
    std::vector<Planned> planned;
    planned.push_back(TRY(plan_endpoint(network, request, container, index)));
    TRY(ensure_bridge(planned.front().network));
    TRY(ensure_firewall());
    TRY(claim(planned, container, {}));
    auto& endpoint = planned.front();
    auto inside = open_namespace(path);
    PlugOptions options{.has_default_route = rows.empty() && !endpoint.network.is_internal};
    auto plugged =
        inside ? bridges_->plug(endpoint.network, endpoint.row, *inside, options) : Result<>(inside.error());
    if (plugged) return endpoint.row.endpoint;
    auto forgotten = database_->write(
        [&](store::Transaction& transaction) { return delete_endpoint(transaction, network.id, container); });
    if (!forgotten) log::failure("an address stays taken", forgotten.error());
    auto removed = bridges_->unplug(endpoint.row.host_interface);
    if (!removed) log::failure("a link stays", removed.error());
    return plugged.error().prepend(cat("connect to network ", network.name));
}

}  // namespace tare::network
