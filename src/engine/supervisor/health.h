#pragma once

// What the results of probes make of a container's health: Docker's state machine as a value.
//
// starting ──success──▶ healthy ◀──success── unhealthy
//    └──`retries` failures in a row, those within the start period not counted──▶ unhealthy ◀── healthy

#include <chrono>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace tare::supervisor {

/// Config.Healthcheck with its defaults filled in.
struct HealthPolicy {
    /// argv of the probe; empty: none.
    std::vector<std::string> command;
    std::chrono::nanoseconds interval{std::chrono::seconds(30)};
    std::chrono::nanoseconds timeout{std::chrono::seconds(30)};
    std::chrono::nanoseconds start_period{0};
    std::chrono::nanoseconds start_interval{std::chrono::seconds(5)};
    int retries = 3;
};

/// What a probe is from Docker's `Test`: ["NONE"] and [] are none, ["CMD", …] an argv, ["CMD-SHELL", text]
/// is handed to `shell` ("/bin/sh -c" if that is empty). invalid_argument for another word.
Result<std::vector<std::string>> probe_command(const std::vector<std::string>& test,
                                               const std::vector<std::string>& shell);

enum class HealthStatus { starting, healthy, unhealthy };
std::string_view to_string(HealthStatus status);

/// One probe that has come to an end.
struct ProbeResult {
    Time started_at;
    Time ended_at;
    int exit_code = 0;  ///< -1: it took too long or could not be started
    std::string output;
};

class Health {
  public:
    Health(HealthPolicy policy, Time container_started_at)
        : policy_(std::move(policy)), started_at_(container_started_at) {}

    const HealthPolicy& policy() const { return policy_; }
    HealthStatus status() const { return status_; }
    int failing_streak() const { return failing_streak_; }
    /// The last five.
    const std::deque<ProbeResult>& log() const { return log_; }

    /// How long to wait for the next probe: the start interval while the container is starting within its
    /// start period, else the interval.
    std::chrono::nanoseconds wait(Time now) const;
    /// Whether the status changed.
    bool take(ProbeResult result);
    /// Takes up what was stored before a restart of the daemon.
    void restore(HealthStatus status, int failing_streak, std::deque<ProbeResult> log);

  private:
    bool is_in_start_period(Time now) const { return now - started_at_ < policy_.start_period; }

    HealthPolicy policy_;
    Time started_at_;
    HealthStatus status_ = HealthStatus::starting;
    int failing_streak_ = 0;
    std::deque<ProbeResult> log_;
};

}  // namespace tare::supervisor
