#include "engine/container/links.h"

#include <algorithm>
#include <tuple>

#include "base/text.h"
#include "engine/container/containers.h"

namespace tare::container {

namespace {

constexpr std::size_t kLongestAlias = 255;

bool is_alias(std::string_view text) {
    auto is_allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
               c == '.' || c == '_';
    };
    return !text.empty() && text.size() <= kLongestAlias && std::ranges::all_of(text, is_allowed);
}

std::string_view last_part(std::string_view path) {
    const auto slash = path.rfind('/');
    return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string to_upper(std::string_view text) {
    std::string upper(text);
    for (char& c : upper)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    return upper;
}

struct Port {
    std::uint16_t number = 0;
    std::string protocol;

    std::string url(std::string_view address) const { return cat(protocol, "://", address, ":", number); }
};

std::vector<Port> ports_of(const Strings& exposed) {
    std::vector<Port> ports;
    for (const std::string& text : exposed) {
        const auto [number, protocol] = cut(text, '/');
        // Clients send ranges as single ports.
        if (auto parsed = parse_integer<std::uint16_t>(number))
            ports.push_back({.number = *parsed, .protocol = std::string(protocol.value_or("tcp"))});
    }
    std::ranges::sort(ports, {}, [](const Port& port) {
        return std::tuple(port.protocol != "tcp", port.protocol, port.number);
    });
    return ports;
}

/// Ports that follow each other are told as a range too.
void add_range(Strings& env, const std::string& alias, std::string_view address, const Port& first,
               const Port& last) {
    if (first.number == last.number) return;
    const std::string name = cat(alias, "_PORT_", first.number, "_", to_upper(first.protocol));
    env.push_back(cat(name, "_START=", first.url(address)));
    env.push_back(cat(name, "_PORT_START=", first.number));
    env.push_back(cat(name, "_END=", last.url(address)));
    env.push_back(cat(name, "_PORT_END=", last.number));
}

void add_ports(Strings& env, const std::string& alias, std::string_view address,
               const std::vector<Port>& ports) {
    if (ports.empty()) return;
    env.push_back(cat(alias, "_PORT=", ports.front().url(address)));
    Port first = ports.front();
    Port last = first;
    for (const Port& port : ports) {
        const std::string name = cat(alias, "_PORT_", port.number, "_", to_upper(port.protocol));
        env.push_back(cat(name, "=", port.url(address)));
        env.push_back(cat(name, "_ADDR=", address));
        env.push_back(cat(name, "_PORT=", port.number));
        env.push_back(cat(name, "_PROTO=", port.protocol));
        const bool goes_on = port.protocol == last.protocol && port.number == last.number + 1;
        if (!goes_on) {
            add_range(env, alias, address, first, last);
            first = port;
        }
        last = port;
    }
    add_range(env, alias, address, first, last);
}

}  // namespace

Result<Link> parse_link(std::string_view text) {
    if (text.empty()) return fail(ErrorKind::invalid_argument, "empty string specified for links");
    auto [name, alias] = cut(text, ':');
    Link link{.container = std::string(name), .alias = std::string(alias.value_or(last_part(name)))};
    if (name.starts_with('/')) {
        link.container.erase(0, 1);
        link.alias = last_part(link.alias);
    }
    if (link.container.empty() || !is_alias(link.alias))
        return fail(ErrorKind::invalid_argument, "bad format for links: ", text);
    return link;
}

Result<Strings> resolve_links(const Containers& containers, const std::string& space, const Strings& links) {
    Strings resolved;
    Strings aliases;
    for (const std::string& text : links) {
        const Link link = TRY(parse_link(text));
        auto source = containers.find(space, link.container);
        if (!source)
            return fail(ErrorKind::invalid_argument, "could not get container for ", link.container, ": ",
                        source.error().message());
        if ((*source)->host_config.network_mode == "host")
            return fail(ErrorKind::invalid_argument, "conflicting options: host type networking can't be ",
                        "used with links. This would result in undefined behavior");
        if (std::ranges::find(aliases, link.alias) != aliases.end()) continue;
        aliases.push_back(link.alias);
        resolved.push_back(cat((*source)->id, ":", link.alias));
    }
    return resolved;
}

Strings shown_links(const Containers& containers, const Container& container) {
    Strings shown;
    for (const std::string& text : container.host_config.links) {
        const auto link = parse_link(text);
        if (!link) continue;
        if (auto source = containers.find(container.space, link->container))
            shown.push_back(cat("/", (*source)->name, ":/", container.name, "/", link->alias));
    }
    return shown;
}

std::string link_host_names(const Container& source, std::string_view alias) {
    std::string names = cat(alias, " ", source.config.hostname);
    if (alias != source.name) names += cat(" ", source.name);
    return names;
}

Strings link_environment(const Container& source, std::string_view address, std::string_view consumer,
                         std::string_view alias) {
    std::string prefix = to_upper(alias);
    std::ranges::replace(prefix, '-', '_');
    Strings env;
    add_ports(env, prefix, address, ports_of(source.config.exposed_ports));
    env.push_back(cat(prefix, "_NAME=/", consumer, "/", alias));
    for (const std::string& variable : source.config.env) {
        const auto [name, value] = cut(variable, '=');
        // Of every container, and of no use to another one.
        if (!value || name == "HOME" || name == "PATH") continue;
        env.push_back(cat(prefix, "_ENV_", name, "=", *value));
    }
    return env;
}

std::string with_link_address(std::string_view hosts, std::string_view alias, std::string_view address) {
    std::string changed;
    while (!hosts.empty()) {
        const auto end = std::min(hosts.find('\n'), hosts.size());
        const std::string_view line = hosts.substr(0, end);
        const auto [old_address, names] = cut(line, '\t');
        const bool is_links = names && !line.starts_with('#') && cut(*names, ' ').before == alias;
        if (is_links) {
            changed += cat(address, "\t", *names);
        } else {
            changed += line;
        }
        if (end < hosts.size()) changed += '\n';
        hosts.remove_prefix(std::min(end + 1, hosts.size()));
    }
    return changed;
}

std::string bridge_address(const Container& container) {
    for (const auto& [name, endpoint] : container.network_settings.networks)
        if (name == "bridge") return endpoint.ip_address;
    return "";
}

}  // namespace tare::container
