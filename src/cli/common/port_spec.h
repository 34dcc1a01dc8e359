#pragma once

// `-p` and `--expose`: [[ip:][host_port]:]container_port[/protocol], each port also as a range.

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace tare::cli {

/// One container port and where it is published.
struct PortMapping {
    std::string container_port;  ///< "80/tcp"
    std::string host_ip;         ///< "" for all
    std::string host_port;       ///< "", "8080" or "8000-8010" (any of them)
};

/// The mappings of one `-p` option, also in its `published=8080,target=80,protocol=tcp` form.
/// invalid_argument in Docker's wording.
Result<std::vector<PortMapping>> parse_publish(std::string_view option);
/// The ports of one `--expose` option ("80", "80-90/udp") as "80/tcp".
Result<std::vector<std::string>> parse_expose(std::string_view option);

/// {"80/tcp": [{"HostIp": …, "HostPort": …}]} and {"80/tcp": {}} as the API wants them.
Json port_bindings_json(const std::vector<PortMapping>& mappings);
Json exposed_ports_json(const std::vector<PortMapping>& mappings, const std::vector<std::string>& exposed);

/// True for an IPv4 or IPv6 address in text form.
bool is_ip_address(std::string_view text);
/// host:port with brackets around IPv6.
std::string join_host_port(std::string_view host, std::string_view port);

}  // namespace tare::cli
