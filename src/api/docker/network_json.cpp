#include "api/docker/network_json.h"

#include "base/text.h"

namespace tare::docker {

namespace {

Json map_document(const network::Labels& map) {
    Json document = Json::object();
    for (const auto& [key, value] : map)
        document.set(key, value);
    return document;
}

Json address_document(const network::Network& network) {
    Json ranges = Json::array();
    if (network.driver == "bridge") {
        Json range = Json::object().set("Subnet", network.subnet.text());
        if (network.range != network.subnet && network.range.prefix != 0)
            range.set("IPRange", network.range.text());
        ranges.push(std::move(range.set("Gateway", network.gateway.text())));
    }
    return Json::object().set("Driver", "default").set("Options", nullptr).set("Config", std::move(ranges));
}

Json user_document(const NetworkUser& user) {
    Json document = Json::object().set("Name", user.name).set("EndpointID", user.endpoint.endpoint_id);
    document.set("MacAddress", user.endpoint.mac.text());
    document.set("IPv4Address", cat(user.endpoint.address.text(), '/', user.endpoint.prefix));
    return document.set("IPv6Address", "");
}

Result<> read_addresses(const JsonView& body, network::NetworkRequest& request) {
    auto ipam = TRY(body.object("IPAM"));
    if (!ipam) return {};
    if (std::string driver = TRY(ipam->string_or("Driver", "")); !driver.empty() && driver != "default")
        return fail(ErrorKind::not_found, "ipam driver ", quote(driver), " not found");
    return ipam->each("Config", [&](const JsonView& range) -> Result<> {
        std::string subnet = TRY(range.string_or("Subnet", ""));
        if (subnet.contains(':')) return fail(ErrorKind::unimplemented, "IPv6 networks are not served yet");
        if (request.subnet)
            return fail(ErrorKind::unimplemented,
                        "a network has one IPv4 subnet here, and a second one was given");
        request.subnet = network::Subnet::parse(subnet);
        if (!subnet.empty() && !request.subnet)
            return fail(ErrorKind::invalid_argument, "invalid subnet ", subnet,
                        ": invalid CIDR block notation");
        if (std::string text = TRY(range.string_or("IPRange", "")); !text.empty()) {
            request.range = network::Subnet::parse(text);
            if (!request.range) return fail(ErrorKind::invalid_argument, "invalid ip-range ", text);
        }
        if (std::string text = TRY(range.string_or("Gateway", "")); !text.empty()) {
            request.gateway = network::Ipv4::parse(text);
            if (!request.gateway) return fail(ErrorKind::invalid_argument, "invalid gateway ", text);
        }
        return {};
    });
}

}  // namespace

Json network_document(const network::Network& network, const std::vector<NetworkUser>& users,
                      ApiVersion version) {
    Json containers = Json::object();
    for (const NetworkUser& user : users)
        containers.set(user.id, user_document(user));
    Json document = Json::object().set("Name", network.name).set("Id", network.id);
    document.set("Created", format_rfc3339(network.created))
        .set("Scope", "local")
        .set("Driver", network.driver);
    if (version >= ApiVersion{1, 48}) document.set("EnableIPv4", true);
    document.set("EnableIPv6", false).set("IPAM", address_document(network));
    document.set("Internal", network.is_internal).set("Attachable", network.is_attachable);
    document.set("Ingress", false)
        .set("ConfigFrom", Json::object().set("Network", ""))
        .set("ConfigOnly", false);
    document.set("Containers", std::move(containers)).set("Options", map_document(network.options));
    return document.set("Labels", map_document(network.labels));
}

Result<network::NetworkRequest> parse_network_request(const JsonView& body) {
    network::NetworkRequest request;
    request.name = TRY(body.string_or("Name", ""));
    std::string driver = TRY(body.string_or("Driver", ""));
    if (!driver.empty()) request.driver = driver;
    request.is_internal = TRY(body.boolean_or("Internal", false));
    request.is_attachable = TRY(body.boolean_or("Attachable", false));
    if (TRY(body.boolean_or("EnableIPv6", false)))
        return fail(ErrorKind::unimplemented, "IPv6 networks are not served yet");
    if (TRY(body.boolean_or("Ingress", false)) || TRY(body.boolean_or("ConfigOnly", false)))
        return fail(ErrorKind::unimplemented, "networks of swarms are not served");
    for (auto& [key, value] : TRY(body.string_map("Labels")))
        request.labels.emplace(std::move(key), std::move(value));
    for (auto& [key, value] : TRY(body.string_map("Options")))
        request.options.emplace(std::move(key), std::move(value));
    TRY(read_addresses(body, request));
    return request;
}

}  // namespace tare::docker
