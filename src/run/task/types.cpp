#include "run/task/types.h"

namespace tare::shimv2 {

bool Any::is(std::string_view name) const {
    std::string_view url = type_url;
    if (url == name) return true;
    // "type.googleapis.com/NAME"; the names themselves may hold slashes.
    return url.size() > name.size() && url.ends_with(name) && url[url.size() - name.size() - 1] == '/';
}

Timestamp Timestamp::of(SystemTime time) {
    auto since = time.time_since_epoch();
    auto seconds = std::chrono::floor<std::chrono::seconds>(since);
    return {.seconds = seconds.count(), .nanoseconds = static_cast<std::int32_t>((since - seconds).count())};
}

SystemTime Timestamp::time() const {
    return SystemTime(std::chrono::seconds(seconds) + std::chrono::nanoseconds(nanoseconds));
}

}  // namespace tare::shimv2
