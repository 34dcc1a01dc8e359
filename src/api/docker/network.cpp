#include <algorithm>

#include "api/docker/announce.h"
#include "api/docker/endpoints.h"
#include "api/docker/filters.h"
#include "api/docker/network_json.h"
#include "engine/container/containers.h"
#include "engine/network/networks.h"

namespace tare::docker {

namespace {

using network::Network;

// The engine's name of a container is "NAMESPACE/ID".
Result<std::vector<NetworkUser>> users_of(const Parts& parts, const Network& network) {
    std::vector<NetworkUser> users;
    for (auto& [container, endpoint] : TRY(parts.networks.endpoints(network.id))) {
        auto [space, id] = cut(container, '/');
        container::ContainerRef found =
            parts.containers.get({std::string(space), std::string(id.value_or(""))});
        if (found && found->space == parts.name_space)
            users.push_back({found->id, found->name, std::move(endpoint)});
    }
    return users;
}

Result<bool> accepts(const Filters& filters, const Network& network, bool is_used) {
    if (!filters.accepts("driver", network.driver) || !filters.accepts("scope", "local")) return false;
    if (!filters.accepts("type", network.is_predefined() ? "builtin" : "custom")) return false;
    if (!filters.accepts_labels(network.labels)) return false;
    if (filters.has("dangling") &&
        TRY(filters.flag("dangling", false)) == (is_used || network.is_predefined()))
        return false;
    if (!TRY(filters.matches_any("name", {network.name}))) return false;
    const auto& ids = filters.values("id");
    return ids.empty() ||
           std::ranges::any_of(ids, [&](const std::string& id) { return network.id.starts_with(id); });
}

}  // namespace

Result<> network_list(Call& call) {
    Filters filters = TRY(Filters::parse(call.query("filters")));
    TRY(filters.allow_only({"dangling", "driver", "id", "label", "label!", "name", "scope", "type"}));
    Json list = Json::array();
    for (const Network& network : TRY(call.parts.networks.list())) {
        bool is_used = filters.has("dangling") && !TRY(users_of(call.parts, network))
        .empty();
        if (TRY(accepts(filters, network, is_used))) list.push(network_document(network, {}, call.version));
    }
    return call.respond(200, list);
}

Result<> network_inspect(Call& call) {
    Network network = TRY(call.parts.networks.get(call.name()));
    return call.respond(200, network_document(network, TRY(users_of(call.parts, network)), call.version));
}

Result<> network_create(Call& call) {
    Json document = TRY(call.body());
    auto request = TRY(parse_network_request(JsonView(document, "request")));
    Network network = TRY(call.parts.networks.create(request));
    announce(call.parts, "network", "create", network.id, {{"name", network.name}, {"type", network.driver}});
    return call.respond(201, Json::object().set("Id", network.id).set("Warning", ""));
}

Result<> network_remove(Call& call) {
    Network network = TRY(call.parts.networks.get(call.name()));
    TRY(call.parts.networks.remove(network.id));
    announce(call.parts, "network", "destroy", network.id,
             {{"name", network.name}, {"type", network.driver}});
    return call.respond_empty(204);
}

Result<> network_prune(Call& call) {
    Filters filters = TRY(Filters::parse(call.query("filters")));
    TRY(filters.allow_only({"label", "label!", "until"}));
    auto until = TRY(filters.until(now()));
    std::vector<std::string> removed;
    for (const Network& network : TRY(call.parts.networks.list())) {
        if (network.is_predefined() || !filters.accepts_labels(network.labels)) continue;
        if (until && network.created >= *until) continue;
        if (!TRY(users_of(call.parts, network)).empty()) continue;
        // One that came into use meanwhile stays.
        if (call.parts.networks.remove(network.id)) removed.push_back(network.name);
    }
    return call.respond(200, Json::object().set("NetworksDeleted", removed.empty() ? Json() : Json(removed)));
}

}  // namespace tare::docker
