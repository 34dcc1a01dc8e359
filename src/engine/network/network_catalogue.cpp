#include <algorithm>

#include <fcntl.h>

#include "engine/network/address_pool.h"
#include "engine/network/bridge_networks.h"
#include "engine/network/network_rows.h"
#include "posix/file.h"
#include "posix/random.h"

namespace tare::network {

namespace {

constexpr std::size_t kMaxInterfaceBytes = 15;

bool is_name_character(unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '.' || c == '-';
}

Result<> check_network_name(const std::string& name) {
    bool is_good = !name.empty() && name.size() <= 255 &&
                   std::isalnum(static_cast<unsigned char>(name.front())) != 0 &&
                   std::ranges::all_of(name, is_name_character);
    if (is_good) return {};
    return fail(ErrorKind::invalid_argument, "invalid network name ", quote(name),
                ": only [a-zA-Z0-9][a-zA-Z0-9_.-]* are allowed");
}

std::string option_or(const Labels& options, const std::string& key, std::string_view otherwise) {
    auto found = options.find(key);
    return found == options.end() ? std::string(otherwise) : found->second;
}

/// The name of a link becomes part of a path and of firewall commands (R15, R11).
Result<> check_interface(const std::string& name) {
    if (!name.empty() && name.size() <= kMaxInterfaceBytes && name != "." && name != ".." &&
        std::ranges::all_of(name, is_name_character))
        return {};
    return fail(ErrorKind::invalid_argument, "bridge name ", quote(name), ": at most ", kMaxInterfaceBytes,
                " of [a-zA-Z0-9_.-]");
}

Result<> check_request(const NetworkRequest& request) {
    TRY(check_network_name(request.name));
    if (request.driver != "bridge")
        return fail(ErrorKind::unimplemented, "network driver ", quote(request.driver),
                    ": only bridge networks can be created");
    for (auto* predefined : {"bridge", "host", "none", "default"})
        if (request.name == predefined)
            return fail(ErrorKind::permission_denied, "operation is not permitted on predefined ",
                        request.name, " network");
    if ((request.range || request.gateway) && !request.subnet)
        return fail(ErrorKind::invalid_argument, "network ", request.name,
                    ": a range or a gateway needs a subnet");
    if (!request.subnet) return {};
    if (request.subnet->prefix > 30)
        return fail(ErrorKind::invalid_argument, "subnet ", request.subnet->text(), " has no room");
    if (request.gateway && !is_host_address(*request.subnet, *request.gateway))
        return fail(ErrorKind::invalid_argument, "no matching subnet for gateway ", request.gateway->text());
    if (request.range &&
        (!request.subnet->contains(request.range->base) || request.range->prefix < request.subnet->prefix))
        return fail(ErrorKind::invalid_argument, "range ", request.range->text(), " is not within ",
                    request.subnet->text());
    return {};
}

}  // namespace

Result<Network> BridgeNetworks::create(const NetworkRequest& request) {
    TRY(check_request(request));
    Network network;
    network.id = TRY(posix::random_hex(32));
    network.name = request.name;
    network.driver = request.driver;
    network.interface =
        option_or(request.options, "com.docker.network.bridge.name", "br-" + network.id.substr(0, 12));
    TRY(check_interface(network.interface));
    network.is_internal = request.is_internal;
    network.is_attachable = request.is_attachable;
    network.labels = request.labels;
    network.options = request.options;
    network.created = now();
    std::scoped_lock lock(making_);
    if (request.subnet) {
        for (auto& other : TRY(taken_subnets()))
            if (other.overlaps(*request.subnet))
                return fail(ErrorKind::failed_precondition, "network ", network.name, ": ",
                            request.subnet->text(), " overlaps ", other.text(),
                            " (Pool overlaps with other one on this address space)");
    }
    network.subnet = request.subnet ? *request.subnet : TRY(free_subnet());
    network.range = request.range.value_or(network.subnet);
    network.gateway = request.gateway.value_or(Ipv4{network.subnet.base.value + 1});
    TRY(database_->write(
        [&](store::Transaction& transaction) { return insert_network(transaction, network); }));
    if (firewall_is_ready_) TRY(apply_firewall());
    return network;
}

Result<> BridgeNetworks::remove(const std::string& name_or_id) {
    Network network = TRY(get(name_or_id));
    if (network.is_predefined())
        return fail(ErrorKind::permission_denied, network.name,
                    " is a pre-defined network and cannot be removed");
    TRY(database_->write([&](store::Transaction& transaction) -> Result<> {
        if (!TRY(endpoints_in(transaction, network.id)).empty())
            return fail(ErrorKind::failed_precondition, "error while removing network: network ",
                        network.name, " id ", network.id, " has active endpoints");
        return delete_network(transaction, network.id);
    }));
    TRY(bridges_->remove(network));
    if (firewall_is_ready_) TRY(apply_firewall());
    return {};
}

Result<Network> BridgeNetworks::get(const std::string& name_or_id) {
    return database_->read(
        [&](store::Transaction& transaction) { return find_network(transaction, name_or_id); });
}

Result<std::vector<Network>> BridgeNetworks::list() {
    return database_->read([&](store::Transaction& transaction) { return all_networks(transaction); });
}

Result<std::vector<std::pair<std::string, Endpoint>>> BridgeNetworks::endpoints(
    const std::string& name_or_id) {
    Network network = TRY(get(name_or_id));
    auto rows = TRY(database_->read(
        [&](store::Transaction& transaction) { return endpoints_in(transaction, network.id); }));
    std::vector<std::pair<std::string, Endpoint>> found;
    for (auto& row : rows)
        found.emplace_back(row.container, row.endpoint);
    return found;
}

Result<Ipv4> BridgeNetworks::host_gateway() {
    return TRY(get("bridge"))
    .gateway;
}

Result<std::vector<Subnet>> BridgeNetworks::taken_subnets() {
    std::vector<Subnet> taken = TRY(bridges_->routed_subnets());
    for (auto& network : TRY(list()))
        if (has_bridge(network)) taken.push_back(network.subnet);
    return taken;
}

Result<Subnet> BridgeNetworks::free_subnet() {
    auto pools = config_.pools.empty() ? default_pools() : config_.pools;
    auto subnet = choose_subnet(pools, TRY(taken_subnets()));
    if (subnet) return *subnet;
    Error error = fail(ErrorKind::resource_exhausted,
                       "could not find an available, non-overlapping IPv4 address pool among the defaults to "
                       "assign to the network");
    return error.set_hint("give the network a subnet");
}

int BridgeNetworks::mtu_of(const Network& network) const {
    auto asked = parse_integer<int>(option_or(network.options, "com.docker.network.driver.mtu", ""));
    if (asked && *asked >= 68) return *asked;
    return config_.mtu > 0 ? config_.mtu : bridges_->default_mtu();
}

/// The default bridge was given a subnet when the daemon first started; another daemon, or a new route of
/// the host, may have it by now. Daemons of one machine do this one at a time.
Result<> BridgeNetworks::ensure_bridge(Network& network) {
    if (TRY(bridges_->exists(network))) return bridges_->ensure(network, 0);
    std::scoped_lock lock(making_);
    posix::Fd machine = TRY(posix::open_file("/proc/self/ns/net", O_RDONLY));
    TRY(posix::lock_exclusively(machine.get()));
    if (network.name == "bridge" && !config_.default_bridge && TRY(endpoints(network.id)).empty()) {
        auto routed = TRY(bridges_->routed_subnets());
        bool is_taken = std::ranges::any_of(
            routed, [&](const Subnet& subnet) { return subnet.overlaps(network.subnet); });
        if (is_taken && !TRY(bridges_->exists(network))) {
            network.subnet = network.range = TRY(free_subnet());
            network.gateway = {network.subnet.base.value + 1};
            TRY(database_->write(
                [&](store::Transaction& transaction) { return update_network(transaction, network); }));
            firewall_is_ready_ = false;
        }
    }
    TRY_CONTEXT(bridges_->ensure(network, mtu_of(network)), cat("make bridge ", network.interface));
    return {};
}

}  // namespace tare::network
