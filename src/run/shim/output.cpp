#include "run/shim/output.h"

namespace tare::shim {

std::array<char, 8> stdcopy_header(Stream stream, std::uint32_t length) {
    return {static_cast<char>(stream),
            0,
            0,
            0,
            static_cast<char>(length >> 24),
            static_cast<char>(length >> 16),
            static_cast<char>(length >> 8),
            static_cast<char>(length)};
}

}  // namespace tare::shim
