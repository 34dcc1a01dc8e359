#include "wire/http/body_reader.h"

#include <algorithm>
#include <cstring>

#include "base/text.h"

namespace tare::http {

namespace {

constexpr std::size_t kMostLineBytes = 4096;
constexpr std::size_t kMostTrailerBytes = 8192;

Error bad(std::string_view why) {
    return fail(ErrorKind::invalid_argument, "malformed request body: ", why);
}

// The next line without its end, taken out of the input; nothing if it is not complete.
Result<std::optional<std::string>> take_line(std::string& input) {
    std::size_t end = input.find('\n');
    if (end == std::string::npos) {
        if (input.size() > kMostLineBytes) return bad("a line is too long");
        return std::optional<std::string>();
    }
    if (end > kMostLineBytes) return bad("a line is too long");
    if (end == 0 || input[end - 1] != '\r') return bad("a line does not end in CRLF");
    std::string line = input.substr(0, end - 1);
    if (line.contains('\r') || line.contains('\0')) return bad("a line holds a bare CR or a NUL");
    input.erase(0, end + 1);
    return std::optional(std::move(line));
}

}  // namespace

Result<bool> BodyReader::read_size_line(std::string& input) {
    auto line = TRY(take_line(input));
    if (!line) return false;
    auto [digits, extension] = cut(*line, ';');
    auto size = parse_integer<std::uint64_t>(digits, 16);
    bool is_hex = std::ranges::all_of(
        digits, [](char c) { return std::string_view("0123456789abcdefABCDEF").contains(c); });
    if (!size || !is_hex || digits.size() > 16 || *size > (std::uint64_t{1} << 62))
        return bad("a chunk has no proper size");
    left_bytes_ = *size;
    place_ = *size == 0 ? Place::trailer : Place::data;
    return true;
}

Result<bool> BodyReader::read_trailer(std::string& input) {
    auto line = TRY(take_line(input));
    if (!line) return false;
    trailer_bytes_ += line->size();
    if (trailer_bytes_ > kMostTrailerBytes) return bad("its trailer is too long");
    is_done_ = line->empty();
    return true;
}

Result<std::optional<std::size_t>> BodyReader::take(std::string& input, char* buffer, std::size_t size) {
    while (!is_done_) {
        if (framing_ == BodyFraming::length || place_ == Place::data) {
            if (input.empty()) return std::optional<std::size_t>();
            auto count = static_cast<std::size_t>(std::min<std::uint64_t>({left_bytes_, input.size(), size}));
            std::memcpy(buffer, input.data(), count);
            input.erase(0, count);
            left_bytes_ -= count;
            if (left_bytes_ == 0) {
                is_done_ = framing_ == BodyFraming::length;
                place_ = Place::data_end;
            }
            return std::optional(count);
        }
        bool has_advanced = false;
        if (place_ == Place::size_line) {
            has_advanced = TRY(read_size_line(input));
        } else if (place_ == Place::trailer) {
            has_advanced = TRY(read_trailer(input));
        } else {
            auto line = TRY(take_line(input));
            if (line && !line->empty()) return bad("a chunk is longer than its size");
            has_advanced = line.has_value();
            if (has_advanced) place_ = Place::size_line;
        }
        if (!has_advanced) return std::optional<std::size_t>();
    }
    return std::optional(std::size_t{0});
}

}  // namespace tare::http
