#include "engine/network/flows.h"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#include "posix/fd.h"

namespace tare::network {

namespace {

struct CloseSocket {
    void operator()(mnl_socket* socket) const { mnl_socket_close(socket); }
};
using Socket = std::unique_ptr<mnl_socket, CloseSocket>;

constexpr std::size_t kReceiveBytes = 65536;

/// The nested attributes of one, by type.
template <std::size_t Count>
struct Attributes {
    const nlattr* by_type[Count] = {};

    static int note(const nlattr* attribute, void* data) {
        auto type = mnl_attr_get_type(attribute);
        if (type < Count) static_cast<Attributes*>(data)->by_type[type] = attribute;
        return MNL_CB_OK;
    }
    static Attributes nested(const nlattr* parent) {
        Attributes found;
        if (parent != nullptr) (void)mnl_attr_parse_nested(parent, &note, &found);  // torn: what came first
        return found;
    }
};

/// The port that the first packet of a UDP flow was for; nothing for other flows.
std::optional<std::uint16_t> udp_port(const nlattr* original) {
    auto tuple = Attributes<CTA_TUPLE_MAX + 1>::nested(original);
    auto transport = Attributes<CTA_PROTO_MAX + 1>::nested(tuple.by_type[CTA_TUPLE_PROTO]);
    auto* protocol = transport.by_type[CTA_PROTO_NUM];
    auto* port = transport.by_type[CTA_PROTO_DST_PORT];
    if (protocol == nullptr || port == nullptr || mnl_attr_get_u8(protocol) != IPPROTO_UDP)
        return std::nullopt;
    return ntohs(mnl_attr_get_u16(port));
}

nlmsghdr* put_header(char* buffer, int type, int flags, std::uint32_t sequence) {
    nlmsghdr* header = mnl_nlmsg_put_header(buffer);
    header->nlmsg_type = static_cast<std::uint16_t>(NFNL_SUBSYS_CTNETLINK << 8 | type);
    header->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
    header->nlmsg_seq = sequence;
    auto* body = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(header, sizeof(nfgenmsg)));
    body->nfgen_family = AF_INET;
    body->version = NFNETLINK_V0;
    return header;
}

/// Sends and reads up to the end of the answer.
Result<> exchange(mnl_socket* socket, nlmsghdr* message, mnl_cb_t callback, void* data) {
    if (mnl_socket_sendto(socket, message, message->nlmsg_len) < 0)
        return posix::last_error("ask for the kernel's flows");
    std::vector<char> buffer(kReceiveBytes);
    while (true) {
        ssize_t size = mnl_socket_recvfrom(socket, buffer.data(), buffer.size());
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return posix::last_error("read the kernel's flows");
        int outcome = mnl_cb_run(buffer.data(), static_cast<std::size_t>(size), message->nlmsg_seq,
                                 mnl_socket_get_portid(socket), callback, data);
        // Another dump, or an end of the flow, came between.
        if (outcome < 0 && errno != ENOENT && errno != EINTR) return posix::last_error("the kernel's flows");
        if (outcome <= MNL_CB_STOP) return {};
    }
}

/// What identifies the flows to be forgotten: their original tuples, as the kernel wrote them.
struct Found {
    const std::vector<std::uint16_t>* ports;
    std::vector<std::string> tuples;

    static int note(const nlmsghdr* message, void* data) {
        auto& found = *static_cast<Found*>(data);
        Attributes<CTA_MAX + 1> flow;
        (void)mnl_attr_parse(message, sizeof(nfgenmsg), &Attributes<CTA_MAX + 1>::note, &flow);
        auto* original = flow.by_type[CTA_TUPLE_ORIG];
        auto port = original == nullptr ? std::nullopt : udp_port(original);
        if (port && std::ranges::find(*found.ports, *port) != found.ports->end())
            found.tuples.emplace_back(static_cast<const char*>(mnl_attr_get_payload(original)),
                                      mnl_attr_get_payload_len(original));
        return MNL_CB_OK;
    }
};

}  // namespace

Result<> forget_flows(const std::vector<PublishedPort>& ports) {
    std::vector<std::uint16_t> numbers;
    for (auto& port : ports)
        if (port.protocol == Protocol::udp) numbers.push_back(port.host_port);
    if (numbers.empty()) return {};
    Socket socket(mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC));
    if (!socket || mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) < 0)
        return posix::last_error("open a netfilter socket");
    std::uint32_t sequence = 1;
    alignas(nlmsghdr) char buffer[1024] = {};
    Found found{.ports = &numbers, .tuples = {}};
    TRY(exchange(socket.get(), put_header(buffer, IPCTNL_MSG_CT_GET, NLM_F_DUMP, sequence), &Found::note,
                 &found));
    for (auto& tuple : found.tuples) {
        nlmsghdr* message = put_header(buffer, IPCTNL_MSG_CT_DELETE, NLM_F_ACK, ++sequence);
        if (tuple.size() > sizeof buffer / 2) continue;
        mnl_attr_put(message, CTA_TUPLE_ORIG | NLA_F_NESTED, tuple.size(), tuple.data());
        TRY(exchange(socket.get(), message, nullptr, nullptr));
    }
    return {};
}

}  // namespace tare::network
