#include "engine/supervisor/ports.h"

#include <algorithm>

namespace tare::supervisor {

namespace {

/// "", "8080" or "8000-8010".
Result<std::pair<std::uint16_t, std::uint16_t>> parse_host_ports(std::string_view text) {
    if (text.empty()) return std::pair<std::uint16_t, std::uint16_t>(0, 0);
    const Cut range = cut(text, '-');
    auto first = parse_integer<std::uint16_t>(range.before);
    auto last = range.after ? parse_integer<std::uint16_t>(*range.after) : first;
    if (!first || !last || *last < *first)
        return fail(ErrorKind::invalid_argument, "invalid port specification: ", quote(text));
    return std::pair(*first, *last);
}

Result<network::PortRequest> request_of(const ContainerPort& port, const container::PortBinding& binding) {
    network::PortRequest request{.protocol = port.protocol, .container_port = port.port};
    if (!binding.host_ip.empty()) {
        auto address = network::Ipv4::parse(binding.host_ip);
        if (!address)
            return fail(ErrorKind::invalid_argument,
                        "invalid IP address in a port binding: ", quote(binding.host_ip), " (IPv4 only)");
        request.host_ip = *address;
    }
    auto [first, last] = TRY(parse_host_ports(binding.host_port));
    request.first_host_port = first;
    request.last_host_port = last == first ? 0 : last;
    return request;
}

std::string name_of(std::uint16_t port, network::Protocol protocol) {
    return cat(port, "/", network::to_string(protocol));
}

}  // namespace

Result<ContainerPort> parse_container_port(std::string_view text) {
    const Cut parts = cut(text, '/');
    auto port = parse_integer<std::uint16_t>(parts.before);
    auto protocol = network::parse_protocol(parts.after ? to_lower(*parts.after) : "tcp");
    if (!port || *port == 0)
        return fail(ErrorKind::invalid_argument, "invalid port specification: ", quote(text));
    if (!protocol) return fail(ErrorKind::invalid_argument, "invalid proto in ", quote(text));
    return ContainerPort{.port = *port, .protocol = *protocol};
}

Result<std::vector<network::PortRequest>> plan_ports(const container::Config& config,
                                                     const container::HostConfig& host_config) {
    std::vector<network::PortRequest> requests;
    for (const auto& [name, bindings] : host_config.port_bindings) {
        const ContainerPort port = TRY(parse_container_port(name));
        for (const container::PortBinding& binding : bindings)
            requests.push_back(TRY(request_of(port, binding)));
    }
    if (!host_config.publish_all_ports) return requests;
    for (const std::string& exposed : config.exposed_ports) {
        const ContainerPort port = TRY(parse_container_port(exposed));
        const bool is_bound = std::any_of(requests.begin(), requests.end(), [&](const auto& request) {
            return request.container_port == port.port && request.protocol == port.protocol;
        });
        if (!is_bound) requests.push_back({.protocol = port.protocol, .container_port = port.port});
    }
    return requests;
}

container::PortMap show_ports(const container::Config& config,
                              const std::vector<network::PublishedPort>& published) {
    container::PortMap ports;
    auto entry = [&](const std::string& name) -> std::vector<container::PortBinding>& {
        for (auto& [key, bindings] : ports)
            if (key == name) return bindings;
        return ports.emplace_back(name, std::vector<container::PortBinding>()).second;
    };
    for (const std::string& exposed : config.exposed_ports)
        if (auto port = parse_container_port(exposed)) entry(name_of(port->port, port->protocol));
    for (const network::PublishedPort& port : published)
        entry(name_of(port.container_port, port.protocol))
            .push_back({.host_ip = port.host_ip.text(), .host_port = cat(port.host_port)});
    std::sort(ports.begin(), ports.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    return ports;
}

}  // namespace tare::supervisor
