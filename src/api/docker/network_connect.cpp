// Containers that join and leave networks while they exist.

#include <algorithm>

#include "api/docker/announce.h"
#include "api/docker/endpoints.h"
#include "engine/container/config_json.h"
#include "engine/container/containers.h"
#include "engine/network/networks.h"

namespace tare::docker {

namespace {

using container::Container;
using container::ContainerRef;
using container::EndpointSettings;

std::string engine_name(const Container& container) {
    return cat(container.space, '/', container.id);
}

Result<network::EndpointRequest> endpoint_request(const std::string& network,
                                                  const EndpointSettings& settings) {
    network::EndpointRequest request{
        .network = network, .address = {}, .mac = {}, .aliases = settings.aliases};
    if (!settings.ipv4_address.empty()) {
        request.address = network::Ipv4::parse(settings.ipv4_address);
        if (!request.address)
            return fail(ErrorKind::invalid_argument, "invalid IPv4 address: ", settings.ipv4_address);
    }
    if (!settings.mac_address.empty()) {
        request.mac = network::Mac::parse(settings.mac_address);
        if (!request.mac)
            return fail(ErrorKind::invalid_argument, "invalid MAC address: ", settings.mac_address);
    }
    return request;
}

void fill_in(EndpointSettings& settings, const network::Endpoint& endpoint) {
    settings.network_id = endpoint.network_id;
    settings.endpoint_id = endpoint.endpoint_id;
    settings.gateway = endpoint.gateway.text();
    settings.ip_address = endpoint.address.text();
    settings.ip_prefix_length = endpoint.prefix;
    settings.mac_address = endpoint.mac.text();
}

void announce_change(const Parts& parts, std::string_view action, const network::Network& network,
                     const Container& container) {
    announce(parts, "network", action, network.id,
             {{"container", container.id}, {"name", network.name}, {"type", network.driver}});
}

bool is_on(const Container& container, const network::Network& network) {
    return std::ranges::any_of(container.network_settings.networks,
                               [&](const auto& entry) { return entry.first == network.name; });
}

}  // namespace

Result<> network_connect(Call& call) {
    const Parts& parts = call.parts;
    Json document = TRY(call.body());
    JsonView view(document, "request");
    std::string reference = TRY(view.string("Container"));
    EndpointSettings settings;
    if (auto config = TRY(view.object("EndpointConfig")))
        settings = TRY(container::parse_endpoint_settings(*config));
    network::Network network = TRY(parts.networks.get(call.name()));
    ContainerRef container = TRY(parts.containers.find(parts.name_space, reference));
    if (is_on(*container, network))
        return fail(ErrorKind::permission_denied, "endpoint with name ", container->name,
                    " already exists in network ", network.name);
    if (container->state.is_running())
        fill_in(settings, TRY(parts.networks.connect(engine_name(*container),
                                                     TRY(endpoint_request(network.name, settings)))));
    TRY(parts.containers.update(container->key(), [&](Container& changed) {
        changed.network_settings.networks.emplace_back(network.name, settings);
    }));
    announce_change(parts, "connect", network, *container);
    return call.respond_empty(200);
}

Result<> network_disconnect(Call& call) {
    const Parts& parts = call.parts;
    Json document = TRY(call.body());
    JsonView view(document, "request");
    std::string reference = TRY(view.string("Container"));
    bool is_forced = TRY(view.boolean_or("Force", false));
    network::Network network = TRY(parts.networks.get(call.name()));
    auto found = parts.containers.find(parts.name_space, reference);
    // By force a container that is gone may be taken off by name; nothing of it is left here then.
    if (!found && is_forced && found.error().is(ErrorKind::not_found)) return call.respond_empty(200);
    ContainerRef container = TRY(std::move(found));
    if (!is_on(*container, network))
        return fail(ErrorKind::permission_denied, "container ", container->id,
                    " is not connected to network ", network.name);
    if (container->state.is_running()) TRY(parts.networks.disconnect(engine_name(*container), network.name));
    TRY(parts.containers.update(container->key(), [&](Container& changed) {
        std::erase_if(changed.network_settings.networks,
                      [&](const auto& entry) { return entry.first == network.name; });
    }));
    announce_change(parts, "disconnect", network, *container);
    return call.respond_empty(200);
}

}  // namespace tare::docker
