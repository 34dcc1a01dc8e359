#pragma once

// The networks of the Docker face: bridges, addresses, published ports; and the network namespace of
// each running container.
//
//     auto networks = TRY(Networks::open({.state_directory = "/run/tare", .instance = "tare"}, database));
//     TRY(networks->repair(running));                      // once at start
//     Attachment attachment = TRY(networks->attach({
//         .container = "default/4f0c…",
//         .mode = TRY(parse_mode("bridge")),
//         .ports = {{.protocol = Protocol::tcp, .container_port = 80, .first_host_port = 8080}}}));
//     spec: network namespace at attachment.netns_path
//     …                                                    // the container runs and ends
//     TRY(networks->detach("default/4f0c…"));              // addresses and ports are free again
//
// A network namespace is a file below STATE/netns/NAMESPACE/ID on which it is bind-mounted; it is made
// before the container and outlives tared. Addresses and ports are rows of the store, so that each is
// given once, whatever crashes. What the kernel must do is one nftables table for the daemon (firewall.h).
//
// Containers are named "NAMESPACE/ID". Every verb is idempotent: attach() of an attached container
// answers the same again. Threads: every member may be called from any thread; calls for one container
// must not overlap.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "engine/network/address.h"

namespace tare::store {
class Database;
}

namespace tare::network {

using Labels = std::map<std::string, std::string>;

enum class Protocol { tcp, udp, sctp };
/// "tcp", "udp", "sctp".
std::string_view to_string(Protocol protocol);
std::optional<Protocol> parse_protocol(std::string_view text);

/// `HostConfig.NetworkMode`.
struct Mode {
    enum class Kind {
        none,       ///< a namespace of its own with nothing but lo
        host,       ///< the host's
        container,  ///< that of another container
        network     ///< a bridge network of ours
    };
    Kind kind = Kind::network;
    /// Of `container` the id or name as given, of `network` its name or id ("bridge" for the default).
    std::string target = "bridge";
};
/// "", "default" and "bridge" are the default bridge. invalid_argument for "container:" without a name.
Result<Mode> parse_mode(std::string_view text);

/// A port to publish. Host ports 0: any free one of the host's ephemeral range; first < last: the first
/// free one of the range.
struct PortRequest {
    Protocol protocol = Protocol::tcp;
    std::uint16_t container_port = 0;
    Ipv4 host_ip;  ///< 0.0.0.0: every address of the host
    std::uint16_t first_host_port = 0;
    std::uint16_t last_host_port = 0;  ///< 0: as first
};
struct PublishedPort {
    Protocol protocol = Protocol::tcp;
    std::uint16_t container_port = 0;
    Ipv4 host_ip;
    std::uint16_t host_port = 0;

    bool operator==(const PublishedPort&) const = default;
};

/// What a container asks of one network.
struct EndpointRequest {
    std::string network;  ///< name or id
    std::optional<Ipv4> address;
    std::optional<Mac> mac;
    std::vector<std::string> aliases;
};

/// A container's place in a network.
struct Endpoint {
    std::string network_id;
    std::string network_name;
    std::string endpoint_id;  ///< 64 hex digits
    std::string interface;    ///< inside: "eth0"
    Ipv4 address;
    int prefix = 0;
    Ipv4 gateway;
    Mac mac;
    std::vector<std::string> aliases;
};

struct AttachRequest {
    std::string container;
    Mode mode;
    /// Details for the network of `mode` (the element whose network is its target) and further networks.
    std::vector<EndpointRequest> endpoints;
    std::vector<PortRequest> ports;  ///< without effect in modes other than `network`
};

struct Attachment {
    /// The namespace to join; empty for the host's. Of Mode::container that of the other one.
    std::string netns_path;
    std::vector<Endpoint> endpoints;  ///< the first has the default route; empty without a network
    std::vector<PublishedPort> ports;
};

/// Sums of an interface as seen from inside the container.
struct Counters {
    std::string interface;
    std::uint64_t rx_bytes = 0;
    std::uint64_t rx_packets = 0;
    std::uint64_t rx_errors = 0;
    std::uint64_t rx_dropped = 0;
    std::uint64_t tx_bytes = 0;
    std::uint64_t tx_packets = 0;
    std::uint64_t tx_errors = 0;
    std::uint64_t tx_dropped = 0;
};

/// A network of `docker network ls`.
struct Network {
    std::string id;  ///< 64 hex digits
    std::string name;
    std::string driver;     ///< "bridge", "host" or "null"
    Subnet subnet;          ///< of bridges
    Subnet range;           ///< where addresses are taken from; the whole subnet unless asked otherwise
    Ipv4 gateway;           ///< the bridge's own address
    std::string interface;  ///< the bridge
    bool is_internal = false;
    bool is_attachable = false;
    Labels labels;
    Labels options;
    Time created;

    /// bridge, host and none: there from the start, not removable.
    bool is_predefined() const { return name == "bridge" || name == "host" || name == "none"; }
};

struct NetworkRequest {
    std::string name;
    std::string driver = "bridge";
    std::optional<Subnet> subnet;  ///< absent: the next free one of the pools
    std::optional<Subnet> range;
    std::optional<Ipv4> gateway;  ///< absent: the first of the subnet
    bool is_internal = false;
    bool is_attachable = false;
    Labels labels;
    Labels options;  ///< "com.docker.network.bridge.name", "com.docker.network.driver.mtu"
};

struct NetworksConfig {
    std::string state_directory;  ///< STATE
    /// Prefix of all that the machine can see of us: bridge "tare0" for "tare", else the name itself.
    std::string instance = "tare";
    /// What networks without a subnet get, in this order, less what the host has routes to. Empty:
    /// 172.17.0.0/16 … 172.31.0.0/16, then 192.168.0.0/20 ….
    std::vector<Subnet> pools;
    std::optional<Subnet> default_bridge;  ///< with its address ("--bip"); absent: from the pools
    int mtu = 0;                           ///< 0: that of the host's default route, at most 1500
};

class Networks {
  public:
    /// Reads the rows and makes the predefined ones. Touches no interface: the default bridge and the
    /// nftables table come with the first container that needs them, or with repair().
    static Result<std::unique_ptr<Networks>> open(const NetworksConfig& config, store::Database& database);
    virtual ~Networks() = default;

    /// Makes the namespace, its interfaces, addresses and ports. On failure nothing is left.
    /// failed_precondition in Docker's words if a port is taken ("Bind for 0.0.0.0:8080 failed: port is
    /// already allocated"), already_exists for an address in use, resource_exhausted if a network is
    /// full, not_found for an unknown network or an "other" container without a namespace.
    virtual Result<Attachment> attach(const AttachRequest& request) = 0;
    /// Gives addresses, ports and the namespace back; the kernel takes the interfaces down behind it.
    /// Processes that still live in the namespace keep it, without a link. Success if it has none.
    virtual Result<> detach(const std::string& container) = 0;
    /// What attach() had answered; nothing if it is not attached.
    virtual Result<std::optional<Attachment>> find(const std::string& container) = 0;
    /// Of each interface, from the host's side; empty if it has none.
    virtual Result<std::vector<Counters>> counters(const std::string& container) = 0;

    /// Adds a running container to one more network, or takes it off one.
    virtual Result<Endpoint> connect(const std::string& container, const EndpointRequest& request) = 0;
    virtual Result<> disconnect(const std::string& container, const std::string& network) = 0;

    /// already_exists for a taken name, failed_precondition for a subnet that overlaps another network,
    /// invalid_argument for what cannot be, unimplemented for drivers other than bridge.
    virtual Result<Network> create(const NetworkRequest& request) = 0;
    /// failed_precondition if containers are attached or it is predefined.
    virtual Result<> remove(const std::string& name_or_id) = 0;
    /// By name, id or an id's unambiguous prefix.
    virtual Result<Network> get(const std::string& name_or_id) = 0;
    virtual Result<std::vector<Network>> list() = 0;
    /// Container and endpoint of all that are attached.
    virtual Result<std::vector<std::pair<std::string, Endpoint>>> endpoints(
        const std::string& name_or_id) = 0;

    /// The address that "host-gateway" stands for: the default bridge's own.
    virtual Result<Ipv4> host_gateway() = 0;

    /// To be called at start, before other verbs: detaches every container that `is_alive` is false for,
    /// removes namespaces and links without rows, makes the bridges and the firewall anew and takes the
    /// published ports back.
    virtual Result<> repair(const std::function<bool(const std::string& container)>& is_alive) = 0;
    /// Takes down everything that the machine can see of us (uninstalling, tests). Rows stay.
    virtual Result<> withdraw() = 0;
};

}  // namespace tare::network
