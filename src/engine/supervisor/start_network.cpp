// The steps of a start that give a container its network and its volumes.

#include "engine/network/networks.h"
#include "engine/supervisor/ports.h"
#include "engine/supervisor/supervisor_impl.h"
#include "engine/volume/volumes.h"
#include "posix/file.h"

namespace tare::supervisor {

namespace {

Result<std::vector<network::EndpointRequest>> endpoint_requests(const Container& container,
                                                                const network::Mode& mode) {
    std::vector<network::EndpointRequest> requests;
    for (const auto& [name, settings] : container.network_settings.networks) {
        network::EndpointRequest request{.network = name == "default" ? "bridge" : name,
                                         .aliases = settings.aliases};
        if (!settings.ipv4_address.empty()) {
            request.address = network::Ipv4::parse(settings.ipv4_address);
            if (!request.address)
                return fail(ErrorKind::invalid_argument,
                            "invalid endpoint settings: invalid IPv4 address: ", settings.ipv4_address);
        }
        const std::string& mac = container.config.mac_address;
        if (!mac.empty() && request.network == mode.target) request.mac = network::Mac::parse(mac);
        requests.push_back(std::move(request));
    }
    if (requests.empty() && !container.config.mac_address.empty())
        requests.push_back(
            {.network = mode.target, .mac = network::Mac::parse(container.config.mac_address)});
    return requests;
}

void show(const network::Attachment& attachment, Container& container) {
    container::NetworkSettings& settings = container.network_settings;
    settings.sandbox_id = attachment.netns_path.empty() ? "" : container.id;
    settings.sandbox_key = attachment.netns_path;
    settings.ports = show_ports(container.config, attachment.ports);
    for (const network::Endpoint& endpoint : attachment.endpoints) {
        container::EndpointSettings* shown = nullptr;
        for (auto& [name, existing] : settings.networks)
            if (name == endpoint.network_name) shown = &existing;
        if (!shown)
            shown =
                &settings.networks.emplace_back(endpoint.network_name, container::EndpointSettings()).second;
        shown->network_id = endpoint.network_id;
        shown->endpoint_id = endpoint.endpoint_id;
        shown->gateway = endpoint.gateway.text();
        shown->ip_address = endpoint.address.text();
        shown->ip_prefix_length = endpoint.prefix;
        shown->mac_address = endpoint.mac.text();
    }
}

}  // namespace

Result<ContainerRef> Supervisor::Impl::attach_network(const ContainerRef& container) {
    network::AttachRequest request;
    request.container = full_name(*container);
    request.mode = TRY(network::parse_mode(container->host_config.network_mode));
    if (container->config.network_disabled) request.mode = {.kind = network::Mode::Kind::none};
    ContainerRef joined;
    if (request.mode.kind == network::Mode::Kind::container) {
        joined = TRY(find(request.mode.target));
        if (!joined->state.is_running())
            return fail(ErrorKind::failed_precondition,
                        "cannot join network of a non running container: ", joined->id);
        request.mode.target = full_name(*joined);
    }
    if (request.mode.kind == network::Mode::Kind::network) {
        request.endpoints = TRY(endpoint_requests(*container, request.mode));
        request.ports = TRY(plan_ports(container->config, container->host_config));
    }
    auto attachment = parts.networks.attach(request);
    if (!attachment) return std::move(attachment.error().prepend("failed to set up container networking"));

    auto take_up = [&](Container& it) {
        show(*attachment, it);
        if (!joined) return;
        it.config.hostname = joined->config.hostname;
        it.config.domainname = joined->config.domainname;
    };
    ContainerRef attached =
        TRY(parts.containers.update(row(container->id), take_up, container::Keep::in_memory));
    TRY(write_container_files(*attached, *attachment, request.mode));
    publish_network(*attached, "connect");
    return attached;
}

Result<> Supervisor::Impl::make_bind_sources(const Container& container) {
    for (const container::MountPoint& mount : container.mount_points)
        if (mount.type == "bind" && mount.creates_source && !posix::exists(mount.source))
            TRY_CONTEXT(posix::make_directories(mount.source, 0755),
                        cat("make the source of the mount at ", mount.destination));
    return {};
}

Result<ContainerRef> Supervisor::Impl::mount_volumes(const ContainerRef& container) {
    std::vector<container::MountPoint> mounts = container->mount_points;
    bool has_volumes = false;
    for (container::MountPoint& mount : mounts) {
        if (mount.type != "volume") continue;
        const volume::Source source = TRY(parts.volumes.mount(mount.name, full_name(*container)));
        mount.source = source.path;
        if (source.is_read_only) mount.is_writable = false;
        has_volumes = true;
        publish_volume(*container, mount, "mount");
    }
    if (!has_volumes) return container;
    return parts.containers.update(
        row(container->id), [&](Container& it) { it.mount_points = mounts; }, container::Keep::in_memory);
}

}  // namespace tare::supervisor
