#include "api/docker/container_json.h"

#include "api/docker/time_text.h"
#include "base/text.h"
#include "engine/container/config_json.h"

namespace tare::docker {

namespace {

using container::Container;
using container::ContainerState;
using container::Status;

// Go writes a list that was never filled as null.
Json list_or_null(const std::vector<std::string>& values) {
    return values.empty() ? Json() : Json(values);
}

// The addresses on the default bridge stood beside the networks before 1.52.
void add_legacy_network_settings(Json& settings, const Container& container) {
    Json all = Json::object();
    all.set("Bridge", "");
    for (std::string_view key : {"SandboxID", "SandboxKey", "Ports"})
        if (const Json* value = settings.find(key)) all.set(key, *value);
    all.set("HairpinMode", false).set("LinkLocalIPv6Address", "").set("LinkLocalIPv6PrefixLen", 0);
    all.set("SecondaryIPAddresses", nullptr).set("SecondaryIPv6Addresses", nullptr);
    container::EndpointSettings bridge;
    for (const auto& [name, endpoint] : container.network_settings.networks)
        if (name == "bridge") bridge = endpoint;
    all.set("EndpointID", bridge.endpoint_id).set("Gateway", bridge.gateway);
    all.set("GlobalIPv6Address", bridge.global_ipv6_address);
    all.set("GlobalIPv6PrefixLen", bridge.global_ipv6_prefix_length);
    all.set("IPAddress", bridge.ip_address).set("IPPrefixLen", bridge.ip_prefix_length);
    all.set("IPv6Gateway", bridge.ipv6_gateway).set("MacAddress", bridge.mac_address);
    if (const Json* networks = settings.find("Networks")) all.set("Networks", *networks);
    settings = std::move(all);
}

Json network_settings(const Container& container, ApiVersion version) {
    Json settings = to_json(container.network_settings);
    // Ports are those of a running container.
    if (!container.state.is_running()) settings.set("Ports", Json::object());
    if (version < ApiVersion{1, 52}) add_legacy_network_settings(settings, container);
    return settings;
}

Json mounts(const Container& container) {
    Json list = Json::array();
    for (const container::MountPoint& mount : container.mount_points)
        if (mount.is_listed) list.push(to_json(mount));
    return list;
}

std::string image_of(const std::string& image_id) {
    return image_id.empty() || image_id.contains(':') ? image_id : cat("sha256:", image_id);
}

void add_storage(Json& document, const Container& container, ApiVersion version) {
    if (version < ApiVersion{1, 52}) {
        document.set("GraphDriver", Json::object().set("Data", nullptr).set("Name", container.snapshotter));
        return;
    }
    Json snapshot = Json::object().set("Name", container.snapshotter);
    document.set("Storage",
                 Json::object().set("RootFS", Json::object().set("Snapshot", std::move(snapshot))));
}

// As dockerd shows it: arguments with a space in quotes, nothing escaped.
std::string command_text(const Container& container) {
    std::string command;
    for (bool is_first = true; const std::string& argument : container.arguments()) {
        bool has_space = !is_first && argument.contains(' ');
        command += cat(is_first ? "" : " ", has_space ? "'" : "", argument, has_space ? "'" : "");
        is_first = false;
    }
    return command;
}

}  // namespace

Json inspect_document(const Container& container, const std::vector<std::string>& exec_ids,
                      std::optional<ContainerSize> size, ApiVersion version) {
    std::vector<std::string> arguments = container.arguments();
    Json document = Json::object();
    document.set("Id", container.id).set("Created", format_rfc3339(container.created));
    document.set("Path", arguments.empty() ? "" : arguments.front());
    if (!arguments.empty()) arguments.erase(arguments.begin());
    document.set("Args", Json(arguments)).set("State", to_json(container.state));
    document.set("Image", image_of(container.image_id)).set("ResolvConfPath", container.resolv_conf_path);
    document.set("HostnamePath", container.hostname_path).set("HostsPath", container.hosts_path);
    // Of other drivers the format is their own affair: who reads a LogPath counts on json-file.
    const bool is_json_file = container.host_config.log.type == "json-file";
    document.set("LogPath", is_json_file ? container.log_path : "").set("Name", cat('/', container.name));
    document.set("RestartCount", container.state.restart_count).set("Driver", container.snapshotter);
    document.set("Platform", "linux").set("MountLabel", "").set("ProcessLabel", "");
    document.set("AppArmorProfile", "").set("ExecIDs", list_or_null(exec_ids));
    document.set("HostConfig", to_json(container.host_config));
    add_storage(document, container, version);
    if (size) {
        document.set("SizeRw", size->writable_bytes).set("SizeRootFs", size->total_bytes);
    }
    document.set("Mounts", mounts(container)).set("Config", to_json(container.config));
    return document.set("NetworkSettings", network_settings(container, version));
}

std::string status_text(const ContainerState& state, Time now) {
    auto since = [&](const std::optional<Time>& time) { return human_duration(now - time.value_or(now)); };
    std::string health = state.health ? state.health->status : "";
    switch (state.status) {
        case Status::paused:
            return cat("Up ", since(state.started_at), " (Paused)");
        case Status::restarting:
            return cat("Restarting (", state.exit_code, ") ", since(state.finished_at), " ago");
        case Status::running:
            if (health == "starting") return cat("Up ", since(state.started_at), " (health: starting)");
            if (health == "healthy" || health == "unhealthy")
                return cat("Up ", since(state.started_at), " (", health, ")");
            return cat("Up ", since(state.started_at));
        case Status::removing:
            return "Removal In Progress";
        case Status::dead:
            return "Dead";
        case Status::created:
        case Status::exited:
            break;
    }
    if (!state.started_at && state.status == Status::created) return "Created";
    if (!state.finished_at) return state.status == Status::created ? "Created" : "";
    return cat("Exited (", state.exit_code, ") ", since(state.finished_at), " ago");
}

Json port_list(const Container& container) {
    Json list = Json::array();
    if (!container.state.is_running()) return list;
    for (const auto& [port, bindings] : container.network_settings.ports) {
        auto [number, protocol] = cut(port, '/');
        auto private_port = parse_integer<std::uint16_t>(number);
        if (!private_port) continue;
        std::string_view type = protocol.value_or("tcp");
        if (bindings.empty()) list.push(Json::object().set("PrivatePort", *private_port).set("Type", type));
        for (const container::PortBinding& binding : bindings) {
            Json entry = Json::object();
            if (!binding.host_ip.empty()) entry.set("IP", binding.host_ip);
            entry.set("PrivatePort", *private_port);
            if (auto host_port = parse_integer<std::uint16_t>(binding.host_port))
                entry.set("PublicPort", *host_port);
            list.push(std::move(entry.set("Type", type)));
        }
    }
    return list;
}

Json summary_document(const Container& container, const std::string& image_name,
                      std::optional<ContainerSize> size, ApiVersion version, Time now) {
    Json document = Json::object();
    document.set("Id", container.id);
    document.set("Names", Json::array().push(cat('/', container.name)));
    document.set("Image", image_name).set("ImageID", image_of(container.image_id));
    document.set("Command", command_text(container)).set("Created", unix_seconds(container.created));
    document.set("Ports", port_list(container));
    if (size) document.set("SizeRw", size->writable_bytes).set("SizeRootFs", size->total_bytes);
    document.set("Labels", container::to_json(container.config.labels))
        .set("State", to_string(container.state.status));
    document.set("Status", status_text(container.state, now));
    Json host = Json::object().set("NetworkMode", container.host_config.network_mode);
    if (!container.host_config.annotations.empty())
        host.set("Annotations", container::to_json(container.host_config.annotations));
    document.set("HostConfig", std::move(host));
    Json networks = Json::object();
    for (const auto& [name, endpoint] : container.network_settings.networks)
        networks.set(name, to_json(endpoint));
    document.set("NetworkSettings", Json::object().set("Networks", std::move(networks)));
    document.set("Mounts", mounts(container));
    if (version >= ApiVersion{1, 52}) {
        Json health =
            Json::object().set("Status", container.state.health ? container.state.health->status : "none");
        health.set("FailingStreak", container.state.health ? container.state.health->failing_streak : 0);
        document.set("Health", std::move(health));
    }
    return document;
}

}  // namespace tare::docker
