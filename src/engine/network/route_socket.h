#pragma once

// Links, addresses and routes of one network namespace (rtnetlink(7)).

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/network/address.h"

struct mnl_socket;
struct nlmsghdr;

namespace tare::network {

struct LinkCounters {
    std::uint64_t rx_packets = 0;
    std::uint64_t tx_packets = 0;
    std::uint64_t rx_bytes = 0;
    std::uint64_t tx_bytes = 0;
    std::uint64_t rx_errors = 0;
    std::uint64_t tx_errors = 0;
    std::uint64_t rx_dropped = 0;
    std::uint64_t tx_dropped = 0;
};

struct Link {
    int index = 0;
    std::string name;
    int master = 0;  ///< index of the bridge it is a port of
    int mtu = 0;
    bool is_up = false;
    Mac mac;
    LinkCounters counters;
};

/// A route to a subnet through a link; prefix 0 is the default route.
struct Route {
    Subnet destination;
    int link = 0;
};

/// Two ends of a cable: one a port of a bridge here, the other in another namespace. Both are
/// down.
struct VethRequest {
    std::string name;
    int bridge = 0;
    int mtu = 1500;
    std::string peer_name;
    Mac peer_mac;
    int peer_namespace = -1;  ///< borrowed descriptor
};

/// A netlink socket; stays in the namespace in which it was opened, whatever thread uses it. One thread
/// at a time.
class RouteSocket {
  public:
    /// In the calling thread's network namespace.
    static Result<RouteSocket> open();
    RouteSocket(RouteSocket&&) noexcept;
    RouteSocket& operator=(RouteSocket&&) noexcept;
    ~RouteSocket();

    /// Nothing if there is no link of that name.
    Result<std::optional<Link>> link(const std::string& name);
    Result<std::vector<Link>> links();
    /// already_exists if the name is taken. Down, without address.
    Result<> make_bridge(const std::string& name, Mac mac, int mtu);
    Result<> make_veth(const VethRequest& request);
    Result<> set_up(int link);
    /// Lets the bridge send a frame back to the port that it came from.
    Result<> set_hairpin(int port);
    /// An absent one is success.
    Result<> remove_link(const std::string& name);

    /// An address that is there already is success.
    Result<> add_address(int link, Ipv4 address, int prefix);
    Result<> remove_addresses(int link);
    Result<> add_default_route(int link, Ipv4 gateway);
    /// IPv4 routes of the main table.
    Result<std::vector<Route>> routes();

  private:
    explicit RouteSocket(mnl_socket* socket) : socket_(socket) {}
    Result<> request(nlmsghdr* message, std::string_view doing, std::string_view what);
    template <class Callback>
    Result<> dump(nlmsghdr* message, std::string_view doing, Callback&& callback);

    mnl_socket* socket_ = nullptr;
    std::uint32_t sequence_ = 0;
};

}  // namespace tare::network
