#pragma once

// `--network`: a name, or `name=…,alias=…,ip=…` for a network with settings of its own.

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace tare::cli {

/// One network that a container asks for.
struct NetworkOption {
    std::string target;
    std::vector<std::string> aliases;
    std::vector<std::string> links;
    std::vector<std::string> link_local_ips;
    std::string ipv4;
    std::string ipv6;
    std::string mac_address;
    std::vector<std::string> driver_options;  ///< key=value
    std::int64_t gateway_priority = 0;
};

Result<NetworkOption> parse_network(std::string_view option);

/// True unless the name is one of the built-in modes (default, bridge, host, none, container:…).
bool is_user_defined_network(std::string_view name);

/// The element of NetworkingConfig.EndpointsConfig; invalid_argument for settings that built-in
/// networks do not take.
Result<Json> endpoint_settings(const NetworkOption& network);

}  // namespace tare::cli
