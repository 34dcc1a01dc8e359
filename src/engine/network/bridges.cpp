#include "engine/network/bridges.h"

#include <algorithm>

#include <net/if.h>

#include "base/log.h"
#include "posix/file.h"
#include "posix/random.h"

namespace tare::network {

using std::chrono::steady_clock;

namespace {

constexpr int kMaxDefaultMtu = 1500;
constexpr auto kGrace = std::chrono::seconds(1);

Result<> set_knob(std::string_view family, const std::string& interface, std::string_view knob,
                  std::string_view value) {
    auto written = posix::write_knob(cat("/proc/sys/net/", family, "/conf/", interface, "/", knob), value);
    // A kernel without IPv6 has nothing to turn off.
    if (!written && family == "ipv6" && written.error().is(ErrorKind::not_found)) return {};
    return written;
}

bool is_link(const std::string& name) {
    return ::if_nametoindex(name.c_str()) != 0;
}

Result<Mac> random_mac() {
    std::string digits = TRY(posix::random_hex(4));
    Mac mac{{0x02, 0x42}};
    for (std::size_t i = 0; i < 4; ++i)
        mac.bytes[i + 2] =
            parse_integer<std::uint8_t>(std::string_view(digits).substr(i * 2, 2), 16).value_or(0);
    return mac;
}

/// Without IPv6: no link-local address, no answer to router advertisements (DK15, DK16).
Result<> turn_ipv6_off(const std::string& interface) {
    TRY(set_knob("ipv6", interface, "accept_ra", "0"));
    return set_knob("ipv6", interface, "disable_ipv6", "1");
}

}  // namespace

Result<std::unique_ptr<Bridges>> Bridges::open() {
    return std::unique_ptr<Bridges>(new Bridges(TRY(RouteSocket::open())));
}

Bridges::~Bridges() {
    cutter_.request_stop();
    lingering_changed_.notify_all();
}

Result<bool> Bridges::exists(const Network& network) {
    std::scoped_lock lock(mutex_);
    return TRY(host_.link(network.interface))
    .has_value();
}

Result<> Bridges::ensure(const Network& network, int mtu) {
    std::scoped_lock lock(mutex_);
    auto link = TRY(host_.link(network.interface));
    if (link && link->is_up) return {};
    if (!link) {
        auto made = host_.make_bridge(network.interface, TRY(random_mac()), mtu);
        if (!made && !made.error().is(ErrorKind::already_exists)) return made;
        link = TRY(host_.link(network.interface));
        if (!link) return fail(ErrorKind::aborted, "bridge ", network.interface, ": removed meanwhile");
    }
    TRY(turn_ipv6_off(network.interface));
    TRY(set_knob("ipv4", network.interface, "route_localnet", "1"));
    TRY(host_.add_address(link->index, network.gateway, network.subnet.prefix));
    return host_.set_up(link->index);
}

Result<> Bridges::plug(const Network& network, const EndpointRow& row, OpenNamespace& inside,
                       const PlugOptions& options) {
    auto& endpoint = row.endpoint;
    {
        std::scoped_lock lock(mutex_);
        auto bridge = TRY(host_.link(network.interface));
        if (!bridge) return fail(ErrorKind::aborted, "bridge ", network.interface, ": removed meanwhile");
        TRY(host_.make_veth({.name = row.host_interface,
                             .bridge = bridge->index,
                             .mtu = bridge->mtu,
                             .peer_name = endpoint.interface,
                             .peer_mac = endpoint.mac,
                             .peer_namespace = inside.file.get()}));
        TRY(turn_ipv6_off(row.host_interface));
        auto here = TRY(host_.link(row.host_interface));
        if (!here) return fail(ErrorKind::aborted, "link ", row.host_interface, ": removed meanwhile");
        if (options.has_ports) TRY(host_.set_hairpin(here->index));
        TRY(host_.set_up(here->index));
    }
    auto there = TRY(inside.routes.link(endpoint.interface));
    if (!there) return fail(ErrorKind::aborted, "link ", endpoint.interface, ": removed meanwhile");
    TRY(inside.routes.set_up(there->index));
    TRY(inside.routes.add_address(there->index, endpoint.address, endpoint.prefix));
    if (options.has_default_route) TRY(inside.routes.add_default_route(there->index, endpoint.gateway));
    return {};
}

Result<> Bridges::unplug(const std::string& host_interface) {
    std::scoped_lock lock(mutex_);
    return host_.remove_link(host_interface);
}

Result<> Bridges::remove(const Network& network) {
    std::scoped_lock lock(mutex_);
    return host_.remove_link(network.interface);
}

Result<std::optional<LinkCounters>> Bridges::counters(const std::string& host_interface) {
    std::scoped_lock lock(mutex_);
    auto link = TRY(host_.link(host_interface));
    if (!link) return std::optional<LinkCounters>();
    return std::optional(link->counters);
}

Result<std::vector<std::string>> Bridges::ports_of(const Network& network) {
    std::scoped_lock lock(mutex_);
    auto bridge = TRY(host_.link(network.interface));
    std::vector<std::string> ports;
    if (!bridge) return ports;
    for (auto& link : TRY(host_.links()))
        if (link.master == bridge->index) ports.push_back(link.name);
    return ports;
}

Result<std::vector<Subnet>> Bridges::routed_subnets() {
    std::scoped_lock lock(mutex_);
    std::vector<Subnet> subnets;
    for (auto& route : TRY(host_.routes()))
        if (route.destination.prefix > 0) subnets.push_back(route.destination);
    return subnets;
}

int Bridges::default_mtu() {
    std::scoped_lock lock(mutex_);
    auto routes = host_.routes();
    auto links = host_.links();
    if (!routes || !links) return kMaxDefaultMtu;
    for (auto& route : *routes) {
        if (route.destination.prefix > 0) continue;
        for (auto& link : *links)
            if (link.index == route.link) return std::min(link.mtu, kMaxDefaultMtu);
    }
    return kMaxDefaultMtu;
}

void Bridges::let_go(const EndpointRow& row) {
    std::scoped_lock lock(lingering_mutex_);
    lingering_.push_back({.network = row.endpoint.network_id,
                          .address = row.endpoint.address,
                          .host_interface = row.host_interface,
                          .cut_at = steady_clock::now() + kGrace});
    if (!cutter_.joinable())
        cutter_ = std::jthread([this](const std::stop_token& stop) { cut_lingering(stop); });
    lingering_changed_.notify_all();
}

bool Bridges::is_lingering(const std::string& network, Ipv4 address) {
    std::scoped_lock lock(lingering_mutex_);
    std::erase_if(lingering_, [](const Lingering& link) { return !is_link(link.host_interface); });
    return std::ranges::any_of(lingering_, [&](const Lingering& link) {
        return link.network == network && link.address == address;
    });
}

void Bridges::cut_lingering(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        std::string due;
        {
            std::unique_lock lock(lingering_mutex_);
            lingering_changed_.wait(lock, stop, [&] { return !lingering_.empty(); });
            if (stop.stop_requested()) return;
            auto cut_at = lingering_.front().cut_at;
            lingering_changed_.wait_until(lock, stop, cut_at, [] { return false; });
            if (stop.stop_requested() || lingering_.empty()) continue;
            if (lingering_.front().cut_at > steady_clock::now()) continue;
            due = lingering_.front().host_interface;
            lingering_.erase(lingering_.begin());
        }
        if (!is_link(due)) continue;
        auto cut = unplug(due);
        if (!cut) log::failure("a link of a gone container stays", cut.error(), log::Level::warning);
    }
}

}  // namespace tare::network
