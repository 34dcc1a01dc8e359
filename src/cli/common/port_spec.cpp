#include "cli/common/port_spec.h"

#include <algorithm>

#include <arpa/inet.h>

namespace tare::cli {

namespace {

struct PortRange {
    unsigned first = 0;
    unsigned last = 0;
    unsigned size() const { return last - first; }
};

Result<PortRange> parse_range(std::string_view text) {
    auto [first, last] = cut(text, '-');
    auto from = parse_integer<std::uint16_t>(first);
    auto to = last ? parse_integer<std::uint16_t>(*last) : from;
    if (text.empty()) return fail(ErrorKind::invalid_argument, "empty string specified for ports");
    for (auto [number, part] : {std::pair(from, first), std::pair(to, last.value_or(first))})
        if (!number)
            return fail(ErrorKind::invalid_argument, "strconv.ParseUint: parsing ", quote(part), ": ",
                        parse_integer<std::uint64_t>(part) ? "value out of range" : "invalid syntax");
    if (*to < *from) return fail(ErrorKind::invalid_argument, "invalid range specified for port: ", text);
    return PortRange{*from, *to};
}

struct ProtocolPort {
    std::string protocol;
    std::string_view port;
};

ProtocolPort split_protocol(std::string_view text) {
    auto [port, protocol] = cut(text, '/');
    if (port.empty()) return {};
    if (protocol) protocol = cut(*protocol, '/').before;
    if (!protocol || protocol->empty()) return {"tcp", port};
    return {std::string(*protocol), port};
}

struct Parts {
    std::string_view ip;
    std::string_view host_port;
    std::string_view container_port;
};

// Splits from the right: an IPv6 address has colons of its own.
Parts split_parts(std::string_view text) {
    std::size_t last = text.rfind(':');
    if (last == std::string_view::npos) return {{}, {}, text};
    std::string_view container_port = text.substr(last + 1);
    std::string_view rest = text.substr(0, last);
    std::size_t before = rest.rfind(':');
    if (before == std::string_view::npos) return {{}, rest, container_port};
    return {rest.substr(0, before), rest.substr(before + 1), container_port};
}

Result<std::string> short_form(std::string_view option) {
    if (option.find('=') == std::string_view::npos) return std::string(option);
    std::string_view published;
    std::string_view target;
    std::string_view protocol = "tcp";
    for (std::string_view field : split(option, ',')) {
        auto [key, value] = cut(field, '=');
        if (!value || key.empty())
            return fail(ErrorKind::invalid_argument,
                        "invalid publish opts format (should be name=value but got '", field, "')");
        if (key == "published") published = *value;
        if (key == "target") target = *value;
        if (key == "protocol") protocol = *value;
    }
    return cat(published, ':', target, '/', protocol);
}

Result<std::string> parse_host_ip(std::string_view text) {
    std::string_view ip = text;
    if (ip.starts_with('[') && ip.ends_with(']')) ip = ip.substr(1, ip.size() - 2);
    if (!ip.empty() && !is_ip_address(ip))
        return fail(ErrorKind::invalid_argument, "invalid IP address: ", ip);
    return std::string(ip);
}

}  // namespace

bool is_ip_address(std::string_view text) {
    in6_addr buffer{};
    std::string address(text);
    return inet_pton(AF_INET, address.c_str(), &buffer) == 1 ||
           inet_pton(AF_INET6, address.c_str(), &buffer) == 1;
}

std::string join_host_port(std::string_view host, std::string_view port) {
    if (host.find(':') != std::string_view::npos) return cat('[', host, "]:", port);
    return cat(host, ':', port);
}

Result<std::vector<PortMapping>> parse_publish(std::string_view option) {
    std::string spec = TRY(short_form(option));
    Parts parts = split_parts(spec);
    auto [protocol, container_port] = split_protocol(parts.container_port);
    std::string ip = TRY(parse_host_ip(parts.ip));
    if (container_port.empty())
        return fail(ErrorKind::invalid_argument, "no port specified: ", spec, "<empty>");
    auto container = parse_range(container_port);
    if (!container) return fail(ErrorKind::invalid_argument, "invalid containerPort: ", container_port);
    PortRange host;
    if (!parts.host_port.empty()) {
        auto parsed = parse_range(parts.host_port);
        if (!parsed) return fail(ErrorKind::invalid_argument, "invalid hostPort: ", parts.host_port);
        host = *parsed;
        // A range of the host for one port of the container means "any of these".
        if (container->size() != host.size() && container->size() != 0)
            return fail(ErrorKind::invalid_argument,
                        "invalid ranges specified for container and host Ports: ", container_port, " and ",
                        parts.host_port);
    }
    protocol = to_lower(protocol);
    if (protocol != "tcp" && protocol != "udp" && protocol != "sctp")
        return fail(ErrorKind::invalid_argument, "invalid proto: ", protocol);

    std::vector<PortMapping> out;
    for (unsigned i = 0; i <= container->size(); ++i) {
        PortMapping mapping{cat(container->first + i, '/', protocol), ip, {}};
        if (!parts.host_port.empty()) mapping.host_port = cat(host.first + i);
        if (container->size() == 0 && host.size() != 0) mapping.host_port += cat('-', host.last);
        out.push_back(std::move(mapping));
    }
    return out;
}

Result<std::vector<std::string>> parse_expose(std::string_view option) {
    if (option.find(':') != std::string_view::npos)
        return fail(ErrorKind::invalid_argument, "invalid port format for --expose: ", option);
    auto [protocol, port] = split_protocol(option);
    auto range = parse_range(port);
    if (!range)
        return fail(ErrorKind::invalid_argument, "invalid range format for --expose: ", option,
                    ", error: ", range.error().message());
    std::vector<std::string> out;
    for (unsigned i = range->first; i <= range->last; ++i)
        out.push_back(cat(i, '/', protocol));
    return out;
}

Json port_bindings_json(const std::vector<PortMapping>& mappings) {
    Json out = Json::object();
    for (const PortMapping& mapping : mappings) {
        if (out.find(mapping.container_port) == nullptr) out.set(mapping.container_port, Json::array());
        Json binding = Json::object();
        binding.set("HostIp", mapping.host_ip).set("HostPort", mapping.host_port);
        out.find(mapping.container_port)->push(std::move(binding));
    }
    return out;
}

Json exposed_ports_json(const std::vector<PortMapping>& mappings, const std::vector<std::string>& exposed) {
    Json out = Json::object();
    for (const PortMapping& mapping : mappings)
        out.set(mapping.container_port, Json::object());
    for (const std::string& port : exposed)
        out.set(port, Json::object());
    return out;
}

}  // namespace tare::cli
