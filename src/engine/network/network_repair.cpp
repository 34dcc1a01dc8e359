#include <algorithm>
#include <set>

#include "base/log.h"
#include "engine/network/bridge_networks.h"
#include "engine/network/network_rows.h"
#include "posix/file.h"

namespace tare::network {

namespace {

constexpr const char* kForwarding = "/proc/sys/net/ipv4/ip_forward";

Result<> turn_forwarding_on() {
    auto present = posix::read_file(kForwarding, 16);
    if (present && trim(*present) != "0") return {};
    return posix::write_knob(kForwarding, "1");
}

}  // namespace

Result<> BridgeNetworks::ensure_firewall() {
    if (firewall_is_ready_) return {};
    std::scoped_lock lock(making_);
    if (firewall_is_ready_) return {};
    TRY(turn_forwarding_on());
    if (!watch_) watch_firewall();
    TRY(apply_firewall());
    firewall_is_ready_ = true;
    return {};
}

void BridgeNetworks::watch_firewall() {
    auto watch = FirewallWatch::start(
        firewall_.table(), {.own_table_changed = [this](bool by_others) { restore_firewall(by_others); },
                            .foreign_chain_changed =
                                [this] {
                                    auto passed = pass_foreign_chains();
                                    if (!passed) log::failure("containers may be cut off", passed.error());
                                }});
    // Without it the networks work until someone flushes the table.
    if (!watch) {
        log::failure("changes of the host's firewall go unnoticed", watch.error(), log::Level::warning);
    } else {
        watch_ = std::move(*watch);
    }
}

/// Called on every change of the table, most of them our own.
void BridgeNetworks::restore_firewall(bool is_damaged) {
    if (!firewall_is_ready_) return;
    auto intact = firewall_.is_intact();
    if (!is_damaged && intact && *intact) return;
    log::warning("the table of published ports was changed by another program; making it anew");
    auto applied = apply_firewall();
    if (!applied) log::failure("published ports do not work", applied.error());
}

Result<> BridgeNetworks::pass_foreign_chains() {
    if (!firewall_is_ready_) return {};
    std::vector<std::string> interfaces;
    for (auto& network : TRY(list()))
        if (has_bridge(network)) interfaces.push_back(network.interface);
    return firewall_.pass_foreign_chains(interfaces);
}

Result<> BridgeNetworks::apply_firewall() {
    FirewallState state;
    std::vector<std::string> interfaces;
    TRY(database_->read([&](store::Transaction& transaction) -> Result<> {
        for (auto& network : TRY(all_networks(transaction))) {
            if (!has_bridge(network)) continue;
            auto masquerade = network.options.find("com.docker.network.bridge.enable_ip_masquerade");
            state.bridges.push_back(
                {.interface = network.interface,
                 .subnet = network.subnet,
                 .is_internal = network.is_internal,
                 .is_masqueraded = masquerade == network.options.end() || masquerade->second != "false"});
            interfaces.push_back(network.interface);
        }
        for (auto& row : TRY(all_ports(transaction)))
            state.ports.push_back({.port = row.port, .address = row.address});
        return {};
    }));
    TRY(firewall_.apply(state));
    // A host firewall that cannot be read or changed is its administrator's; ours stands.
    auto passed = firewall_.pass_foreign_chains(interfaces);
    if (!passed) log::failure("the host's firewall may keep containers from the network", passed.error());
    return {};
}

Result<> BridgeNetworks::repair(const std::function<bool(const std::string& container)>& is_alive) {
    auto rows =
        TRY(database_->read([&](store::Transaction& transaction) { return all_endpoints(transaction); }));
    std::set<std::string> attached;
    for (auto& row : rows)
        attached.insert(row.container);
    for (auto& container : attached)
        if (!is_alive(container)) TRY(detach(container));
    TRY(remove_dead_namespaces(is_alive));
    bool has_living = std::ranges::any_of(attached, is_alive);
    for (auto& network : TRY(list())) {
        if (!has_bridge(network)) continue;
        TRY(remove_stray_links(network));
        if (!TRY(endpoints(network.id)).empty()) TRY(ensure_bridge(network));
    }
    // Without containers the table is made by the first; one that is left from before may publish the
    // ports of the dead.
    if (has_living || TRY(firewall_.exists())) TRY(ensure_firewall());
    for (auto& container : attached) {
        if (!is_alive(container)) continue;
        auto ports = TRY(database_->read(
            [&](store::Transaction& transaction) { return network::ports_of(transaction, container); }));
        ports_.keep_again(container, ports);
    }
    return {};
}

Result<> BridgeNetworks::remove_dead_namespaces(
    const std::function<bool(const std::string& container)>& is_alive) {
    std::string directory = config_.state_directory + "/netns";
    for (auto& space : TRY(posix::list_directory(directory))) {
        auto ids = posix::list_directory(cat(directory, "/", space));
        if (!ids) continue;  // no directory, so none of ours
        for (auto& id : *ids) {
            std::string container = cat(space, "/", id);
            if (check_container(container) && is_alive(container)) continue;
            TRY(remove_namespace(netns_path(container)));
        }
    }
    return {};
}

/// Cables of containers that no row knows; their namespaces are gone or about to be.
Result<> BridgeNetworks::remove_stray_links(const Network& network) {
    std::set<std::string> known;
    TRY(database_->read([&](store::Transaction& transaction) -> Result<> {
        for (auto& row : TRY(endpoints_in(transaction, network.id)))
            known.insert(row.host_interface);
        return {};
    }));
    for (auto& port : TRY(bridges_->ports_of(network))) {
        // Others may have put links of theirs on our bridge.
        if (known.contains(port) || !port.starts_with("veth") || port.size() != 15) continue;
        log::info("removing a link that no container has", {{"link", port}});
        TRY(bridges_->unplug(port));
    }
    return {};
}

Result<> BridgeNetworks::withdraw() {
    TRY(remove_dead_namespaces([](const std::string&) { return false; }));
    auto networks = TRY(list());
    for (auto& network : networks) {
        if (!has_bridge(network)) continue;
        for (auto& port : TRY(bridges_->ports_of(network)))
            TRY(bridges_->unplug(port));
        TRY(bridges_->remove(network));
    }
    firewall_is_ready_ = false;
    watch_.reset();
    TRY(firewall_.pass_foreign_chains({}));
    return firewall_.remove();
}

}  // namespace tare::network
