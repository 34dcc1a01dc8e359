#include "posix/random.h"

#include <cerrno>
#include <cstdint>
#include <vector>

#include <sys/random.h>

#include "posix/fd.h"

namespace tare::posix {

Result<std::string> random_hex(std::size_t count) {
    std::vector<std::uint8_t> bytes(count);
    for (std::size_t filled = 0; filled < count;) {
        ssize_t got = ::getrandom(bytes.data() + filled, count - filled, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return last_error("getrandom");
        filled += static_cast<std::size_t>(got);
    }
    return hex_encode(bytes);
}

}  // namespace tare::posix
