// What parses must be written, and read again as the same document.

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tare;
    auto document = parse_json({reinterpret_cast<const char*>(data), size});
    if (!document) return 0;
    auto again = parse_json(dump(*document));
    if (!again || dump(*again) != dump(*document)) std::abort();
    return 0;
}
