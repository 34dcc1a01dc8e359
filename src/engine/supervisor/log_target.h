#pragma once

// Log options of a container ("max-size", "labels", "tag", …) as the shim takes them.

#include "engine/container/container.h"
#include "engine/task/tasks.h"

namespace tare::supervisor {

/// invalid_argument in Docker's words for an unknown option or a value that is none.
Result<task::LogTarget> log_target(const container::Container& container);
/// Docker's rule for what a request leaves open: the daemon's driver, and its options for that driver where
/// the request does not name them.
void fill_log_config(container::LogConfig& log, const container::LogConfig& defaults);
/// The same check alone, for create.
Result<> check_log_options(const container::LogConfig& log);

/// "10m", "1.5GB", "512": bytes, units are powers of 1024 whatever their case.
std::optional<std::uint64_t> parse_size(std::string_view text);

}  // namespace tare::supervisor
