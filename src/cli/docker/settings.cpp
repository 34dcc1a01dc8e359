#include "cli/docker/settings.h"

#include "posix/file.h"

namespace tare::cli::docker {

std::string Endpoint::socket_path() const {
    constexpr std::string_view kScheme = "unix://";
    return host.starts_with(kScheme) ? host.substr(kScheme.size()) : std::string();
}

std::string Settings::config_text(std::string_view key) const {
    constexpr std::size_t kMaxBytes = std::size_t{1} << 20;
    // No file, or one that another tool left broken: the defaults hold.
    auto text = posix::read_file(cat(config_directory, "/config.json"), kMaxBytes);
    if (!text) return {};
    auto document = parse_json(*text, {.what = "config.json"});
    if (!document) return {};
    const Json* value = document->find(key);
    return value != nullptr && value->is_string() ? *value->as_string() : std::string();
}

}  // namespace tare::cli::docker
