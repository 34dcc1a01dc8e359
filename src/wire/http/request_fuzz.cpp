// Whatever a client sends: the head's parser and the body's must end, and must agree with themselves
// when the same bytes arrive in two pieces.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "wire/http/body_reader.h"
#include "wire/http/request_head.h"

namespace {

using namespace tare::http;

// The body's bytes, and whether it was accepted to its end.
bool read_body(const RequestHead& head, std::string input, std::string& body) {
    BodyReader reader(head.framing, head.content_length);
    char buffer[512];
    while (true) {
        auto count = reader.take(input, buffer, sizeof buffer);
        if (!count || !*count) return false;
        if (**count == 0) return true;
        body.append(buffer, **count);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    auto parsed = parse_request_head(text);
    // What is called ready must be answerable, and what parses must have been called ready.
    bool is_ready = head_is_ready(text, 0, {});
    if (parsed && *parsed && !is_ready) std::abort();
    if (!parsed || !*parsed) return 0;
    if ((*parsed)->bytes > size) std::abort();
    auto again = parse_request_head(text.substr(0, (*parsed)->bytes));
    if (!again || !*again || (*again)->head.target != (*parsed)->head.target) std::abort();
    std::string body;
    read_body((*parsed)->head, std::string(text.substr((*parsed)->bytes)), body);
    return 0;
}
