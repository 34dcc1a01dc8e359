#include "engine/network/networks.h"

#include <algorithm>

#include "engine/network/address_pool.h"
#include "engine/network/bridge_networks.h"
#include "engine/network/network_rows.h"
#include "posix/file.h"
#include "posix/random.h"

namespace tare::network {

namespace {

constexpr std::size_t kMaxContainerBytes = 255;

bool is_component(std::string_view text) {
    auto is_alphanumeric = [](unsigned char c) { return std::isalnum(c) != 0; };
    if (text.empty() || text.size() > kMaxContainerBytes) return false;
    if (!is_alphanumeric(static_cast<unsigned char>(text.front()))) return false;
    return std::ranges::all_of(
        text, [&](unsigned char c) { return is_alphanumeric(c) || c == '_' || c == '.' || c == '-'; });
}

}  // namespace

std::string_view to_string(Protocol protocol) {
    switch (protocol) {
        case Protocol::tcp:
            return "tcp";
        case Protocol::udp:
            return "udp";
        case Protocol::sctp:
            return "sctp";
    }
    return "tcp";
}

std::optional<Protocol> parse_protocol(std::string_view text) {
    for (Protocol protocol : {Protocol::tcp, Protocol::udp, Protocol::sctp})
        if (to_lower(text) == to_string(protocol)) return protocol;
    return std::nullopt;
}

Result<Mode> parse_mode(std::string_view text) {
    using Kind = Mode::Kind;
    if (text.empty() || text == "default" || text == "bridge") return Mode{};
    if (text == "none") return Mode{.kind = Kind::none, .target = "none"};
    if (text == "host") return Mode{.kind = Kind::host, .target = "host"};
    auto [before, after] = cut(text, ':');
    if (before != "container" || !after) return Mode{.kind = Kind::network, .target = std::string(text)};
    if (after->empty())
        return fail(ErrorKind::invalid_argument, "invalid container format container:<name|id>");
    return Mode{.kind = Kind::container, .target = std::string(*after)};
}

Result<> check_container(std::string_view container) {
    auto [space, id] = cut(container, '/');
    if (id && is_component(space) && is_component(*id)) return {};
    return fail(ErrorKind::invalid_argument, "container ", quote(container), ": not NAMESPACE/ID");
}

bool has_bridge(const Network& network) {
    return network.driver == "bridge";
}

Result<std::unique_ptr<Networks>> Networks::open(const NetworksConfig& config, store::Database& database) {
    TRY(posix::make_directories(config.state_directory + "/netns", 0700));
    auto networks = std::make_unique<BridgeNetworks>(config, database, TRY(Bridges::open()));
    TRY(networks->make_predefined());
    return std::unique_ptr<Networks>(std::move(networks));
}

Result<> BridgeNetworks::make_predefined() {
    auto present = TRY(list());
    auto lacks = [&](std::string_view name) {
        return std::ranges::none_of(present, [&](const Network& network) { return network.name == name; });
    };
    std::vector<Network> wanted{{.name = "bridge", .driver = "bridge"},
                                {.name = "host", .driver = "host"},
                                {.name = "none", .driver = "null"}};
    for (auto& network : wanted) {
        if (!lacks(network.name)) continue;
        network.id = TRY(posix::random_hex(32));
        network.created = now();
        if (has_bridge(network)) {
            network.subnet = config_.default_bridge ? *config_.default_bridge : TRY(free_subnet());
            network.range = network.subnet;
            network.gateway = {network.subnet.base.value + 1};
            network.interface = config_.instance == "tare" ? "tare0" : config_.instance;
            network.options = {{"com.docker.network.bridge.default_bridge", "true"},
                               {"com.docker.network.bridge.enable_icc", "true"},
                               {"com.docker.network.bridge.enable_ip_masquerade", "true"},
                               {"com.docker.network.bridge.host_binding_ipv4", "0.0.0.0"},
                               {"com.docker.network.bridge.name", network.interface},
                               {"com.docker.network.driver.mtu", cat(mtu_of(network))}};
        }
        TRY(database_->write(
            [&](store::Transaction& transaction) { return insert_network(transaction, network); }));
    }
    return {};
}

}  // namespace tare::network
