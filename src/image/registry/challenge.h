#pragma once

// WWW-Authenticate: how a registry asks who is there (RFC 7235; distribution-spec, token authentication).

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tare::registry {

struct Challenge {
    std::string scheme;  ///< lower case: "bearer", "basic"
    std::vector<std::pair<std::string, std::string>> parameters;

    /// "" without one; names are compared in lower case.
    std::string_view parameter(std::string_view name) const;
};

/// The challenges of all WWW-Authenticate headers of an answer, in order. What cannot be read is passed
/// over; more than 16 are not looked at.
std::vector<Challenge> parse_challenges(std::span<const std::string_view> headers);

/// The one to answer: Bearer before Basic; nothing if neither is there.
std::optional<Challenge> choose_challenge(std::span<const Challenge> challenges);

}  // namespace tare::registry
