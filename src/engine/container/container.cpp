#include "engine/container/container.h"

#include <algorithm>
#include <array>

#include "posix/random.h"

namespace tare::container {

namespace {

constexpr std::array<std::pair<Status, std::string_view>, 7> kStatusNames = {{
    {Status::created, "created"},
    {Status::running, "running"},
    {Status::paused, "paused"},
    {Status::restarting, "restarting"},
    {Status::removing, "removing"},
    {Status::exited, "exited"},
    {Status::dead, "dead"},
}};

}  // namespace

std::string_view to_string(Status status) {
    return std::ranges::find(kStatusNames, status, &std::pair<Status, std::string_view>::first)->second;
}

std::optional<Status> parse_status(std::string_view text) {
    auto entry = std::ranges::find(kStatusNames, text, &std::pair<Status, std::string_view>::second);
    if (entry == kStatusNames.end()) return std::nullopt;
    return entry->first;
}

Strings Container::arguments() const {
    Strings all = config.entrypoint.value_or(Strings());
    if (config.command) all.insert(all.end(), config.command->begin(), config.command->end());
    return all;
}

Result<std::string> generate_id() {
    std::string id;
    do {
        id = TRY(posix::random_hex(32));
    } while (id.find_first_not_of("0123456789") >= 12);
    return id;
}

}  // namespace tare::container
