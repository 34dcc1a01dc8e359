#pragma once

// Addresses as values: IPv4, subnets, MACs. Parsing is strict: what is not wholly an address is none.

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tare::network {

/// An IPv4 address; `value` is in host order, so that addresses count.
struct Ipv4 {
    std::uint32_t value = 0;

    /// Four decimal numbers without leading zeros.
    static std::optional<Ipv4> parse(std::string_view text);
    std::string text() const;
    bool is_any() const { return value == 0; }
    bool is_loopback() const { return value >> 24 == 127; }
    auto operator<=>(const Ipv4&) const = default;
};

/// "172.17.0.0/16". The host bits of `base` are zero.
struct Subnet {
    Ipv4 base;
    int prefix = 0;

    /// Host bits may be set in the text ("172.17.0.1/16"); they are cut.
    static std::optional<Subnet> parse(std::string_view text);
    std::string text() const;
    std::uint32_t mask() const { return prefix == 0 ? 0 : ~std::uint32_t{0} << (32 - prefix); }
    bool contains(Ipv4 address) const { return (address.value & mask()) == base.value; }
    bool overlaps(const Subnet& other) const { return contains(other.base) || other.contains(base); }
    Ipv4 broadcast() const { return {base.value | ~mask()}; }
    auto operator<=>(const Subnet&) const = default;
};

struct Mac {
    std::array<std::uint8_t, 6> bytes{};

    /// "02:42:ac:11:00:02", hex of either case.
    static std::optional<Mac> parse(std::string_view text);
    /// 02:42 and the four bytes of the address, as Docker has it: the neighbour tables of others stay
    /// right when an address moves to another container.
    static Mac of_address(Ipv4 address);
    std::string text() const;
    bool is_multicast() const { return (bytes[0] & 1) != 0; }
    auto operator<=>(const Mac&) const = default;
};

}  // namespace tare::network
