#include "engine/network/network_rows.h"

#include <algorithm>

#include "base/json.h"
#include "store/labels.h"

namespace tare::network {

namespace {

#define NETWORK_COLUMNS "id, name, driver, labels, document, created_at"
#define ENDPOINT_COLUMNS                                                        \
    "e.network, n.name, e.container, e.ip, e.mac, e.document, n.document FROM " \
    "network_endpoints e JOIN networks n ON n.id = e.network"

Error damaged(std::string_view what, std::string_view which) {
    return fail(ErrorKind::data_loss, "row of ", what, " ", quote(which), ": not what was written");
}

template <class T>
Result<T> expect(std::optional<T> value, std::string_view what, std::string_view which) {
    if (!value) return damaged(what, which);
    return std::move(*value);
}

std::string document_of(const Network& network) {
    Json document = Json::object();
    if (network.driver == "bridge") {
        document.set("subnet", network.subnet.text());
        document.set("range", network.range.text());
        document.set("gateway", network.gateway.text());
        document.set("interface", network.interface);
    }
    document.set("internal", network.is_internal);
    document.set("attachable", network.is_attachable);
    document.set("options", store::to_text(network.options));
    return dump(document);
}

/// Subnet and gateway out of a network's document.
Result<> read_addresses(const JsonView& view, Network& network) {
    auto& name = network.name;
    network.subnet = TRY(expect(Subnet::parse(TRY(view.string("subnet"))), "network", name));
    network.range = TRY(expect(Subnet::parse(TRY(view.string("range"))), "network", name));
    network.gateway = TRY(expect(Ipv4::parse(TRY(view.string("gateway"))), "network", name));
    network.interface = TRY(view.string("interface"));
    return {};
}

Result<Network> read_network(const store::Statement& columns) {
    Network network;
    network.id = columns.text(0);
    network.name = columns.text(1);
    network.driver = columns.text(2);
    network.labels = TRY(store::labels_of_text(columns.text(3)));
    network.created = columns.time(5);
    Json document = TRY(parse_json(columns.text(4), {.what = "row of a network"}));
    JsonView view(document, cat("network ", network.name));
    if (network.driver == "bridge") TRY(read_addresses(view, network));
    network.is_internal = TRY(view.boolean_or("internal", false));
    network.is_attachable = TRY(view.boolean_or("attachable", false));
    network.options = TRY(store::labels_of_text(TRY(view.string_or("options", "{}"))));
    return network;
}

Result<EndpointRow> read_endpoint(const store::Statement& columns) {
    EndpointRow row;
    Endpoint& endpoint = row.endpoint;
    endpoint.network_id = columns.text(0);
    endpoint.network_name = columns.text(1);
    row.container = columns.text(2);
    endpoint.address = TRY(expect(Ipv4::parse(columns.text(3)), "endpoint of", row.container));
    endpoint.mac = TRY(expect(Mac::parse(columns.text(4)), "endpoint of", row.container));
    Json document = TRY(parse_json(columns.text(5), {.what = "row of an endpoint"}));
    JsonView view(document, cat("endpoint of ", row.container));
    endpoint.endpoint_id = TRY(view.string("id"));
    endpoint.interface = TRY(view.string("interface"));
    row.host_interface = TRY(view.string("hostInterface"));
    endpoint.aliases = TRY(view.strings("aliases"));
    Json network_document = TRY(parse_json(columns.text(6), {.what = "row of a network"}));
    Network network{.name = endpoint.network_name};
    TRY(read_addresses(JsonView(network_document, network.name), network));
    endpoint.prefix = network.subnet.prefix;
    endpoint.gateway = network.gateway;
    return row;
}

Result<std::vector<EndpointRow>> read_endpoints(Result<store::Statement> query) {
    auto rows = TRY(std::move(query));
    std::vector<EndpointRow> endpoints;
    while (TRY(rows.next()))
        endpoints.push_back(TRY(read_endpoint(rows)));
    return endpoints;
}

Result<PublishedPort> read_port(const store::Statement& columns) {
    std::string which = cat(columns.text(1), ":", columns.integer(2));
    PublishedPort port;
    port.protocol = TRY(expect(parse_protocol(columns.text(0)), "port", which));
    port.container_port = static_cast<std::uint16_t>(columns.integer(3));
    port.host_ip = TRY(expect(Ipv4::parse(columns.text(1)), "port", which));
    port.host_port = static_cast<std::uint16_t>(columns.integer(2));
    return port;
}

}  // namespace

Result<> insert_network(store::Transaction& transaction, const Network& network) {
    auto inserted = transaction.execute(
        "INSERT INTO networks (id, name, driver, labels, document, created_at) VALUES (?, ?, ?, ?, ?, ?)",
        {network.id, network.name, network.driver, store::to_text(network.labels), document_of(network),
         network.created});
    if (inserted) return {};
    if (inserted.error().is(ErrorKind::already_exists))
        return fail(ErrorKind::already_exists, "network with name ", network.name, " already exists");
    return inserted.error();
}

Result<> update_network(store::Transaction& transaction, const Network& network) {
    TRY(transaction.execute("UPDATE networks SET document = ? WHERE id = ?",
                            {document_of(network), network.id}));
    return {};
}

Result<> delete_network(store::Transaction& transaction, const std::string& id) {
    TRY(transaction.execute("DELETE FROM networks WHERE id = ?", {id}));
    return {};
}

Result<std::vector<Network>> all_networks(store::Transaction& transaction) {
    auto rows = TRY(transaction.query("SELECT " NETWORK_COLUMNS " FROM networks ORDER BY created_at, name"));
    std::vector<Network> networks;
    while (TRY(rows.next()))
        networks.push_back(TRY(read_network(rows)));
    return networks;
}

Result<Network> find_network(store::Transaction& transaction, const std::string& name_or_id) {
    auto exact = TRY(transaction.query("SELECT " NETWORK_COLUMNS
                                       " FROM networks WHERE name = ?1 OR id = ?1 ORDER BY name != ?1",
                                       {name_or_id}));
    if (TRY(exact.next())) return read_network(exact);
    std::optional<Network> found;
    for (auto& network : TRY(all_networks(transaction))) {
        if (name_or_id.empty() || !network.id.starts_with(name_or_id)) continue;
        if (found)
            return fail(ErrorKind::invalid_argument, "network ", name_or_id, " is ambiguous (", found->name,
                        ", ", network.name, ")");
        found = std::move(network);
    }
    if (!found) return fail(ErrorKind::not_found, "network ", name_or_id, " not found");
    return std::move(*found);
}

Result<> insert_endpoint(store::Transaction& transaction, const EndpointRow& row) {
    auto& endpoint = row.endpoint;
    Json document = Json::object();
    document.set("id", endpoint.endpoint_id);
    document.set("interface", endpoint.interface);
    document.set("hostInterface", row.host_interface);
    document.set("aliases", Json(endpoint.aliases));
    auto inserted = transaction.execute(
        "INSERT INTO network_endpoints (network, container, ip, mac, document, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        {endpoint.network_id, row.container, endpoint.address.text(), endpoint.mac.text(), dump(document),
         now()});
    if (inserted) return {};
    if (inserted.error().is(ErrorKind::already_exists))
        return fail(ErrorKind::already_exists, "network ", endpoint.network_name, ": the address ",
                    endpoint.address.text(), " is in use, or the container is there already");
    return inserted.error();
}

Result<> delete_endpoint(store::Transaction& transaction, const std::string& network,
                         const std::string& container) {
    TRY(transaction.execute("DELETE FROM network_endpoints WHERE network = ? AND container = ?",
                            {network, container}));
    return {};
}

Result<std::vector<EndpointRow>> endpoints_of(store::Transaction& transaction, const std::string& container) {
    auto rows = TRY(
        read_endpoints(transaction.query("SELECT " ENDPOINT_COLUMNS " WHERE e.container = ?", {container})));
    std::ranges::sort(rows, [](const EndpointRow& a, const EndpointRow& b) {
        auto& left = a.endpoint.interface;
        auto& right = b.endpoint.interface;
        return std::pair(left.size(), left) < std::pair(right.size(), right);  // eth2 before eth10
    });
    return rows;
}

Result<std::vector<EndpointRow>> endpoints_in(store::Transaction& transaction, const std::string& network) {
    return read_endpoints(transaction.query("SELECT " ENDPOINT_COLUMNS " WHERE e.network = ?", {network}));
}

Result<std::vector<EndpointRow>> all_endpoints(store::Transaction& transaction) {
    return read_endpoints(transaction.query("SELECT " ENDPOINT_COLUMNS));
}

Error port_taken(const PublishedPort& port) {
    Error error = fail(ErrorKind::failed_precondition, "Bind for ", port.host_ip.text(), ":", port.host_port,
                       " failed: port is already allocated");
    return error.set_hint("publish another host port, or stop what uses this one");
}

Result<> insert_port(store::Transaction& transaction, const std::string& container,
                     const PublishedPort& port) {
    auto overlapping =
        TRY(transaction.query("SELECT 1 FROM published_ports WHERE protocol = ?1 AND host_port = ?2"
                              " AND (host_ip = ?3 OR host_ip = '0.0.0.0' OR ?3 = '0.0.0.0') LIMIT 1",
                              {to_string(port.protocol), port.host_port, port.host_ip.text()}));
    if (TRY(overlapping.next())) return port_taken(port);
    TRY(transaction.execute(
        "INSERT INTO published_ports (protocol, host_ip, host_port, container,"
        " container_port) VALUES (?, ?, ?, ?, ?)",
        {to_string(port.protocol), port.host_ip.text(), port.host_port, container, port.container_port}));
    return {};
}

Result<std::vector<PublishedPort>> ports_of(store::Transaction& transaction, const std::string& container) {
    auto rows =
        TRY(transaction.query("SELECT protocol, host_ip, host_port, container_port FROM "
                              "published_ports WHERE container = ? ORDER BY container_port, protocol,"
                              " host_ip, host_port",
                              {container}));
    std::vector<PublishedPort> ports;
    while (TRY(rows.next()))
        ports.push_back(TRY(read_port(rows)));
    return ports;
}

Result<std::vector<PortRow>> all_ports(store::Transaction& transaction) {
    auto rows =
        TRY(transaction.query("SELECT p.protocol, p.host_ip, p.host_port, p.container_port, p.container,"
                              " (SELECT ip FROM network_endpoints e WHERE e.container = p.container"
                              "  ORDER BY length(json_extract(e.document, '$.interface')),"
                              "  json_extract(e.document, '$.interface') LIMIT 1) FROM published_ports p"));
    std::vector<PortRow> ports;
    while (TRY(rows.next())) {
        if (rows.is_null(5)) continue;  // a container that is going away
        auto& row = ports.emplace_back();
        row.container = rows.text(4);
        row.port = TRY(read_port(rows));
        row.address = TRY(expect(Ipv4::parse(rows.text(5)), "port of", rows.text(4)));
    }
    return ports;
}

Result<> delete_container(store::Transaction& transaction, const std::string& container) {
    TRY(transaction.execute("DELETE FROM published_ports WHERE container = ?", {container}));
    TRY(transaction.execute("DELETE FROM network_endpoints WHERE container = ?", {container}));
    return {};
}

}  // namespace tare::network
