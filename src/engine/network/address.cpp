#include "engine/network/address.h"

#include "base/text.h"

namespace tare::network {

std::optional<Ipv4> Ipv4::parse(std::string_view text) {
    auto parts = split(text, '.');
    if (parts.size() != 4) return std::nullopt;
    std::uint32_t value = 0;
    for (auto part : parts) {
        auto number = parse_integer<std::uint8_t>(part);
        // "010" is 8 to some readers and 10 to others.
        if (!number || (part.size() > 1 && part.front() == '0')) return std::nullopt;
        value = value << 8 | *number;
    }
    return Ipv4{value};
}

std::string Ipv4::text() const {
    return cat(value >> 24, '.', value >> 16 & 255, '.', value >> 8 & 255, '.', value & 255);
}

std::optional<Subnet> Subnet::parse(std::string_view text) {
    auto [before, after] = cut(text, '/');
    auto address = Ipv4::parse(before);
    if (!address || !after) return std::nullopt;
    auto prefix = parse_integer<std::uint8_t>(*after);
    if (!prefix || *prefix > 32) return std::nullopt;
    Subnet subnet{.base = {}, .prefix = *prefix};
    subnet.base.value = address->value & subnet.mask();
    return subnet;
}

std::string Subnet::text() const {
    return cat(base.text(), '/', prefix);
}

std::optional<Mac> Mac::parse(std::string_view text) {
    auto parts = split(text, ':');
    Mac mac;
    if (parts.size() != mac.bytes.size()) return std::nullopt;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        auto byte = parse_integer<std::uint8_t>(parts[i], 16);
        if (!byte || parts[i].size() != 2) return std::nullopt;
        mac.bytes[i] = *byte;
    }
    return mac;
}

Mac Mac::of_address(Ipv4 address) {
    auto byte = [&](int shift) { return static_cast<std::uint8_t>(address.value >> shift); };
    return {{0x02, 0x42, byte(24), byte(16), byte(8), byte(0)}};
}

std::string Mac::text() const {
    std::string digits = hex_encode(bytes);
    std::string text;
    for (std::size_t i = 0; i < digits.size(); i += 2)
        text += (i == 0 ? "" : ":") + digits.substr(i, 2);
    return text;
}

}  // namespace tare::network
