#pragma once

// What the kernel does with packets of containers: one nftables table for each daemon.
//
// Its chains are made once and look things up in sets and maps: bridges, subnets, published ports. So a
// container without published ports costs no transaction, and one with some costs one.
//
//   arrive    127.0.0.0/8 from or to anything but lo is dropped (CVE-2020-8558: bridges have
//             route_localnet, for replies to the host's own clients); IPv6 from bridges too
//   publish   destination NAT, for packets from outside and for the host's own
//   leave     masquerade: containers' packets that leave the bridge; clients on 127.0.0.1; and a
//             container that reaches another (or itself) by a published port, since that one's answer would
//             take the short way with the wrong address
//   forward   into a bridge only what is published, what belongs to a connection, and what comes from the
//             same bridge: neighbours of the host that route to a container directly get nothing (R25)

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "engine/network/networks.h"

struct nft_ctx;

namespace tare::network {

/// A bridge as the firewall sees it.
struct FirewallBridge {
    std::string interface;
    Subnet subnet;
    bool is_internal = false;
    bool is_masqueraded = true;
};
struct FirewallPort {
    PublishedPort port;
    Ipv4 address;  ///< of the container
};
struct FirewallState {
    std::vector<FirewallBridge> bridges;
    std::vector<FirewallPort> ports;
};

/// The whole table as nft(8) reads it; replaces an older one in one transaction.
std::string render_table(const std::string& table, const FirewallState& state);

/// The table of one daemon in the network namespace of the thread that first uses it. Thread-safe.
class Firewall {
  public:
    explicit Firewall(std::string table);
    Firewall(const Firewall&) = delete;
    Firewall& operator=(const Firewall&) = delete;
    ~Firewall();

    const std::string& table() const { return table_; }
    /// Makes the table as `state` says, whatever it was.
    Result<> apply(const FirewallState& state);
    /// Adds or removes ports in a table that is there. aborted if that does not fit what the table holds:
    /// apply() then.
    Result<> add_ports(const std::vector<FirewallPort>& ports);
    Result<> remove_ports(const std::vector<FirewallPort>& ports);
    Result<bool> exists();
    /// Whether the chains and sets are as apply() made them; what the sets hold is not looked at.
    Result<bool> is_intact();
    /// An absent table is success.
    Result<> remove();

    /// Accepts packets from and to `bridges` in chains of others that drop what they do not know: see
    /// forward_policy.h. Idempotent; no bridges: takes our rules out again.
    Result<> pass_foreign_chains(const std::vector<std::string>& bridges);

  private:
    Result<std::string> run(const std::string& commands, unsigned output = 0);

    std::string table_;
    std::mutex mutex_;
    nft_ctx* context_ = nullptr;
    std::string applied_;  ///< the table without elements, as nft lists it
};

}  // namespace tare::network
