#include <algorithm>

#include "cli/common/natural_order.h"
#include "cli/common/port_spec.h"
#include "cli/common/safe_text.h"
#include "cli/docker/command.h"
#include "cli/docker/daemon.h"
#include "cli/docker/each_name.h"
#include "cli/docker/verbs.h"

namespace tare::cli::docker {

namespace {

std::string address_of(const Json& binding) {
    return join_host_port(text_at(binding, "HostIp"), text_at(binding, "HostPort"));
}

// The addresses of one port ("80" or "53/udp").
Result<std::vector<std::string>> addresses_of(const Json& ports, std::string_view wanted,
                                              std::string_view container) {
    auto [number, protocol] = cut(wanted, '/');
    if (!parse_integer<std::uint16_t>(number))
        return fail(ErrorKind::invalid_argument, "Error: invalid port (", number,
                    "): strconv.ParseUint: parsing ", quote(number), ": invalid syntax");
    std::vector<std::string> out;
    std::string key = cat(number, '/', protocol && !protocol->empty() ? *protocol : "tcp");
    for (const Json& binding : array_at(ports, key))
        out.push_back(address_of(binding));
    if (out.empty())
        return fail(ErrorKind::not_found, "Error: No public port '", wanted, "' published for ", container);
    return out;
}

}  // namespace

Result<int> port(Invocation& call) {
    if (!call.parse()) return call.exit_code();
    const std::string& name = call.arguments[0];
    Json container = TRY(Daemon(call.settings).get(cat("/containers/", path_segment(name), "/json")));
    const Json& ports = member_at(member_at(container, "NetworkSettings"), "Ports");
    std::vector<std::string> lines;
    if (call.arguments.size() > 1) {
        lines = TRY(addresses_of(ports, call.arguments[1], name));
    } else if (auto* members = ports.as_object()) {
        for (const auto& [key, bindings] : *members)
            if (auto* array = bindings.as_array())
                for (const Json& binding : *array)
                    lines.push_back(cat(key, " -> ", address_of(binding)));
    }
    std::ranges::sort(lines, natural_less);
    for (const std::string& line : lines)
        print(cat(line, '\n'));
    return 0;
}

}  // namespace tare::cli::docker
