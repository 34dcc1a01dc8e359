#include "engine/network/address_pool.h"

#include <algorithm>

namespace tare::network {

std::vector<Subnet> default_pools() {
    std::vector<Subnet> pools;
    for (std::uint32_t second = 17; second <= 31; ++second)
        pools.push_back({.base = {172U << 24 | second << 16}, .prefix = 16});
    for (std::uint32_t third = 0; third < 256; third += 16)
        pools.push_back({.base = {192U << 24 | 168U << 16 | third << 8}, .prefix = 20});
    return pools;
}

std::optional<Subnet> choose_subnet(const std::vector<Subnet>& pools, const std::vector<Subnet>& taken) {
    for (auto& pool : pools)
        if (std::ranges::none_of(taken, [&](const Subnet& other) { return pool.overlaps(other); }))
            return pool;
    return std::nullopt;
}

bool is_host_address(const Subnet& subnet, Ipv4 address) {
    if (!subnet.contains(address)) return false;
    // Point-to-point subnets (RFC 3021) have neither a name nor a broadcast.
    if (subnet.prefix >= 31) return true;
    return address != subnet.base && address != subnet.broadcast();
}

std::optional<Ipv4> choose_address(const Subnet& subnet, const Subnet& range,
                                   const std::function<bool(Ipv4)>& is_taken) {
    std::uint32_t last = range.broadcast().value;
    for (std::uint32_t value = range.base.value;; ++value) {
        Ipv4 address{value};
        if (is_host_address(subnet, address) && !is_taken(address)) return address;
        if (value == last) return std::nullopt;
    }
}

}  // namespace tare::network
