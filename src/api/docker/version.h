#pragma once

// Versions of the Engine API. A document may differ between them, never the engine behind it.

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace tare::docker {

struct ApiVersion {
    int major = 1;
    int minor = 0;

    /// "1.43", without a "v".
    static std::optional<ApiVersion> parse(std::string_view text);
    std::string text() const;
    auto operator<=>(const ApiVersion&) const = default;
};

inline constexpr ApiVersion kOldestVersion{1, 24};
/// The newest one whose documents this face writes.
inline constexpr ApiVersion kNewestVersion{1, 56};

}  // namespace tare::docker
