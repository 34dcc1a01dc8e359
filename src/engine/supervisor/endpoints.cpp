#include "engine/supervisor/endpoints.h"

#include "engine/network/address.h"

namespace tare::supervisor {

namespace {

Result<> check_mac(const std::string& mac) {
    if (mac.empty() || network::Mac::parse(mac)) return {};
    return fail(ErrorKind::invalid_argument, "invalid MAC address: ", mac);
}

Result<> check_endpoint(const container::EndpointSettings& endpoint) {
    auto only_user_defined = [](std::string_view what) {
        return fail(ErrorKind::invalid_argument, what, " only supported for user-defined networks");
    };
    if (!endpoint.aliases.empty()) return only_user_defined("network-scoped aliases are");
    if (!endpoint.links.empty()) return only_user_defined("links of an endpoint are");
    if (!endpoint.ipv6_address.empty())
        return fail(ErrorKind::invalid_argument,
                    "user specified IP address is supported on user defined networks only");
    if (!endpoint.link_local_ips.empty()) return only_user_defined("link-local addresses are");
    if (!endpoint.driver_options.empty())
        return fail(ErrorKind::unimplemented, "driver options of an endpoint are not served yet: ",
                    endpoint.driver_options.front().first);
    return check_mac(endpoint.mac_address);
}

}  // namespace

Result<> take_endpoints(container::Config& config, const container::HostConfig& host_config,
                        const container::Endpoints& endpoints) {
    TRY(check_mac(config.mac_address));
    // What host, none and container:ID give is said by the mode alone; of other networks there are none.
    if (host_config.network_mode != "bridge") return {};
    for (const auto& [name, endpoint] : endpoints) {
        if (name != "bridge" && name != "default") continue;
        TRY(check_endpoint(endpoint));
        if (config.mac_address.empty()) config.mac_address = endpoint.mac_address;
    }
    return {};
}

}  // namespace tare::supervisor
