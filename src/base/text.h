#pragma once

// Text without iostream or locale: the static programs link this.

#include <charconv>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace tare {

namespace text_detail {
inline void append(std::string& out, std::string_view part) {
    out.append(part);
}
inline void append(std::string& out, char part) {
    out.push_back(part);
}
template <class Number>
    requires(std::is_arithmetic_v<Number> && !std::is_same_v<Number, char>)
void append(std::string& out, Number part) {
    if constexpr (std::is_same_v<Number, bool>) {
        out.append(part ? "true" : "false");
    } else {
        char buffer[32];
        auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, part);
        out.append(buffer, error == std::errc() ? end : buffer);
    }
}
}  // namespace text_detail

/// The parts (strings, chars, numbers, bools) one after another.
template <class... Parts>
std::string cat(const Parts&... parts) {
    std::string out;
    (text_detail::append(out, parts), ...);
    return out;
}

/// The pieces of `text` between separators; "" gives one empty piece, as Go's strings.Split.
std::vector<std::string_view> split(std::string_view text, char separator);
/// The pieces between runs of white space; none of them is empty.
std::vector<std::string_view> split_words(std::string_view text);
/// What stands before and after the first separator; `after` is absent where there is none.
struct Cut {
    std::string_view before;
    std::optional<std::string_view> after;
};
Cut cut(std::string_view text, char separator);
std::string join(std::span<const std::string> parts, std::string_view separator);
std::string_view trim(std::string_view text);
std::string to_lower(std::string_view text);
std::string replace_all(std::string_view text, std::string_view from, std::string_view to);

/// A whole decimal number of this type, nothing before or after it; no sign for unsigned types, no
/// leading '+', and out of range is a failure rather than a wrap (security rule R8).
template <class Integer>
std::optional<Integer> parse_integer(std::string_view text, int base = 10) {
    Integer value{};
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
    return value;
}

std::string hex_encode(std::span<const std::uint8_t> bytes);
std::string base64_encode(std::string_view bytes);
/// Standard or URL-safe alphabet, padding optional; nothing on any other character.
std::optional<std::string> base64_decode(std::string_view text);

/// The text in double quotes with control characters, quotes and invalid UTF-8 escaped, so that a
/// name from outside can stand in a message or log line (security rule R11).
std::string quote(std::string_view text);

bool is_valid_utf8(std::string_view text);

/// "1.5kB" as Docker prints sizes: base 1000, four significant digits.
std::string human_size(double bytes);
/// "1.5KiB": base 1024.
std::string human_size_binary(double bytes);

}  // namespace tare
