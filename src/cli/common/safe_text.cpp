#include "cli/common/safe_text.h"

#include <array>
#include <cstdint>

#include "base/text.h"
#include "posix/fd.h"
#include "posix/terminal.h"

namespace tare::cli {

namespace {

constexpr int kStandardOutput = 1;
constexpr int kStandardError = 2;

struct CodePoint {
    std::uint32_t value = 0;
    std::size_t length = 0;  // 0: these bytes are no UTF-8
};

CodePoint decode(std::string_view text) {
    auto lead = static_cast<unsigned char>(text[0]);
    if (lead < 0x80) return {lead, 1};
    std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 0;
    if (length == 0 || length > text.size() || !is_valid_utf8(text.substr(0, length))) return {};
    std::uint32_t value = lead & (0x7Fu >> length);
    for (std::size_t i = 1; i < length; ++i)
        value = value << 6 | (static_cast<unsigned char>(text[i]) & 0x3Fu);
    return {value, length};
}

bool is_harmful(std::uint32_t c) {
    if (c == '\t' || c == '\n') return false;
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x200E && c <= 0x200F) ||
           (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

void append_hex(std::string& out, std::uint32_t value, int digits) {
    static constexpr std::string_view kDigits = "0123456789abcdef";
    for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4)
        out += kDigits[value >> shift & 0xF];
}

void write_out(int fd, std::string_view bytes) {
    // Nobody reads any more (EPIPE): the same as a filter's `| head`.
    (void)posix::write_all(fd, bytes);
}

void print_to(int fd, std::string_view text) {
    if (posix::is_terminal(fd)) {
        write_out(fd, escape_for_terminal(text));
    } else {
        write_out(fd, text);
    }
}

}  // namespace

std::string escape_for_terminal(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        CodePoint point = decode(text);
        if (point.length == 0) {
            out += "\\x";
            append_hex(out, static_cast<unsigned char>(text[0]), 2);
            text.remove_prefix(1);
            continue;
        }
        if (!is_harmful(point.value)) {
            out += text.substr(0, point.length);
        } else if (point.value < 0x100) {
            out += "\\x";
            append_hex(out, point.value, 2);
        } else {
            out += "\\u";
            append_hex(out, point.value, 4);
        }
        text.remove_prefix(point.length);
    }
    return out;
}

void print(std::string_view text) {
    print_to(kStandardOutput, text);
}

void print_error(std::string_view text) {
    print_to(kStandardError, text);
}

void print_raw(std::string_view bytes) {
    write_out(kStandardOutput, bytes);
}

}  // namespace tare::cli
