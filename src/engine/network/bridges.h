#pragma once

// The links of the host: bridges, and the cables from their ports into containers.

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "engine/network/network_namespace.h"
#include "engine/network/network_rows.h"

namespace tare::network {

struct PlugOptions {
    bool has_default_route = false;  ///< the gateway of this network is the way out
    /// It reaches itself by a published port. Where the host filters bridged packets too
    /// (bridge-nf-call-iptables), these are redirected without ever leaving the bridge.
    bool has_ports = false;
};

/// Works in the network namespace of the thread that makes it. Thread-safe.
class Bridges {
  public:
    static Result<std::unique_ptr<Bridges>> open();
    ~Bridges();

    /// Whether the bridge is there.
    Result<bool> exists(const Network& network);
    /// Makes the bridge if it is not there: its address, no IPv6, route_localnet for replies to clients on
    /// 127.0.0.1, up.
    Result<> ensure(const Network& network, int mtu);
    /// Gives the container of `row` its interface with an address.
    Result<> plug(const Network& network, const EndpointRow& row, OpenNamespace& inside,
                  const PlugOptions& options);
    /// Takes a cable away at once.
    Result<> unplug(const std::string& host_interface);
    Result<> remove(const Network& network);
    Result<std::optional<LinkCounters>> counters(const std::string& host_interface);
    /// The ports of a bridge.
    Result<std::vector<std::string>> ports_of(const Network& network);
    /// What the host has routes to, bridges of ours included.
    Result<std::vector<Subnet>> routed_subnets();
    /// Of the link with the host's default route, at most 1500; 1500 without one.
    int default_mtu();

    /// A cable whose namespace was let go. The kernel takes it down by itself, some time later (it collects
    /// dead namespaces); until then its container's address answers, so it is not to be given to another.
    /// A cable that a living process keeps is cut after a grace period.
    void let_go(const EndpointRow& row);
    bool is_lingering(const std::string& network, Ipv4 address);

  private:
    explicit Bridges(RouteSocket host) : host_(std::move(host)) {}
    void cut_lingering(const std::stop_token& stop);

    struct Lingering {
        std::string network;
        Ipv4 address;
        std::string host_interface;
        std::chrono::steady_clock::time_point cut_at;
    };

    std::mutex mutex_;
    RouteSocket host_;
    std::mutex lingering_mutex_;
    std::condition_variable_any lingering_changed_;
    std::vector<Lingering> lingering_;
    std::jthread cutter_;  // last: ends before what it uses
};

}  // namespace tare::network
