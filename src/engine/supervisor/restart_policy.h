#pragma once

// Whether, and after how long, a container that has ended starts again. Values without clocks: the
// caller says how long the container ran.
//
// Docker's rules: the first restart waits 100 ms, each further one twice as long up to a minute; a
// container that ran for 10 s begins again at 100 ms.

#include <chrono>
#include <optional>
#include <string_view>

#include "base/result.h"

namespace tare::supervisor {

struct RestartPolicy {
    enum class Kind { no, always, unless_stopped, on_failure } kind = Kind::no;
    /// of on_failure; 0 is without end
    int maximum_retries = 0;
};

/// "no", "", "always", "unless-stopped" or "on-failure" with its count; invalid_argument for another
/// name, for a negative count, and for a count where none belongs.
Result<RestartPolicy> parse_restart_policy(std::string_view name, int maximum_retries);

/// How a container ended.
struct Ending {
    int exit_code = 0;
    /// Whether `stop`, or `kill` with a stopping signal, came before.
    bool by_user = false;
    std::chrono::nanoseconds ran_for{0};
};

/// Counts the restarts of one container since somebody started it.
class Restarts {
  public:
    /// The wait before the next start, nothing if the container stays as it is. Counts that start.
    std::optional<std::chrono::milliseconds> next(const RestartPolicy& policy, const Ending& ending);
    /// How often it was started again; Docker's RestartCount.
    int count() const { return count_; }
    /// Takes up a count that was stored.
    void set_count(int count) { count_ = count; }

  private:
    int count_ = 0;
    std::chrono::milliseconds wait_{0};
};

/// Whether a container that is not running starts when the daemon does: `always` even if it had been
/// stopped, `unless_stopped` if it had not, `on_failure` as if it had ended right now.
bool starts_with_daemon(const RestartPolicy& policy, const Ending& ending, int restart_count);

}  // namespace tare::supervisor
