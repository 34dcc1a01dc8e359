#pragma once

// What an image runs on: "linux/arm64/v8". Names are Go's; what uname and people say is normalized.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace tare::oci {

struct Platform {
    std::string os;
    std::string architecture;
    std::string variant;  ///< "v8" of arm64 is left out: there is no other
    std::string os_version;
    std::vector<std::string> os_features;

    /// "linux/arm/v7".
    std::string text() const;
    bool operator==(const Platform&) const = default;
};

/// Reads "linux/amd64", "arm64" (the host's system) or "linux" (the host's architecture), normalized:
/// x86_64 is amd64, aarch64 is arm64, armhf is arm/v7. invalid_argument for anything else.
Result<Platform> parse_platform(std::string_view text);
/// A platform object of an index.
Result<Platform> parse_platform(const JsonView& view);
Json to_json(const Platform& platform);

/// The machine this program was built for.
Platform host_platform();

/// How well an image for `offered` runs on `wanted`: higher is better, nothing if it does not run. An
/// older arm variant runs on a newer one, and 386 is no match for amd64 unless asked for.
std::optional<int> match(const Platform& wanted, const Platform& offered);

}  // namespace tare::oci
