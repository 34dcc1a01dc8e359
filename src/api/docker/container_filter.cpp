#include "api/docker/container_filter.h"

#include <algorithm>
#include <set>

namespace tare::docker {

namespace {

using container::Container;
using container::ContainerRef;
using container::Status;

/// A port filter: "80", "80/udp", "8000-8010/tcp".
struct PortRange {
    std::uint16_t first = 0;
    std::uint16_t last = 0;
    std::string protocol = "tcp";

    bool holds(std::string_view port, std::string_view wanted_protocol) const {
        auto number = parse_integer<std::uint16_t>(port);
        return number && *number >= first && *number <= last && protocol == wanted_protocol;
    }
};

Result<PortRange> parse_port_range(std::string_view text) {
    auto [ports, protocol] = cut(text, '/');
    auto [first, last] = cut(ports, '-');
    auto first_port = parse_integer<std::uint16_t>(first);
    auto last_port = parse_integer<std::uint16_t>(last.value_or(first));
    if (!first_port || !last_port || *first_port > *last_port)
        return fail(ErrorKind::invalid_argument, "invalid port range: ", quote(text));
    return PortRange{*first_port, *last_port, protocol ? to_lower(*protocol) : "tcp"};
}

/// The query with its values read once.
struct Selection {
    const ListQuery& query;
    std::set<std::string> images;
    std::vector<PortRange> published;
    std::vector<PortRange> exposed;
    std::set<int> exit_codes;
    std::optional<Time> before;
    std::optional<Time> since;
    bool all = false;
};

Result<> read_states(Selection& selection) {
    const Filters& filters = selection.query.filters;
    for (const std::string& status : filters.values("status")) {
        if (!container::parse_status(status))
            return fail(ErrorKind::invalid_argument, "invalid filter 'status=", status, "'");
        selection.all = true;
    }
    for (const std::string& health : filters.values("health"))
        if (health != "none" && health != "starting" && health != "healthy" && health != "unhealthy")
            return fail(ErrorKind::invalid_argument, "invalid filter 'health=", health, "'");
    for (const std::string& code : filters.values("exited")) {
        auto number = parse_integer<int>(code);
        if (!number) return fail(ErrorKind::invalid_argument, "invalid filter 'exited=", code, "'");
        selection.exit_codes.insert(*number);
    }
    return {};
}

Result<Selection> read_selection(const ListQuery& query, const Lookup& lookup) {
    TRY(query.filters.allow_only({"ancestor", "before", "exited", "expose", "health", "id", "isolation",
                                  "is-task", "label", "label!", "name", "network", "publish", "since",
                                  "status", "volume"}));
    Selection selection{.query = query,
                        .images = {},
                        .published = {},
                        .exposed = {},
                        .exit_codes = {},
                        .before = {},
                        .since = {},
                        .all = query.all || query.limit > 0};
    TRY(read_states(selection));
    TRY(query.filters.flag("is-task", false));
    for (const std::string& ancestor : query.filters.values("ancestor"))
        for (const std::string& id : lookup.image_ids(ancestor))
            selection.images.insert(id);
    for (const std::string& port : query.filters.values("publish"))
        selection.published.push_back(TRY(parse_port_range(port)));
    for (const std::string& port : query.filters.values("expose"))
        selection.exposed.push_back(TRY(parse_port_range(port)));
    for (const std::string& reference : query.filters.values("before"))
        selection.before = TRY(lookup.container(reference))
    ->created;
    for (const std::string& reference : query.filters.values("since"))
        selection.since = TRY(lookup.container(reference))
    ->created;
    return selection;
}

bool accepts_ports(const Selection& selection, const Container& container) {
    auto is_in = [](const std::vector<PortRange>& ranges, std::string_view port, std::string_view protocol) {
        return std::ranges::any_of(ranges,
                                   [&](const PortRange& range) { return range.holds(port, protocol); });
    };
    bool is_published = selection.published.empty();
    bool is_exposed = selection.exposed.empty();
    for (const auto& [name, bindings] : container.network_settings.ports) {
        auto [port, protocol] = cut(name, '/');
        is_exposed = is_exposed || is_in(selection.exposed, port, protocol.value_or("tcp"));
        for (const auto& binding : bindings)
            is_published =
                is_published || is_in(selection.published, binding.host_port, protocol.value_or("tcp"));
    }
    for (const std::string& name : container.config.exposed_ports) {
        auto [port, protocol] = cut(name, '/');
        is_exposed = is_exposed || is_in(selection.exposed, port, protocol.value_or("tcp"));
    }
    return is_published && is_exposed;
}

bool accepts_volume(const Filters& filters, const Container& container) {
    if (!filters.has("volume")) return true;
    return std::ranges::any_of(container.mount_points, [&](const container::MountPoint& mount) {
        return std::ranges::any_of(filters.values("volume"), [&](const std::string& wanted) {
            return wanted == (mount.name.empty() ? mount.source : mount.name) || wanted == mount.destination;
        });
    });
}

bool accepts_network(const Filters& filters, const Container& container) {
    if (!filters.has("network")) return true;
    return std::ranges::any_of(container.network_settings.networks, [&](const auto& network) {
        return std::ranges::any_of(filters.values("network"), [&](const std::string& wanted) {
            return wanted == network.first ||
                   (!wanted.empty() && network.second.network_id.starts_with(wanted));
        });
    });
}

bool accepts_state(const Selection& selection, const Container& container) {
    const container::ContainerState& state = container.state;
    bool runs = state.is_running() || state.status == Status::restarting;
    if (!runs && !selection.all) return false;
    if (!selection.query.filters.accepts("status", to_string(state.status))) return false;
    if (!selection.query.filters.accepts("health", state.health ? state.health->status : "none"))
        return false;
    if (selection.exit_codes.empty()) return true;
    return state.has_been_started_before && !runs && selection.exit_codes.contains(state.exit_code);
}

Result<bool> accepts(const Selection& selection, const Container& container) {
    const Filters& filters = selection.query.filters;
    if (!accepts_state(selection, container)) return false;
    if (selection.before && container.created >= *selection.before) return false;
    if (selection.since && container.created <= *selection.since) return false;
    if (!filters.accepts_labels(container.config.labels)) return false;
    if (filters.has("ancestor") && !selection.images.contains(container.image_id)) return false;
    if (TRY(filters.flag("is-task", false))) return false;
    if (!filters.accepts("isolation", "default")) return false;
    std::string slashed = cat('/', container.name);
    if (!TRY(filters.matches_any("name", {container.name, slashed}))) return false;
    if (!TRY(filters.matches_any("id", {container.id}))) return false;
    return accepts_ports(selection, container) && accepts_volume(filters, container) &&
           accepts_network(filters, container);
}

}  // namespace

Result<std::vector<ContainerRef>> select(const std::vector<ContainerRef>& all, const ListQuery& query,
                                         const Lookup& lookup) {
    Selection selection = TRY(read_selection(query, lookup));
    std::vector<ContainerRef> selected;
    for (const ContainerRef& container : all) {
        if (query.limit > 0 && selected.size() == query.limit) break;
        if (TRY(accepts(selection, *container))) selected.push_back(container);
    }
    return selected;
}

}  // namespace tare::docker
