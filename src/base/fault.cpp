#include "base/fault.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <map>
#include <mutex>

namespace tare::fault {

namespace detail {
constinit std::atomic<bool> is_watched = false;
}

namespace {

struct Armed {
    std::function<Result<>()> behaviour;
    unsigned skip = 0;
};

struct Watch {
    std::mutex mutex;
    std::map<std::string, Armed, std::less<>> armed;
    std::vector<std::string>* recording = nullptr;

    void update() { detail::is_watched.store(recording != nullptr || !armed.empty()); }
};

// Made when the first test asks for it and never destroyed, as threads may pass points until the end.
Watch& watch() {
    static Watch* only = new Watch;
    return *only;
}

void arm_after(std::string_view name, std::function<Result<>()> behaviour, unsigned skip) {
    std::lock_guard lock(watch().mutex);
    watch().armed[std::string(name)] = {std::move(behaviour), skip};
    watch().update();
}

}  // namespace

Result<> detail::reached(std::string_view name) {
    std::function<Result<>()> behaviour;
    {
        std::lock_guard lock(watch().mutex);
        if (auto* names = watch().recording; names && std::ranges::find(*names, name) == names->end())
            names->emplace_back(name);
        auto armed = watch().armed.find(name);
        if (armed == watch().armed.end()) return {};
        if (armed->second.skip > 0) {
            --armed->second.skip;
            return {};
        }
        behaviour = armed->second.behaviour;
    }
    return behaviour();
}

void arm(std::string_view name, Action action, unsigned skip) {
    arm_after(
        name,
        [action, point = std::string(name)]() -> Result<> {
            if (action == Action::kill) std::raise(SIGKILL);
            return fail(ErrorKind::aborted, "fault point ", point, " is armed");
        },
        skip);
}

void arm(std::string_view name, std::function<Result<>()> behaviour) {
    arm_after(name, std::move(behaviour), 0);
}

void disarm_all() {
    std::lock_guard lock(watch().mutex);
    watch().armed.clear();
    watch().update();
}

std::vector<std::string> record(const std::function<void()>& operation) {
    std::vector<std::string> names;
    auto set = [](std::vector<std::string>* recording) {
        std::lock_guard lock(watch().mutex);
        watch().recording = recording;
        watch().update();
    };
    set(&names);
    operation();
    set(nullptr);
    return names;
}

Result<> arm_from_environment() {
#ifndef NDEBUG
    const char* text = std::getenv("TARE_FAULT");
    if (!text || !*text) return {};
    for (auto entry : split(text, ',')) {
        auto parts = split(entry, ':');
        std::optional<unsigned> skip = parts.size() == 3 ? parse_integer<unsigned>(parts[2]) : 0U;
        bool is_kill = parts.size() > 1 && parts[1] == "kill";
        if (parts.size() < 2 || parts.size() > 3 || (!is_kill && parts[1] != "error") || !skip)
            return fail(ErrorKind::invalid_argument, "TARE_FAULT: ", quote(entry),
                        ": expected name:kill or name:error, and :count");
        arm(parts[0], is_kill ? Action::kill : Action::error, *skip);
    }
#endif
    return {};
}

}  // namespace tare::fault
