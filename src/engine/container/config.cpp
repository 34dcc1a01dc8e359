#include "engine/container/config.h"

#include <algorithm>

#include "engine/container/host_config.h"

namespace tare::container {

const std::string* find(const StringMap& map, std::string_view key) {
    auto entry = std::ranges::find(map, key, &StringMap::value_type::first);
    return entry == map.end() ? nullptr : &entry->second;
}

Healthcheck Healthcheck::effective() const {
    using std::chrono::seconds;
    Healthcheck check = *this;
    if (check.interval.count() == 0) check.interval = seconds(30);
    if (check.timeout.count() == 0) check.timeout = seconds(30);
    if (check.start_interval.count() == 0) check.start_interval = seconds(5);
    if (check.retries == 0) check.retries = 3;
    return check;
}

bool Healthcheck::is_enabled() const {
    return !test.empty() && test[0] != "NONE";
}

std::optional<std::string_view> container_of_mode(std::string_view mode) {
    constexpr std::string_view kPrefix = "container:";
    if (!mode.starts_with(kPrefix)) return std::nullopt;
    return mode.substr(kPrefix.size());
}

}  // namespace tare::container
