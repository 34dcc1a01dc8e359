// Whatever the cuts, the same bytes give the same frames; what decodes is written and read again the same.

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "wire/ttrpc/frame.h"
#include "wire/ttrpc/message.h"

namespace {

using namespace tare;

std::string frames_of(std::string_view bytes, std::size_t step) {
    ttrpc::FrameReader reader;
    std::string seen;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        bool is_sound = reader.feed(bytes.substr(at, step), {}).has_value();
        while (auto frame = reader.next())
            seen += cat(ttrpc::encode_header(frame->header), frame->payload);
        if (!is_sound) return seen;
    }
    return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view bytes(reinterpret_cast<const char*>(data), size);
    if (frames_of(bytes, 1) != frames_of(bytes, size + 1)) std::abort();
    if (auto request = ttrpc::decode_request(bytes)) {
        auto again = ttrpc::decode_request(ttrpc::encode(*request));
        if (!again || again->payload != request->payload || again->metadata != request->metadata)
            std::abort();
    }
    (void)ttrpc::decode_response(bytes);  // a failure or a payload; no crash is what counts
    return 0;
}
