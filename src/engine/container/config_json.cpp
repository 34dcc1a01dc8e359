#include "engine/container/config_json.h"

#include <array>

#include "engine/container/json_read.h"

namespace tare::container {

namespace {

constexpr auto kConfigMembers = std::to_array<std::string_view>(
    {"Hostname", "Domainname", "User", "AttachStdin", "AttachStdout", "AttachStderr", "ExposedPorts", "Tty",
     "OpenStdin", "StdinOnce", "Env", "Cmd", "Healthcheck", "Image", "Volumes", "WorkingDir", "Entrypoint",
     "NetworkDisabled", "MacAddress", "OnBuild", "Labels", "StopSignal", "StopTimeout", "Shell",
     // The rest of the request stands beside these.
     "HostConfig", "NetworkingConfig"});

constexpr auto kEndpointMembers = std::to_array<std::string_view>(
    {"IPAMConfig", "Links", "Aliases", "DriverOpts", "MacAddress", "GwPriority", "NetworkID", "EndpointID",
     "Gateway", "IPAddress", "IPPrefixLen", "IPv6Gateway", "GlobalIPv6Address", "GlobalIPv6PrefixLen",
     "DNSNames"});

Result<> read_streams(Config& config, const JsonView& view) {
    config.attach_stdin = TRY(view.boolean_or("AttachStdin", false));
    config.attach_stdout = TRY(view.boolean_or("AttachStdout", false));
    config.attach_stderr = TRY(view.boolean_or("AttachStderr", false));
    config.tty = TRY(view.boolean_or("Tty", false));
    config.open_stdin = TRY(view.boolean_or("OpenStdin", false));
    config.stdin_once = TRY(view.boolean_or("StdinOnce", false));
    return {};
}

Result<> read_addresses(EndpointSettings& endpoint, const JsonView& view) {
    endpoint.network_id = TRY(view.string_or("NetworkID", ""));
    endpoint.endpoint_id = TRY(view.string_or("EndpointID", ""));
    endpoint.gateway = TRY(view.string_or("Gateway", ""));
    endpoint.ip_address = TRY(view.string_or("IPAddress", ""));
    endpoint.ip_prefix_length = TRY(view.integer_or("IPPrefixLen", 0));
    endpoint.ipv6_gateway = TRY(view.string_or("IPv6Gateway", ""));
    endpoint.global_ipv6_address = TRY(view.string_or("GlobalIPv6Address", ""));
    endpoint.global_ipv6_prefix_length = TRY(view.integer_or("GlobalIPv6PrefixLen", 0));
    endpoint.dns_names = TRY(view.strings("DNSNames"));
    return {};
}

Json ipam_json(const EndpointSettings& endpoint) {
    if (endpoint.ipv4_address.empty() && endpoint.ipv6_address.empty() && endpoint.link_local_ips.empty())
        return {};
    Json ipam = Json::object();
    if (!endpoint.ipv4_address.empty()) ipam.set("IPv4Address", endpoint.ipv4_address);
    if (!endpoint.ipv6_address.empty()) ipam.set("IPv6Address", endpoint.ipv6_address);
    if (!endpoint.link_local_ips.empty()) ipam.set("LinkLocalIPs", Json(endpoint.link_local_ips));
    return ipam;
}

}  // namespace

Result<Healthcheck> parse_healthcheck(const JsonView& view) {
    TRY(view.expect_object());
    Healthcheck check;
    check.test = TRY(view.strings("Test"));
    check.interval = TRY(read_duration(view, "Interval"));
    check.timeout = TRY(read_duration(view, "Timeout"));
    check.start_period = TRY(read_duration(view, "StartPeriod"));
    check.start_interval = TRY(read_duration(view, "StartInterval"));
    check.retries = TRY(view.integer_or("Retries", 0));
    return check;
}

Result<Config> parse_config(const JsonView& view) {
    TRY(view.expect_object());
    Config config;
    config.hostname = TRY(view.string_or("Hostname", ""));
    config.domainname = TRY(view.string_or("Domainname", ""));
    config.user = TRY(view.string_or("User", ""));
    TRY(read_streams(config, view));
    config.exposed_ports = TRY(read_set(view, "ExposedPorts"));
    config.env = TRY(view.strings("Env"));
    config.command = TRY(read_string_or_list(view, "Cmd"));
    if (auto check = TRY(view.object("Healthcheck"))) config.healthcheck = TRY(parse_healthcheck(*check));
    config.image = TRY(view.string_or("Image", ""));
    config.volumes = TRY(read_set(view, "Volumes"));
    config.working_directory = TRY(view.string_or("WorkingDir", ""));
    config.entrypoint = TRY(read_string_or_list(view, "Entrypoint"));
    config.network_disabled = TRY(view.boolean_or("NetworkDisabled", false));
    config.mac_address = TRY(view.string_or("MacAddress", ""));
    config.on_build = TRY(view.strings("OnBuild"));
    config.labels = TRY(view.string_map("Labels"));
    config.stop_signal = TRY(view.string_or("StopSignal", ""));
    config.stop_timeout_seconds = TRY(view.optional_integer<int>("StopTimeout"));
    config.shell = TRY(read_string_or_list(view, "Shell"))
    .value_or(Strings());
    config.unknown = read_unknown(view, kConfigMembers);
    return config;
}

Result<EndpointSettings> parse_endpoint_settings(const JsonView& view) {
    TRY(view.expect_object());
    EndpointSettings endpoint;
    if (auto ipam = TRY(view.object("IPAMConfig"))) {
        endpoint.ipv4_address = TRY(ipam->string_or("IPv4Address", ""));
        endpoint.ipv6_address = TRY(ipam->string_or("IPv6Address", ""));
        endpoint.link_local_ips = TRY(ipam->strings("LinkLocalIPs"));
    }
    endpoint.links = TRY(view.strings("Links"));
    endpoint.aliases = TRY(view.strings("Aliases"));
    endpoint.driver_options = TRY(view.string_map("DriverOpts"));
    endpoint.mac_address = TRY(view.string_or("MacAddress", ""));
    endpoint.gateway_priority = TRY(view.integer_or<std::int64_t>("GwPriority", 0));
    TRY(read_addresses(endpoint, view));
    endpoint.unknown = read_unknown(view, kEndpointMembers);
    return endpoint;
}

Result<CreateRequest> parse_create_request(const JsonView& body) {
    CreateRequest request;
    request.config = TRY(parse_config(body));
    if (auto host = TRY(body.object("HostConfig"))) request.host_config = TRY(parse_host_config(*host));
    if (auto networking = TRY(body.object("NetworkingConfig")))
        TRY(networking->each_member("EndpointsConfig",
                                    [&](const std::string& name, const JsonView& endpoint) -> Result<> {
                                        // A network without settings may be null.
                                        EndpointSettings settings;
                                        if (!endpoint.json().is_null())
                                            settings = TRY(parse_endpoint_settings(endpoint));
                                        request.networking.endpoints.emplace_back(name, std::move(settings));
                                        return {};
                                    }));
    return request;
}

Json to_json(const StringMap& map) {
    Json object = Json::object();
    for (const auto& [key, value] : map)
        object.set(key, value);
    return object;
}

Json to_json(const Healthcheck& check) {
    Json json = Json::object();
    if (!check.test.empty()) json.set("Test", Json(check.test));
    if (check.interval.count() != 0) json.set("Interval", check.interval.count());
    if (check.timeout.count() != 0) json.set("Timeout", check.timeout.count());
    if (check.start_period.count() != 0) json.set("StartPeriod", check.start_period.count());
    if (check.start_interval.count() != 0) json.set("StartInterval", check.start_interval.count());
    if (check.retries != 0) json.set("Retries", check.retries);
    return json;
}

Json to_json(const Config& config) {
    Json json = Json::object();
    json.set("Hostname", config.hostname).set("Domainname", config.domainname).set("User", config.user);
    json.set("AttachStdin", config.attach_stdin).set("AttachStdout", config.attach_stdout);
    json.set("AttachStderr", config.attach_stderr);
    if (!config.exposed_ports.empty()) json.set("ExposedPorts", set_json(config.exposed_ports));
    json.set("Tty", config.tty).set("OpenStdin", config.open_stdin).set("StdinOnce", config.stdin_once);
    json.set("Env", Json(config.env)).set("Cmd", config.command ? Json(*config.command) : Json());
    if (config.healthcheck) json.set("Healthcheck", to_json(*config.healthcheck));
    json.set("Image", config.image);
    json.set("Volumes", config.volumes.empty() ? Json() : set_json(config.volumes));
    json.set("WorkingDir", config.working_directory);
    json.set("Entrypoint", config.entrypoint ? Json(*config.entrypoint) : Json());
    if (config.network_disabled) json.set("NetworkDisabled", true);
    if (!config.mac_address.empty()) json.set("MacAddress", config.mac_address);
    json.set("OnBuild", list_or_null(config.on_build)).set("Labels", to_json(config.labels));
    if (!config.stop_signal.empty()) json.set("StopSignal", config.stop_signal);
    if (config.stop_timeout_seconds) json.set("StopTimeout", *config.stop_timeout_seconds);
    if (!config.shell.empty()) json.set("Shell", Json(config.shell));
    add_unknown(json, config.unknown);
    return json;
}

Json to_json(const EndpointSettings& endpoint) {
    Json json = Json::object();
    json.set("IPAMConfig", ipam_json(endpoint)).set("Links", list_or_null(endpoint.links));
    json.set("Aliases", list_or_null(endpoint.aliases));
    json.set("DriverOpts", endpoint.driver_options.empty() ? Json() : to_json(endpoint.driver_options));
    json.set("GwPriority", endpoint.gateway_priority).set("NetworkID", endpoint.network_id);
    json.set("EndpointID", endpoint.endpoint_id).set("Gateway", endpoint.gateway);
    json.set("IPAddress", endpoint.ip_address).set("MacAddress", endpoint.mac_address);
    json.set("IPPrefixLen", endpoint.ip_prefix_length).set("IPv6Gateway", endpoint.ipv6_gateway);
    json.set("GlobalIPv6Address", endpoint.global_ipv6_address);
    json.set("GlobalIPv6PrefixLen", endpoint.global_ipv6_prefix_length);
    json.set("DNSNames", list_or_null(endpoint.dns_names));
    add_unknown(json, endpoint.unknown);
    return json;
}

}  // namespace tare::container
