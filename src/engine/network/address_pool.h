#pragma once

// Which subnet a new network gets, and which address a new endpoint. Functions of what is taken.

#include <functional>
#include <optional>
#include <vector>

#include "engine/network/address.h"

namespace tare::network {

/// 172.17.0.0/16 … 172.31.0.0/16, then 192.168.0.0/20 …, as Docker has them.
std::vector<Subnet> default_pools();

/// The first of `pools` that overlaps none of `taken`.
std::optional<Subnet> choose_subnet(const std::vector<Subnet>& pools, const std::vector<Subnet>& taken);

/// The lowest address of `range` that is a host's (neither the subnet's own nor its broadcast) and that
/// `is_taken` is false for.
std::optional<Ipv4> choose_address(const Subnet& subnet, const Subnet& range,
                                   const std::function<bool(Ipv4)>& is_taken);

/// True for an address that an endpoint in this subnet can have.
bool is_host_address(const Subnet& subnet, Ipv4 address);

}  // namespace tare::network
