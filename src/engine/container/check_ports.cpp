// Ports as requests spell them.

#include "engine/container/check_parts.h"

namespace tare::container {

namespace {

// A port or a range of them, none of which is 0.
bool is_port_range(std::string_view text) {
    auto [first_text, last_text] = cut(text, '-');
    auto first = parse_integer<std::uint16_t>(first_text);
    auto last = last_text ? parse_integer<std::uint16_t>(*last_text) : first;
    return first && last && *first != 0 && *last >= *first;
}

}  // namespace

Result<> check_port(std::string_view port) {
    auto [number, protocol] = cut(port, '/');
    if (protocol && *protocol != "tcp" && *protocol != "udp" && *protocol != "sctp")
        return fail(ErrorKind::invalid_argument, "invalid proto: ", *protocol);
    if (!is_port_range(number))
        return fail(ErrorKind::invalid_argument, "invalid port specification: ", quote(port));
    return {};
}

Result<> check_host_port(std::string_view port) {
    if (port.empty() || port == "0" || is_port_range(port)) return {};
    return fail(ErrorKind::invalid_argument, "invalid port specification: ", quote(port));
}

}  // namespace tare::container
