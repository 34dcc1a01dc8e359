#include "engine/supervisor/restart_policy.h"

#include <algorithm>

namespace tare::supervisor {

using namespace std::chrono_literals;

namespace {
constexpr auto kFirstWait = 100ms;
constexpr auto kLongestWait = 60'000ms;
/// Who ran this long is taken to have worked.
constexpr auto kGoodRun = 10s;

bool has_tries_left(const RestartPolicy& policy, int count) {
    return policy.maximum_retries == 0 || count < policy.maximum_retries;
}
}  // namespace

Result<RestartPolicy> parse_restart_policy(std::string_view name, int maximum_retries) {
    RestartPolicy policy{.kind = RestartPolicy::Kind::no, .maximum_retries = maximum_retries};
    if (name == "always") {
        policy.kind = RestartPolicy::Kind::always;
    } else if (name == "unless-stopped") {
        policy.kind = RestartPolicy::Kind::unless_stopped;
    } else if (name == "on-failure") {
        policy.kind = RestartPolicy::Kind::on_failure;
    } else if (!name.empty() && name != "no") {
        return fail(ErrorKind::invalid_argument, "invalid restart policy: unknown policy ", quote(name),
                    "; use one of 'no', 'always', 'on-failure', or 'unless-stopped'");
    }
    if (maximum_retries < 0)
        return fail(ErrorKind::invalid_argument,
                    "invalid restart policy: maximum retry count cannot be negative");
    if (maximum_retries != 0 && policy.kind != RestartPolicy::Kind::on_failure)
        return fail(ErrorKind::invalid_argument,
                    "invalid restart policy: maximum retry count can only be used with 'on-failure'");
    return policy;
}

std::optional<std::chrono::milliseconds> Restarts::next(const RestartPolicy& policy, const Ending& ending) {
    // A stop is final for every policy while the daemon lives; only its next start tells `always` from
    // `unless-stopped`.
    if (ending.by_user) return std::nullopt;
    switch (policy.kind) {
        case RestartPolicy::Kind::no:
            return std::nullopt;
        case RestartPolicy::Kind::on_failure:
            if (ending.exit_code == 0 || !has_tries_left(policy, count_)) return std::nullopt;
            break;
        case RestartPolicy::Kind::always:
        case RestartPolicy::Kind::unless_stopped:
            break;
    }
    if (ending.ran_for >= kGoodRun) wait_ = 0ms;
    wait_ = wait_ == 0ms ? kFirstWait : std::min<std::chrono::milliseconds>(wait_ * 2, kLongestWait);
    ++count_;
    return wait_;
}

bool starts_with_daemon(const RestartPolicy& policy, const Ending& ending, int restart_count) {
    switch (policy.kind) {
        case RestartPolicy::Kind::no:
            return false;
        case RestartPolicy::Kind::always:
            return true;
        case RestartPolicy::Kind::unless_stopped:
            return !ending.by_user;
        case RestartPolicy::Kind::on_failure:
            return !ending.by_user && ending.exit_code != 0 && has_tries_left(policy, restart_count);
    }
    return false;
}

}  // namespace tare::supervisor
