#include "engine/network/firewall_watch.h"

#include <array>
#include <cerrno>
#include <chrono>

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "base/log.h"
#include "posix/poll.h"

namespace tare::network {

namespace {

constexpr auto kSettle = std::chrono::milliseconds(100);
constexpr std::size_t kReceiveBytes = 65536;
/// The first attribute of messages about tables, chains, rules, sets and elements alike.
constexpr std::uint16_t kTableAttribute = NFTA_TABLE_NAME;
constexpr std::uint16_t kSetAttribute = NFTA_SET_ELEM_LIST_SET;

struct Event {
    int type = 0;
    int family = 0;
    std::string table;
    std::string set;
};

Event read_event(const nlmsghdr* message) {
    Event event{.type = NFNL_MSG_TYPE(message->nlmsg_type)};
    event.family = static_cast<const nfgenmsg*>(mnl_nlmsg_get_payload(message))->nfgen_family;
    (void)mnl_attr_parse(  // a torn message leaves names empty, which match nothing
        message, sizeof(nfgenmsg),
        [](const nlattr* attribute, void* data) {
            auto& found = *static_cast<Event*>(data);
            bool is_text = mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) == 0;
            if (mnl_attr_get_type(attribute) == kTableAttribute && is_text)
                found.table = mnl_attr_get_str(attribute);
            if (mnl_attr_get_type(attribute) == kSetAttribute && is_text)
                found.set = mnl_attr_get_str(attribute);
            return MNL_CB_OK;
        },
        &event);
    return event;
}

bool is_removal(const Event& event) {
    switch (event.type) {
        case NFT_MSG_DELTABLE:
        case NFT_MSG_DELCHAIN:
        case NFT_MSG_DELRULE:
        case NFT_MSG_DELSET:
            return true;
        default:
            return false;
    }
}

/// Published ports come and go; what else the sets hold goes only with the whole table.
bool is_removal_by_others(const Event& event) {
    return event.type == NFT_MSG_DELSETELEM && !event.set.starts_with("published");
}

bool is_about_rules(const Event& event) {
    return event.type <= NFT_MSG_DELRULE;  // tables, chains and rules come first
}

}  // namespace

Result<std::unique_ptr<FirewallWatch>> FirewallWatch::start(std::string table, Callbacks callbacks) {
    std::unique_ptr<FirewallWatch> watch(new FirewallWatch(std::move(table), std::move(callbacks)));
    watch->socket_ = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (watch->socket_ == nullptr) return posix::last_error("open a netfilter socket");
    if (mnl_socket_bind(watch->socket_, 0, MNL_SOCKET_AUTOPID) < 0)
        return posix::last_error("bind a netfilter socket");
    int group = NFNLGRP_NFTABLES;
    if (mnl_socket_setsockopt(watch->socket_, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) < 0)
        return posix::last_error("subscribe to changes of nftables");
    auto pipe = TRY(posix::make_pipe());
    watch->stop_ = std::move(pipe.write_end);
    watch->stopped_ = std::move(pipe.read_end);
    watch->thread_ = std::thread([it = watch.get()] { it->watch(); });
    return watch;
}

FirewallWatch::~FirewallWatch() {
    stop_.reset();
    if (thread_.joinable()) thread_.join();
    if (socket_ != nullptr) mnl_socket_close(socket_);
}

void FirewallWatch::watch() {
    News news;
    while (true) {
        std::array<posix::PollItem, 2> items{posix::PollItem{.fd = mnl_socket_get_fd(socket_)},
                                             posix::PollItem{.fd = stopped_.get()}};
        auto ready = posix::wait_any(items, news.any() ? Deadline::after(kSettle) : Deadline::never());
        if (!ready) {
            log::failure("changes of nftables are not watched any more", ready.error());
            return;
        }
        if (items[1].is_ready) return;
        if (*ready) {
            read_events(news);
            continue;  // until nothing comes for a while
        }
        if (news.own || news.elements) callbacks_.own_table_changed(news.elements);
        if (news.foreign) callbacks_.foreign_chain_changed();
        news = {};
    }
}

void FirewallWatch::read_events(News& news) {
    std::array<char, kReceiveBytes> buffer{};
    ssize_t size = mnl_socket_recvfrom(socket_, buffer.data(), buffer.size());
    // Events were lost, so any of them may have been.
    if (size < 0 && errno == ENOBUFS) news = {.own = true, .elements = true, .foreign = true};
    if (size <= 0) return;
    int left = static_cast<int>(size);
    for (auto* message = reinterpret_cast<nlmsghdr*>(buffer.data()); mnl_nlmsg_ok(message, left);
         message = mnl_nlmsg_next(message, &left)) {
        if (NFNL_SUBSYS_ID(message->nlmsg_type) != NFNL_SUBSYS_NFTABLES) continue;
        Event event = read_event(message);
        if (event.table == table_ && is_removal(event)) news.own = true;
        if (event.table == table_ && is_removal_by_others(event)) news.elements = true;
        if (event.table == "filter" && event.family == NFPROTO_IPV4 && is_about_rules(event))
            news.foreign = true;
    }
}

}  // namespace tare::network
