#include "api/docker/router.h"

#include "base/text.h"

namespace tare::docker {

namespace {

bool is_capture(std::string_view part) {
    return part.starts_with('{');
}

bool is_long_capture(std::string_view part) {
    return part.ends_with("...}");
}

// The parts that a pattern's tail of `after` parts leaves for its long capture.
std::optional<std::vector<std::string>> match_parts(const std::vector<std::string_view>& pattern,
                                                    const std::vector<std::string_view>& path) {
    std::vector<std::string> captures;
    std::size_t at = 0;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (at >= path.size()) return std::nullopt;
        if (is_long_capture(pattern[i])) {
            std::size_t after = pattern.size() - i - 1;
            if (path.size() < at + 1 + after) return std::nullopt;
            std::string name;
            for (; at < path.size() - after; ++at)
                name += cat(name.empty() ? "" : "/", path[at]);
            if (name.empty()) return std::nullopt;
            captures.push_back(std::move(name));
        } else if (is_capture(pattern[i])) {
            if (path[at].empty()) return std::nullopt;
            captures.emplace_back(path[at++]);
        } else if (pattern[i] != path[at++]) {
            return std::nullopt;
        }
    }
    if (at != path.size()) return std::nullopt;
    return captures;
}

// Takes "/v1.43" off the front.
Result<ApiVersion> take_version(std::string_view& path) {
    if (!path.starts_with("/v")) return kNewestVersion;
    std::string_view prefix = path.substr(2, path.find('/', 2) - 2);
    auto version = ApiVersion::parse(prefix);
    if (!version) return kNewestVersion;
    path.remove_prefix(2 + prefix.size());
    if (*version < kOldestVersion)
        return fail(ErrorKind::invalid_argument, "client version ", prefix,
                    " is too old. Minimum supported API version is ", kOldestVersion.text(),
                    ", please upgrade your client to a newer version");
    if (*version > kNewestVersion)
        return fail(ErrorKind::invalid_argument, "client version ", prefix,
                    " is too new. Maximum supported API version is ", kNewestVersion.text());
    return *version;
}

}  // namespace

Router::Router(const std::vector<Route>& routes) {
    for (const Route& route : routes)
        routes_.push_back({route, split(route.pattern.substr(1), '/')});
}

Result<Match> Router::find(std::string_view method, std::string_view path) const {
    ApiVersion version = TRY(take_version(path));
    if (path.empty()) path = "/";
    std::vector<std::string_view> parts = split(path.substr(1), '/');
    bool exists = false;
    for (const Compiled& compiled : routes_) {
        bool is_method = compiled.route.method == method;
        if (!is_method && exists) continue;
        auto captures = match_parts(compiled.parts, parts);
        if (!captures) continue;
        if (is_method) return Match{compiled.route.endpoint, version, std::move(*captures)};
        exists = true;
    }
    // dockerd answers the same for a path that exists with another method.
    return fail(ErrorKind::not_found, "page not found");
}

}  // namespace tare::docker
