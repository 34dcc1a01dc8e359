#include "image/layer/tar_header.h"

#include <algorithm>
#include <cstring>

namespace tare::layer {

namespace {

std::string_view bytes_of(const char* block, TarField field) {
    return {block + field.offset, field.size};
}

/// Big-endian two's complement whose first bit is only the mark of the format.
Result<std::int64_t> parse_base256(std::string_view field, std::string_view what) {
    bool negative = (static_cast<unsigned char>(field[0]) & 0x40) != 0;
    std::uint64_t value = negative ? ~std::uint64_t{0} : 0;
    for (std::size_t i = 0; i < field.size(); ++i) {
        auto byte = static_cast<unsigned char>(field[i]);
        if (i == 0) byte = negative ? byte : static_cast<unsigned char>(byte & 0x7f);
        bool overflows = negative ? (value >> 55) != 0x1ff : (value >> 55) != 0;
        if (overflows) return fail(ErrorKind::invalid_argument, "tar header: ", what, " is out of range");
        value = (value << 8) | byte;
    }
    return static_cast<std::int64_t>(value);
}

Result<std::int64_t> parse_octal(std::string_view field, std::string_view what) {
    auto malformed = [&] {
        return fail(ErrorKind::invalid_argument, "tar header: ", what, " is no octal number: ", quote(field));
    };
    std::size_t begin = field.find_first_not_of(' ');
    if (begin == std::string_view::npos) return std::int64_t{0};
    std::string_view digits = field.substr(begin);
    std::size_t end = digits.find_first_of(std::string_view("\0 ", 2));
    std::string_view rest = end == std::string_view::npos ? std::string_view() : digits.substr(end);
    digits = digits.substr(0, end);
    if (rest.find_first_not_of(std::string_view("\0 ", 2)) != std::string_view::npos) return malformed();
    if (digits.empty()) return std::int64_t{0};
    auto value = parse_integer<std::uint64_t>(digits, 8);
    if (!value || *value > static_cast<std::uint64_t>(INT64_MAX)) return malformed();
    return static_cast<std::int64_t>(*value);
}

}  // namespace

Result<std::int64_t> parse_tar_number(std::string_view field, std::string_view what) {
    if ((static_cast<unsigned char>(field[0]) & 0x80) != 0) return parse_base256(field, what);
    return parse_octal(field, what);
}

bool TarHeader::is_zero() const {
    return std::all_of(block_, block_ + kTarBlock, [](char byte) { return byte == '\0'; });
}

Result<> TarHeader::check() const {
    std::int64_t expected = TRY(parse_octal(bytes_of(block_, tar_field::checksum), "the checksum"));
    std::int64_t as_unsigned = 0;
    std::int64_t as_signed = 0;
    for (std::size_t i = 0; i < kTarBlock; ++i) {
        bool of_checksum = i - tar_field::checksum.offset < tar_field::checksum.size;
        char byte = of_checksum ? ' ' : block_[i];
        as_unsigned += static_cast<unsigned char>(byte);
        as_signed += static_cast<signed char>(byte);
    }
    if (expected != as_unsigned && expected != as_signed)
        return fail(ErrorKind::invalid_argument, "tar header: wrong checksum");
    return {};
}

std::string_view TarHeader::text(TarField field) const {
    auto bytes = bytes_of(block_, field);
    return bytes.substr(0, bytes.find('\0'));
}

bool TarHeader::is_ustar() const {
    return bytes_of(block_, tar_field::magic).starts_with(std::string_view("ustar\0", 6));
}

bool TarHeader::is_gnu() const {
    return bytes_of(block_, tar_field::magic) == std::string_view("ustar  \0", 8);
}

std::string TarHeader::path() const {
    std::string_view name = text(tar_field::name);
    if (!is_ustar()) return std::string(name);
    // Schily's tar keeps times behind a shorter prefix.
    bool is_star = bytes_of(block_, tar_field::star_magic) == std::string_view("tar\0", 4);
    std::string_view prefix = text(is_star ? tar_field::star_prefix : tar_field::prefix);
    return prefix.empty() ? std::string(name) : cat(prefix, "/", name);
}

Result<std::int64_t> TarHeader::signed_number(TarField field, std::string_view what) const {
    return parse_tar_number(bytes_of(block_, field), what);
}

Result<std::uint64_t> TarHeader::number(TarField field, std::string_view what) const {
    std::int64_t value = TRY(signed_number(field, what));
    if (value < 0) return fail(ErrorKind::invalid_argument, "tar header: ", what, " is negative");
    return static_cast<std::uint64_t>(value);
}

void TarHeaderBuilder::set_text(TarField field, std::string_view text) {
    text.copy(block_.data() + field.offset, field.size);
}

void TarHeaderBuilder::set_octal(TarField field, std::uint64_t value) {
    for (std::size_t i = field.size - 1; i > 0; --i, value >>= 3)
        block_[field.offset + i - 1] = static_cast<char>('0' + (value & 7));
}

std::string_view TarHeaderBuilder::finish() {
    set_text(tar_field::magic, std::string_view("ustar\0"
                                                "00",
                                                8));
    set_text(tar_field::checksum, "        ");
    std::uint64_t sum = 0;
    for (char byte : block_)
        sum += static_cast<unsigned char>(byte);
    // Six digits, NUL, space: the form that every tar writes.
    set_octal({tar_field::checksum.offset, 7}, sum);
    block_[tar_field::checksum.offset + 6] = '\0';
    return {block_.data(), block_.size()};
}

}  // namespace tare::layer
