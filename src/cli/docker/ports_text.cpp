#include "cli/docker/ports_text.h"

#include <algorithm>
#include <tuple>

#include "cli/common/port_spec.h"
#include "cli/docker/each_name.h"

namespace tare::cli::docker {

namespace {

struct Port {
    std::int64_t container = 0;
    std::string ip;
    std::int64_t host = 0;
    std::string protocol;
};

// Consecutive ports of one address and protocol.
struct Group {
    std::string ip;
    std::string protocol;
    std::int64_t first = 0;
    std::int64_t last = 0;

    std::string text() const {
        std::string range = first == last ? cat(first) : cat(first, '-', last);
        if (ip.empty()) return cat(range, '/', protocol);
        return cat(join_host_port(ip, range), "->", range, '/', protocol);
    }
};

std::vector<Port> sorted_ports(const Json::Array& array) {
    std::vector<Port> ports;
    for (const Json& port : array)
        ports.push_back({integer_at(port, "PrivatePort"), text_at(port, "IP"), integer_at(port, "PublicPort"),
                         text_at(port, "Type")});
    std::ranges::stable_sort(ports, {}, [](const Port& port) {
        return std::tie(port.container, port.ip, port.host, port.protocol);
    });
    return ports;
}

}  // namespace

std::string displayable_ports(const Json::Array& array) {
    std::vector<std::string> out;
    std::vector<std::string> mappings;
    std::vector<Group> groups;
    for (const Port& port : sorted_ports(array)) {
        if (!port.ip.empty() && port.host != port.container) {
            mappings.push_back(
                cat(join_host_port(port.ip, cat(port.host)), "->", port.container, '/', port.protocol));
            continue;
        }
        auto group = std::ranges::find_if(
            groups, [&](const Group& g) { return g.ip == port.ip && g.protocol == port.protocol; });
        if (group == groups.end()) {
            groups.push_back({port.ip, port.protocol, port.container, port.container});
        } else if (port.container == group->last + 1) {
            group->last = port.container;
        } else {
            out.push_back(group->text());
            group->first = group->last = port.container;
        }
    }
    for (const Group& group : groups)
        out.push_back(group.text());
    out.insert(out.end(), mappings.begin(), mappings.end());
    return join(out, ", ");
}

}  // namespace tare::cli::docker
