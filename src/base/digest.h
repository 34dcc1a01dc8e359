#pragma once

// Content digests ("sha256:…"), the names of everything that is stored.

#include <compare>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tare {

/// A validated digest: algorithm sha256 or sha512 and lower-case hex of the right length. It can
/// stand in a path (security rule R15). A default-constructed Digest is empty.
/// Grammar: OCI image-spec, descriptor.md, "Digests".
class Digest {
  public:
    Digest() = default;
    /// invalid_argument unless `text` is a whole digest.
    static Result<Digest> parse(std::string_view text);
    /// sha256 of these 64 hex digits; for hashers, which know them to be right.
    static Digest sha256_of_hex(std::string hex);
    static Digest sha512_of_hex(std::string hex);

    bool empty() const { return text_.empty(); }
    const std::string& text() const { return text_; }
    std::string_view algorithm() const;
    std::string_view hex() const;
    /// The first 12 hex digits, as people see ids.
    std::string_view short_hex() const { return hex().substr(0, 12); }

    auto operator<=>(const Digest&) const = default;

  private:
    explicit Digest(std::string text) : text_(std::move(text)) {}
    std::string text_;
};

}  // namespace tare

template <>
struct std::hash<tare::Digest> {
    std::size_t operator()(const tare::Digest& digest) const noexcept {
        return std::hash<std::string>()(digest.text());
    }
};
