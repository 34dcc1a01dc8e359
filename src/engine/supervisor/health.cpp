#include "engine/supervisor/health.h"

#include <utility>

namespace tare::supervisor {

namespace {
constexpr std::size_t kLogEntries = 5;
constexpr std::size_t kOutputBytes = 4096;
}  // namespace

Result<std::vector<std::string>> probe_command(const std::vector<std::string>& test,
                                               const std::vector<std::string>& shell) {
    if (test.empty() || test.front() == "NONE" || test.front().empty()) return std::vector<std::string>();
    std::vector<std::string> command;
    if (test.front() == "CMD") {
        command.assign(test.begin() + 1, test.end());
    } else if (test.front() == "CMD-SHELL") {
        command = shell.empty() ? std::vector<std::string>{"/bin/sh", "-c"} : shell;
        command.insert(command.end(), test.begin() + 1, test.end());
    } else {
        return fail(ErrorKind::invalid_argument, "unknown type ", quote(test.front()),
                    " of a health check: use CMD, CMD-SHELL or NONE");
    }
    if (test.size() == 1)
        return fail(ErrorKind::invalid_argument, "the health check ", test.front(), " has no command");
    return command;
}

std::string_view to_string(HealthStatus status) {
    switch (status) {
        case HealthStatus::starting:
            return "starting";
        case HealthStatus::healthy:
            return "healthy";
        case HealthStatus::unhealthy:
            return "unhealthy";
    }
    return "unhealthy";
}

std::chrono::nanoseconds Health::wait(Time now) const {
    if (status_ == HealthStatus::starting && is_in_start_period(now)) return policy_.start_interval;
    return policy_.interval;
}

bool Health::take(ProbeResult result) {
    const HealthStatus before = status_;
    if (result.exit_code == 0) {
        failing_streak_ = 0;
        status_ = HealthStatus::healthy;
    } else if (status_ != HealthStatus::starting || !is_in_start_period(result.started_at)) {
        if (++failing_streak_ >= policy_.retries) status_ = HealthStatus::unhealthy;
    }
    if (result.output.size() > kOutputBytes) result.output.resize(kOutputBytes);
    log_.push_back(std::move(result));
    if (log_.size() > kLogEntries) log_.pop_front();
    return status_ != before;
}

void Health::restore(HealthStatus status, int failing_streak, std::deque<ProbeResult> log) {
    status_ = status;
    failing_streak_ = failing_streak;
    log_ = std::move(log);
}

}  // namespace tare::supervisor
