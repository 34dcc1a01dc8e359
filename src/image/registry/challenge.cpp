#include "image/registry/challenge.h"

#include <algorithm>

#include "base/text.h"

namespace tare::registry {

namespace {

constexpr std::size_t kChallengeLimit = 16;
constexpr std::size_t kParameterLimit = 16;
constexpr std::size_t kValueLimit = 8 << 10;

bool is_token_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

/// Reads one header from left to right.
struct Reader {
    std::string_view left;

    void skip(std::string_view any_of) {
        while (!left.empty() && any_of.find(left.front()) != std::string_view::npos)
            left.remove_prefix(1);
    }
    std::string_view token() {
        std::size_t length = 0;
        while (length < left.size() && is_token_char(left[length]))
            ++length;
        auto word = left.substr(0, length);
        left.remove_prefix(length);
        return word;
    }
    bool take(char c) {
        if (left.empty() || left.front() != c) return false;
        left.remove_prefix(1);
        return true;
    }
    /// What follows the opening quote, up to the closing one; nothing if there is none.
    std::optional<std::string> quoted() {
        std::string value;
        while (!left.empty()) {
            char c = left.front();
            left.remove_prefix(1);
            if (c == '"') return value;
            if (c == '\\' && !left.empty()) {
                c = left.front();
                left.remove_prefix(1);
            }
            value.push_back(c);
        }
        return std::nullopt;
    }
};

/// "name=value" after a scheme; leaves the reader before a word that is no parameter: the next scheme.
std::optional<std::pair<std::string, std::string>> parse_parameter(Reader& reader) {
    Reader ahead = reader;
    auto name = ahead.token();
    ahead.skip(" \t");
    if (name.empty() || !ahead.take('=')) return std::nullopt;
    ahead.skip(" \t");
    std::string value;
    if (ahead.take('"')) {
        auto quoted = ahead.quoted();
        if (!quoted) return std::nullopt;
        value = std::move(*quoted);
    } else {
        value = ahead.token();
    }
    if (value.size() > kValueLimit) return std::nullopt;
    reader = ahead;
    return std::pair(to_lower(name), std::move(value));
}

void parse_header(std::string_view header, std::vector<Challenge>& challenges) {
    Reader reader{header};
    while (challenges.size() < kChallengeLimit) {
        reader.skip(" \t,");
        auto scheme = reader.token();
        if (scheme.empty()) return;
        Challenge challenge{.scheme = to_lower(scheme), .parameters = {}};
        while (challenge.parameters.size() < kParameterLimit) {
            reader.skip(" \t,");
            auto parameter = parse_parameter(reader);
            if (!parameter) break;
            challenge.parameters.push_back(std::move(*parameter));
        }
        challenges.push_back(std::move(challenge));
    }
}

}  // namespace

std::string_view Challenge::parameter(std::string_view name) const {
    for (auto& [key, value] : parameters)
        if (key == name) return value;
    return {};
}

std::vector<Challenge> parse_challenges(std::span<const std::string_view> headers) {
    std::vector<Challenge> challenges;
    for (auto header : headers)
        parse_header(header, challenges);
    return challenges;
}

std::optional<Challenge> choose_challenge(std::span<const Challenge> challenges) {
    for (auto scheme : {"bearer", "basic"})
        for (auto& challenge : challenges)
            if (challenge.scheme == scheme) return challenge;
    return std::nullopt;
}

}  // namespace tare::registry
