#pragma once

// The one implementation of Networks. Verbs are in files of their own: attach, detach, catalogue (create,
// remove, list), repair.

#include <atomic>
#include <mutex>

#include "engine/network/bridges.h"
#include "engine/network/firewall.h"
#include "engine/network/firewall_watch.h"
#include "engine/network/networks.h"
#include "engine/network/port_holder.h"

namespace tare::network {

class BridgeNetworks : public Networks {
  public:
    BridgeNetworks(NetworksConfig config, store::Database& database, std::unique_ptr<Bridges> bridges)
        : config_(std::move(config)),
          database_(&database),
          bridges_(std::move(bridges)),
          firewall_(config_.instance) {}

    /// Writes the rows of bridge, host and none where they lack.
    Result<> make_predefined();

    Result<Attachment> attach(const AttachRequest& request) override;
    Result<> detach(const std::string& container) override;
    Result<std::optional<Attachment>> find(const std::string& container) override;
    Result<std::vector<Counters>> counters(const std::string& container) override;
    Result<Endpoint> connect(const std::string& container, const EndpointRequest& request) override;
    Result<> disconnect(const std::string& container, const std::string& network) override;
    Result<Network> create(const NetworkRequest& request) override;
    Result<> remove(const std::string& name_or_id) override;
    Result<Network> get(const std::string& name_or_id) override;
    Result<std::vector<Network>> list() override;
    Result<std::vector<std::pair<std::string, Endpoint>>> endpoints(const std::string& name_or_id) override;
    Result<Ipv4> host_gateway() override;
    Result<> repair(const std::function<bool(const std::string& container)>& is_alive) override;
    Result<> withdraw() override;

  private:
    /// An endpoint that is to be, and its network.
    struct Planned {
        Network network;
        EndpointRequest request;
        EndpointRow row;
    };

    std::string netns_path(const std::string& container) const;
    Result<Attachment> join_other(const std::string& other) const;
    Result<std::vector<Planned>> plan(const AttachRequest& request);
    Result<Planned> plan_endpoint(const Network& network, const EndpointRequest& request,
                                  const std::string& container, int index);
    Result<> claim(std::vector<Planned>& planned, const std::string& container,
                   const std::vector<PublishedPort>& ports);
    Result<> choose_addresses(store::Transaction& transaction, Planned& planned);
    Result<Attachment> set_up(const std::string& container, std::vector<Planned>& planned, HeldPorts held);
    void undo(const std::string& container);

    Result<> ensure_bridge(Network& network);
    Result<> ensure_firewall();
    Result<> apply_firewall();
    Result<> pass_foreign_chains();
    void watch_firewall();
    void restore_firewall(bool is_damaged);
    Result<std::vector<Subnet>> taken_subnets();
    Result<Subnet> free_subnet();
    int mtu_of(const Network& network) const;

    Result<> remove_dead_namespaces(const std::function<bool(const std::string& container)>& is_alive);
    Result<> remove_stray_links(const Network& network);

    NetworksConfig config_;
    store::Database* database_;
    std::unique_ptr<Bridges> bridges_;
    Firewall firewall_;
    NamespacePool namespaces_;
    PortHolder ports_;
    /// Bridges and table are made once and by one thread.
    std::mutex making_;
    std::atomic<bool> firewall_is_ready_ = false;
    std::unique_ptr<FirewallWatch> watch_;  // last: it calls back
};

/// invalid_argument unless it is "NAMESPACE/ID" of two components [A-Za-z0-9][A-Za-z0-9_.-]*: it becomes
/// part of a path (security rule R15).
Result<> check_container(std::string_view container);

void note_flows(const Result<>& forgotten);

/// A network of Docker's name for drivers without addresses.
bool has_bridge(const Network& network);

}  // namespace tare::network
