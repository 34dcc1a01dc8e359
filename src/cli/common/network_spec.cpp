#include "cli/common/network_spec.h"

#include "cli/common/key_value.h"
#include "cli/common/resource_spec.h"

namespace tare::cli {

namespace {

Result<> set_field(NetworkOption& network, const std::string& key, std::string_view value) {
    if (key == "name") {
        network.target = value;
    } else if (key == "alias") {
        network.aliases.emplace_back(value);
    } else if (key == "ip") {
        network.ipv4 = value;
    } else if (key == "ip6") {
        network.ipv6 = value;
    } else if (key == "mac-address") {
        network.mac_address = value;
    } else if (key == "link-local-ip") {
        network.link_local_ips.emplace_back(value);
    } else if (key == "driver-opt") {
        if (!cut(value, '=').after)
            return fail(ErrorKind::invalid_argument, "invalid key value pair format in driver options");
        network.driver_options.emplace_back(value);
    } else if (key == "gw-priority") {
        auto number = parse_integer<std::int64_t>(value);
        if (!number)
            return fail(ErrorKind::invalid_argument, "invalid gw-priority (", value, "): invalid syntax");
        network.gateway_priority = *number;
    } else {
        return fail(ErrorKind::invalid_argument, "invalid field key ", key);
    }
    return {};
}

}  // namespace

Result<NetworkOption> parse_network(std::string_view option) {
    NetworkOption network;
    if (option.find('=') == std::string_view::npos) {
        network.target = option;
        return network;
    }
    for (const std::string& field : TRY(split_csv(option))) {
        auto [key, value] = cut(field, '=');
        if (!value || key.empty()) return fail(ErrorKind::invalid_argument, "invalid field ", field);
        TRY(set_field(network, to_lower(trim(key)), to_lower(trim(*value))));
    }
    if (network.target.empty()) return fail(ErrorKind::invalid_argument, "network name/id is not specified");
    return network;
}

bool is_user_defined_network(std::string_view name) {
    return name != "default" && name != "bridge" && name != "host" && name != "none" && name != "nat" &&
           !name.starts_with("container:");
}

Result<Json> endpoint_settings(const NetworkOption& network) {
    if (trim(network.target).empty()) return fail(ErrorKind::invalid_argument, "no name set for network");
    if (!is_user_defined_network(network.target)) {
        if (!network.aliases.empty())
            return fail(ErrorKind::invalid_argument,
                        "network-scoped aliases are only supported for user-defined networks");
        if (!network.links.empty())
            return fail(ErrorKind::invalid_argument, "links are only supported for user-defined networks");
    }
    Json out = Json::object();
    if (!network.ipv4.empty() || !network.ipv6.empty() || !network.link_local_ips.empty()) {
        Json ipam = Json::object();
        if (!network.ipv4.empty()) ipam.set("IPv4Address", network.ipv4);
        if (!network.ipv6.empty()) ipam.set("IPv6Address", network.ipv6);
        if (!network.link_local_ips.empty()) ipam.set("LinkLocalIPs", Json(network.link_local_ips));
        out.set("IPAMConfig", std::move(ipam));
    }
    if (!network.links.empty()) out.set("Links", Json(network.links));
    if (!network.aliases.empty()) out.set("Aliases", Json(network.aliases));
    if (!network.driver_options.empty()) out.set("DriverOpts", key_value_object(network.driver_options));
    if (network.gateway_priority != 0) out.set("GwPriority", network.gateway_priority);
    if (!network.mac_address.empty()) {
        if (!is_mac_address(network.mac_address))
            return fail(ErrorKind::invalid_argument, network.mac_address, " is not a valid mac address");
        out.set("MacAddress", network.mac_address);
    }
    return out;
}

}  // namespace tare::cli
