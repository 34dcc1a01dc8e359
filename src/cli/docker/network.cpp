// network create, connect, disconnect, rm, inspect.

#include "cli/common/key_value.h"
#include "cli/common/network_spec.h"
#include "cli/common/safe_text.h"
#include "cli/docker/command.h"
#include "cli/docker/daemon.h"
#include "cli/docker/each_name.h"
#include "cli/docker/inspection.h"
#include "cli/docker/verbs.h"

namespace tare::cli::docker {

namespace {

struct CreateOptions {
    bool attachable = false, config_only = false, ingress = false, internal = false, ipv4 = true,
         ipv6 = false;
    std::string driver = "bridge", ipam_driver = "default", config_from, scope;
    std::vector<std::string> subnets, gateways, ranges, auxiliaries, ipam_options, labels, options;
};

void define(FlagSet& flags, CreateOptions& options) {
    flags.boolean(options.attachable, "attachable", 0, "Let containers be connected by hand");
    flags.list(options.auxiliaries, "aux-address", 0, "Addresses that the driver uses itself, NAME=ADDRESS",
               "map");
    flags.text(options.config_from, "config-from", 0, "Network whose configuration is copied");
    flags.boolean(options.config_only, "config-only", 0, "Create only a configuration");
    flags.text(options.driver, "driver", 'd', "Driver of the network");
    flags.list(options.gateways, "gateway", 0, "Gateway of a subnet", "strings");
    flags.boolean(options.ingress, "ingress", 0, "Create the routing mesh of a swarm");
    flags.boolean(options.internal, "internal", 0, "No way out of this network");
    flags.list(options.ranges, "ip-range", 0, "Range that containers' addresses come from", "strings");
    flags.text(options.ipam_driver, "ipam-driver", 0, "Driver that gives out addresses");
    flags.list(options.ipam_options, "ipam-opt", 0, "Options of that driver", "map");
    flags.boolean(options.ipv4, "ipv4", 0, "Give out IPv4 addresses");
    flags.boolean(options.ipv6, "ipv6", 0, "Give out IPv6 addresses");
    flags.list(options.labels, "label", 0, "Label of the network");
    flags.list(options.options, "opt", 'o', "Option of the driver", "map");
    flags.text(options.scope, "scope", 0, "Where the network is known");
    flags.list(options.subnets, "subnet", 0, "Subnet in CIDR form", "strings");
}

std::vector<std::string> split_all(const std::vector<std::string>& values) {
    std::vector<std::string> out;
    for (const std::string& value : values)
        for (std::string_view part : split(value, ','))
            out.emplace_back(part);
    return out;
}

// The n-th gateway, range and so on belong to the n-th subnet.
Result<Json> ipam_of(const CreateOptions& options) {
    std::vector<std::string> subnets = split_all(options.subnets);
    std::vector<std::string> ranges = split_all(options.ranges);
    std::vector<std::string> gateways = split_all(options.gateways);
    if (subnets.size() < ranges.size() || subnets.size() < gateways.size())
        return fail(ErrorKind::invalid_argument,
                    "every ip-range or gateway must have a corresponding subnet");
    Json configs = Json::array();
    for (std::size_t i = 0; i < subnets.size(); ++i) {
        Json config = Json::object();
        config.set("Subnet", subnets[i]);
        if (i < ranges.size()) config.set("IPRange", ranges[i]);
        if (i < gateways.size()) config.set("Gateway", gateways[i]);
        if (i == 0 && !options.auxiliaries.empty())
            config.set("AuxiliaryAddresses", key_value_object(options.auxiliaries));
        configs.push(std::move(config));
    }
    Json ipam = Json::object();
    ipam.set("Driver", options.ipam_driver)
        .set("Options", key_value_object(options.ipam_options))
        .set("Config", configs);
    return ipam;
}

}  // namespace

Result<int> network_create(Invocation& call) {
    CreateOptions options;
    define(call.flags, options);
    if (!call.parse()) return call.exit_code();
    Json body = Json::object();
    body.set("Name", call.arguments[0]);
    body.set("Driver", options.driver).set("Scope", options.scope).set("Internal", options.internal);
    body.set("Attachable", options.attachable)
        .set("Ingress", options.ingress)
        .set("ConfigOnly", options.config_only);
    if (call.flags.is_set("ipv4")) body.set("EnableIPv4", options.ipv4);
    if (call.flags.is_set("ipv6")) body.set("EnableIPv6", options.ipv6);
    if (!options.config_from.empty())
        body.set("ConfigFrom", Json::object().set("Network", options.config_from));
    body.set("IPAM", TRY(ipam_of(options)));
    body.set("Options", key_value_object(options.options)).set("Labels", key_value_object(options.labels));
    Json answer = TRY(Daemon(call.settings).post("/networks/create", body));
    print(cat(text_at(answer, "Id"), '\n'));
    return 0;
}

Result<int> network_connect(Invocation& call) {
    NetworkOption network;
    std::vector<std::string> aliases, link_local;
    call.flags.list(aliases, "alias", 0, "Further name of the container in this network", "strings");
    call.flags.list(network.driver_options, "driver-opt", 0, "Option of the driver", "strings");
    call.flags.integer(network.gateway_priority, "gw-priority", 0,
                       "The network with the highest one gives the default gateway");
    call.flags.text(network.ipv4, "ip", 0, "IPv4 address");
    call.flags.text(network.ipv6, "ip6", 0, "IPv6 address");
    call.flags.list(network.links, "link", 0, "Link to another container");
    call.flags.list(link_local, "link-local-ip", 0, "Link-local address", "strings");
    if (!call.parse()) return call.exit_code();
    network.target = call.arguments[0];
    network.aliases = split_all(aliases);
    network.link_local_ips = split_all(link_local);
    Json body = Json::object();
    body.set("Container", call.arguments[1]).set("EndpointConfig", TRY(endpoint_settings(network)));
    TRY(Daemon(call.settings).post(cat("/networks/", path_segment(call.arguments[0]), "/connect"), body));
    return 0;
}

Result<int> network_disconnect(Invocation& call) {
    bool force = false;
    call.flags.boolean(force, "force", 'f', "Disconnect even if the container does not answer");
    if (!call.parse()) return call.exit_code();
    Json body = Json::object();
    body.set("Container", call.arguments[1]).set("Force", force);
    TRY(Daemon(call.settings).post(cat("/networks/", path_segment(call.arguments[0]), "/disconnect"), body));
    return 0;
}

Result<int> network_rm(Invocation& call) {
    bool force = false;
    call.flags.boolean(force, "force", 'f', "A network that is not there is no failure");
    if (!call.parse()) return call.exit_code();
    Daemon daemon(call.settings);
    int exit_code = 0;
    for (const std::string& name : call.arguments) {
        auto removed = daemon.remove(cat("/networks/", path_segment(name)));
        if (removed) {
            print(cat(name, '\n'));
        } else if (!force || !removed.error().is(ErrorKind::not_found)) {
            print_error(cat(removed.error().message(), "\nexit status 1\n"));
            exit_code = kExitFailure;
        }
    }
    return exit_code;
}

Result<int> network_inspect(Invocation& call) {
    std::string format;
    bool verbose = false;
    call.flags.text(format, "format", 'f', "\"json\" or a Go template");
    call.flags.boolean(verbose, "verbose", 'v', "Show more for diagnosis");
    if (!call.parse()) return call.exit_code();
    Query query;
    query.flag("verbose", verbose);
    Daemon daemon(call.settings);
    return inspect_each(call, format, [&](const std::string& name) {
        return daemon.get(cat("/networks/", path_segment(name), query.text()));
    });
}

}  // namespace tare::cli::docker
