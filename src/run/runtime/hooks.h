#pragma once

// Hooks: programs of the operator that run at points of a container's life.
// Source: runtime-spec, config.md, "POSIX-platform Hooks".

#include "run/runtime/state.h"

namespace tare::runtime {

/// Runs them in order with the state document on standard input; the first that fails (exit code, or
/// its timeout, 30 s if it has none) ends the list. Each has exactly its own environment, no descriptor
/// of ours and "/" as working directory (security RT24).
Result<> run_hooks(std::string_view kind, const std::vector<oci::Hook>& hooks, const Json& state);
/// poststart and poststop: failures are logged, the rest still runs.
void run_hooks_to_the_end(std::string_view kind, const std::vector<oci::Hook>& hooks, const Json& state);

}  // namespace tare::runtime
