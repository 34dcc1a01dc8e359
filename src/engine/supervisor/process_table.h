#pragma once

// `docker top`: the container's processes as ps shows them.

#include <vector>

#include <sys/types.h>

#include "engine/supervisor/supervisor.h"

namespace tare::supervisor {

/// The table of these processes. "-ef" (or nothing) and "aux" are read from /proc here; other arguments are
/// given to the host's ps. invalid_argument if they are not ps options, failed_precondition without a ps.
Result<ProcessTable> process_table(const std::vector<pid_t>& pids, std::string_view ps_args);

/// Keeps the lines of ps's output that are of these processes; the title line has to name PID.
Result<ProcessTable> parse_ps(std::string_view output, const std::vector<pid_t>& pids);

}  // namespace tare::supervisor
