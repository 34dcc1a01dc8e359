// WWW-Authenticate headers of any server.

#include <array>
#include <cstddef>
#include <cstdint>

#include "image/registry/challenge.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::array<std::string_view, 1> headers{std::string_view(reinterpret_cast<const char*>(data), size)};
    auto challenges = tare::registry::parse_challenges(headers);
    (void)tare::registry::choose_challenge(challenges);
    return 0;
}
