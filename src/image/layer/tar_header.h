#pragma once

// The 512-byte block of a tar archive: fields, numbers and checksum. POSIX.1-2017 pax(1), "ustar
// Interchange Format", and the GNU tar manual, "Basic Tar Format".

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "posix/tree.h"

namespace tare::layer {

inline constexpr std::size_t kTarBlock = 512;

/// Where a field stands in the block.
struct TarField {
    std::size_t offset;
    std::size_t size;
};
namespace tar_field {
inline constexpr TarField name{0, 100}, mode{100, 8}, uid{108, 8}, gid{116, 8}, size{124, 12}, mtime{136, 12},
    checksum{148, 8}, type{156, 1}, link_name{157, 100}, magic{257, 8}, major{329, 8}, minor{337, 8},
    prefix{345, 155}, star_prefix{345, 131}, star_magic{508, 4}, gnu_sparse{386, 96}, gnu_extended{482, 1},
    gnu_real_size{483, 12};
}

/// A view of one block, which it borrows.
class TarHeader {
  public:
    explicit TarHeader(const char* block) : block_(block) {}

    bool is_zero() const;
    /// invalid_argument unless the sum of the bytes is what the header says (as unsigned bytes, or as
    /// signed ones, which old writers used).
    Result<> check() const;
    char type() const { return block_[tar_field::type.offset]; }
    /// The text up to the first NUL.
    std::string_view text(TarField field) const;
    /// Prefix and name joined, where the format has a prefix.
    std::string path() const;
    /// A number: octal, or base-256 when the first bit is set; empty is 0. Anything else, and any
    /// negative number, is invalid_argument.
    Result<std::uint64_t> number(TarField field, std::string_view what) const;
    /// The same, where a time before 1970 may be negative (base-256).
    Result<std::int64_t> signed_number(TarField field, std::string_view what) const;
    bool is_gnu() const;

    const char* bytes() const { return block_; }

  private:
    bool is_ustar() const;

    const char* block_;
};

/// The number in a field's bytes, as TarHeader::signed_number.
Result<std::int64_t> parse_tar_number(std::string_view field, std::string_view what);

/// Makes a block; each value must fit its field (`fits_octal`).
class TarHeaderBuilder {
  public:
    TarHeaderBuilder() { block_.fill('\0'); }
    static bool fits_octal(std::uint64_t value, TarField field) {
        return value >> (3 * (field.size - 1)) == 0;
    }
    void set_text(TarField field, std::string_view text);
    void set_octal(TarField field, std::uint64_t value);
    void set_type(char type) { block_[tar_field::type.offset] = type; }
    /// Adds magic and checksum; the block is whole.
    std::string_view finish();

  private:
    std::array<char, kTarBlock> block_;
};

}  // namespace tare::layer
