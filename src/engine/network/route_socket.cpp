#include "engine/network/route_socket.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>

#include "posix/fd.h"

namespace tare::network {

namespace {

constexpr std::size_t kSendBytes = 4096;
constexpr std::size_t kReceiveBytes = 32768;

/// A message under construction in a buffer of its own.
class Message {
  public:
    Message(std::uint16_t type, std::uint16_t flags) : header_(mnl_nlmsg_put_header(buffer_)) {
        header_->nlmsg_type = type;
        header_->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
    }
    template <class Struct>
    Struct& body() {
        return *static_cast<Struct*>(mnl_nlmsg_put_extra_header(header_, sizeof(Struct)));
    }
    void put(std::uint16_t type, std::uint32_t value) { mnl_attr_put_u32(header_, type, value); }
    void put_byte(std::uint16_t type, std::uint8_t value) { mnl_attr_put_u8(header_, type, value); }
    void put(std::uint16_t type, const std::string& text) { mnl_attr_put_strz(header_, type, text.c_str()); }
    void put(std::uint16_t type, Ipv4 address) { mnl_attr_put_u32(header_, type, htonl(address.value)); }
    void put(std::uint16_t type, Mac mac) { mnl_attr_put(header_, type, mac.bytes.size(), mac.bytes.data()); }
    nlattr* begin(std::uint16_t type) { return mnl_attr_nest_start(header_, type); }
    void end(nlattr* nest) { mnl_attr_nest_end(header_, nest); }
    nlmsghdr* header() { return header_; }

  private:
    alignas(nlmsghdr) char buffer_[kSendBytes] = {};
    nlmsghdr* header_;
};

/// Calls back for each attribute behind the fixed part of a message.
template <class Body, class Callback>
void each_attribute(const nlmsghdr* message, Callback&& callback) {
    using Plain = std::remove_reference_t<Callback>;
    (void)mnl_attr_parse(  // a torn message ends the walk, and what it lacks stays unset
        message, sizeof(Body),
        [](const nlattr* attribute, void* data) {
            (*static_cast<Plain*>(data))(attribute);
            return MNL_CB_OK;
        },
        &callback);
}

LinkCounters read_counters(const nlattr* attribute) {
    // The kernel's struct may be longer or shorter than ours.
    rtnl_link_stats64 raw{};
    std::memcpy(&raw, mnl_attr_get_payload(attribute),
                std::min<std::size_t>(sizeof raw, mnl_attr_get_payload_len(attribute)));
    return {.rx_packets = raw.rx_packets,
            .tx_packets = raw.tx_packets,
            .rx_bytes = raw.rx_bytes,
            .tx_bytes = raw.tx_bytes,
            .rx_errors = raw.rx_errors,
            .tx_errors = raw.tx_errors,
            .rx_dropped = raw.rx_dropped,
            .tx_dropped = raw.tx_dropped};
}

Link read_link(const nlmsghdr* message) {
    auto* body = static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(message));
    Link link;
    link.index = body->ifi_index;
    link.is_up = (body->ifi_flags & IFF_UP) != 0;
    each_attribute<ifinfomsg>(message, [&](const nlattr* attribute) {
        switch (mnl_attr_get_type(attribute)) {
            case IFLA_IFNAME:
                link.name = mnl_attr_get_str(attribute);
                break;
            case IFLA_MASTER:
                link.master = static_cast<int>(mnl_attr_get_u32(attribute));
                break;
            case IFLA_MTU:
                link.mtu = static_cast<int>(mnl_attr_get_u32(attribute));
                break;
            case IFLA_ADDRESS:
                if (mnl_attr_get_payload_len(attribute) == link.mac.bytes.size())
                    std::memcpy(link.mac.bytes.data(), mnl_attr_get_payload(attribute),
                                link.mac.bytes.size());
                break;
            case IFLA_STATS64:
                link.counters = read_counters(attribute);
                break;
            default:
                break;
        }
    });
    return link;
}

std::optional<Route> read_route(const nlmsghdr* message) {
    auto* body = static_cast<const rtmsg*>(mnl_nlmsg_get_payload(message));
    if (body->rtm_table != RT_TABLE_MAIN || body->rtm_family != AF_INET || body->rtm_type != RTN_UNICAST)
        return std::nullopt;
    Route route;
    route.destination.prefix = body->rtm_dst_len;
    each_attribute<rtmsg>(message, [&](const nlattr* attribute) {
        if (mnl_attr_get_type(attribute) == RTA_DST)
            route.destination.base.value = ntohl(mnl_attr_get_u32(attribute));
        if (mnl_attr_get_type(attribute) == RTA_OIF)
            route.link = static_cast<int>(mnl_attr_get_u32(attribute));
    });
    return route;
}

/// mnl's C callback around ours.
template <class Callback>
int call(const nlmsghdr* message, void* data) {
    (*static_cast<Callback*>(data))(message);
    return MNL_CB_OK;
}

}  // namespace

Result<RouteSocket> RouteSocket::open() {
    mnl_socket* socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
    if (socket == nullptr) return posix::last_error("open a route socket");
    RouteSocket opened(socket);
    if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0) return posix::last_error("bind a route socket");
    return opened;
}

RouteSocket::RouteSocket(RouteSocket&& other) noexcept
    : socket_(std::exchange(other.socket_, nullptr)), sequence_(other.sequence_) {}

RouteSocket& RouteSocket::operator=(RouteSocket&& other) noexcept {
    std::swap(socket_, other.socket_);
    std::swap(sequence_, other.sequence_);
    return *this;
}

RouteSocket::~RouteSocket() {
    if (socket_ != nullptr) mnl_socket_close(socket_);
}

template <class Callback>
Result<> RouteSocket::dump(nlmsghdr* message, std::string_view doing, Callback&& callback) {
    message->nlmsg_seq = ++sequence_;
    if (mnl_socket_sendto(socket_, message, message->nlmsg_len) < 0) return posix::last_error(doing);
    std::vector<char> buffer(kReceiveBytes);
    unsigned port = mnl_socket_get_portid(socket_);
    while (true) {
        ssize_t size = mnl_socket_recvfrom(socket_, buffer.data(), buffer.size());
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return posix::last_error(doing);
        using Plain = std::remove_reference_t<Callback>;
        int outcome = mnl_cb_run(buffer.data(), static_cast<std::size_t>(size), message->nlmsg_seq, port,
                                 &call<Plain>, &callback);
        if (outcome < 0) return posix::last_error(doing);
        if (outcome == MNL_CB_STOP) return {};
    }
}

Result<> RouteSocket::request(nlmsghdr* message, std::string_view doing, std::string_view what) {
    message->nlmsg_flags |= NLM_F_ACK;
    std::string operation = cat(doing, " ", quote(what));
    return dump(message, operation, [](const nlmsghdr*) {});
}

Result<std::optional<Link>> RouteSocket::link(const std::string& name) {
    Message message(RTM_GETLINK, NLM_F_ACK);
    message.body<ifinfomsg>().ifi_family = AF_UNSPEC;
    message.put(IFLA_IFNAME, name);
    std::optional<Link> found;
    auto outcome = dump(message.header(), cat("look up link ", quote(name)),
                        [&](const nlmsghdr* answer) { found = read_link(answer); });
    if (!outcome && outcome.error().error_number() != ENODEV) return outcome.error();
    return found;
}

Result<std::vector<Link>> RouteSocket::links() {
    Message message(RTM_GETLINK, NLM_F_DUMP);
    message.body<ifinfomsg>().ifi_family = AF_UNSPEC;
    std::vector<Link> links;
    TRY(dump(message.header(), "list links",
             [&](const nlmsghdr* answer) { links.push_back(read_link(answer)); }));
    return links;
}

Result<> RouteSocket::make_bridge(const std::string& name, Mac mac, int mtu) {
    Message message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
    message.body<ifinfomsg>().ifi_family = AF_UNSPEC;
    message.put(IFLA_IFNAME, name);
    message.put(IFLA_ADDRESS, mac);
    message.put(IFLA_MTU, static_cast<std::uint32_t>(mtu));
    nlattr* info = message.begin(IFLA_LINKINFO);
    message.put(IFLA_INFO_KIND, std::string("bridge"));
    message.end(info);
    return request(message.header(), "make bridge", name);
}

Result<> RouteSocket::make_veth(const VethRequest& veth) {
    Message message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
    message.body<ifinfomsg>().ifi_family = AF_UNSPEC;
    message.put(IFLA_IFNAME, veth.name);
    message.put(IFLA_MTU, static_cast<std::uint32_t>(veth.mtu));
    message.put(IFLA_MASTER, static_cast<std::uint32_t>(veth.bridge));
    nlattr* info = message.begin(IFLA_LINKINFO);
    message.put(IFLA_INFO_KIND, std::string("veth"));
    nlattr* data = message.begin(IFLA_INFO_DATA);
    nlattr* peer = message.begin(VETH_INFO_PEER);
    message.body<ifinfomsg>().ifi_family = AF_UNSPEC;
    message.put(IFLA_IFNAME, veth.peer_name);
    message.put(IFLA_ADDRESS, veth.peer_mac);
    message.put(IFLA_MTU, static_cast<std::uint32_t>(veth.mtu));
    message.put(IFLA_NET_NS_FD, static_cast<std::uint32_t>(veth.peer_namespace));
    message.end(peer);
    message.end(data);
    message.end(info);
    return request(message.header(), "make link", veth.name);
}

Result<> RouteSocket::set_up(int link) {
    Message message(RTM_NEWLINK, 0);
    auto& body = message.body<ifinfomsg>();
    body.ifi_family = AF_UNSPEC;
    body.ifi_index = link;
    body.ifi_flags = IFF_UP;
    body.ifi_change = IFF_UP;
    return request(message.header(), "bring up link", cat(link));
}

Result<> RouteSocket::set_hairpin(int port) {
    Message message(RTM_NEWLINK, 0);
    auto& body = message.body<ifinfomsg>();
    body.ifi_family = AF_UNSPEC;
    body.ifi_index = port;
    nlattr* info = message.begin(IFLA_LINKINFO);
    message.put(IFLA_INFO_SLAVE_KIND, std::string("bridge"));
    nlattr* data = message.begin(IFLA_INFO_SLAVE_DATA);
    message.put_byte(IFLA_BRPORT_MODE, 1);
    message.end(data);
    message.end(info);
    return request(message.header(), "set hairpin mode of link", cat(port));
}

Result<> RouteSocket::remove_link(const std::string& name) {
    Message message(RTM_DELLINK, 0);
    message.body<ifinfomsg>().ifi_family = AF_UNSPEC;
    message.put(IFLA_IFNAME, name);
    auto removed = request(message.header(), "remove link", name);
    if (!removed && removed.error().error_number() == ENODEV) return {};
    return removed;
}

Result<> RouteSocket::add_address(int link, Ipv4 address, int prefix) {
    Message message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
    auto& body = message.body<ifaddrmsg>();
    body.ifa_family = AF_INET;
    body.ifa_prefixlen = static_cast<std::uint8_t>(prefix);
    body.ifa_scope = RT_SCOPE_UNIVERSE;
    body.ifa_index = static_cast<std::uint32_t>(link);
    message.put(IFA_LOCAL, address);
    message.put(IFA_ADDRESS, address);
    message.put(IFA_BROADCAST,
                Subnet{.base = {address.value & Subnet{{}, prefix}.mask()}, .prefix = prefix}.broadcast());
    auto added = request(message.header(), "add address", address.text());
    if (!added && added.error().error_number() == EEXIST) return {};
    return added;
}

Result<> RouteSocket::remove_addresses(int link) {
    Message message(RTM_GETADDR, NLM_F_DUMP);
    message.body<ifaddrmsg>().ifa_family = AF_INET;
    std::vector<std::pair<Ipv4, int>> addresses;
    TRY(dump(message.header(), "list addresses", [&](const nlmsghdr* answer) {
        auto* body = static_cast<const ifaddrmsg*>(mnl_nlmsg_get_payload(answer));
        if (body->ifa_index != static_cast<std::uint32_t>(link)) return;
        each_attribute<ifaddrmsg>(answer, [&](const nlattr* attribute) {
            if (mnl_attr_get_type(attribute) == IFA_LOCAL)
                addresses.emplace_back(Ipv4{ntohl(mnl_attr_get_u32(attribute))}, body->ifa_prefixlen);
        });
    }));
    for (auto& [address, prefix] : addresses) {
        Message removal(RTM_DELADDR, 0);
        auto& body = removal.body<ifaddrmsg>();
        body.ifa_family = AF_INET;
        body.ifa_prefixlen = static_cast<std::uint8_t>(prefix);
        body.ifa_index = static_cast<std::uint32_t>(link);
        removal.put(IFA_LOCAL, address);
        TRY(request(removal.header(), "remove address", address.text()));
    }
    return {};
}

Result<> RouteSocket::add_default_route(int link, Ipv4 gateway) {
    Message message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE);
    auto& body = message.body<rtmsg>();
    body.rtm_family = AF_INET;
    body.rtm_table = RT_TABLE_MAIN;
    body.rtm_protocol = RTPROT_STATIC;
    body.rtm_scope = RT_SCOPE_UNIVERSE;
    body.rtm_type = RTN_UNICAST;
    message.put(RTA_GATEWAY, gateway);
    message.put(RTA_OIF, static_cast<std::uint32_t>(link));
    return request(message.header(), "add a default route by", gateway.text());
}

Result<std::vector<Route>> RouteSocket::routes() {
    Message message(RTM_GETROUTE, NLM_F_DUMP);
    message.body<rtmsg>().rtm_family = AF_INET;
    std::vector<Route> routes;
    TRY(dump(message.header(), "list routes", [&](const nlmsghdr* answer) {
        if (auto route = read_route(answer)) routes.push_back(*route);
    }));
    return routes;
}

}  // namespace tare::network
