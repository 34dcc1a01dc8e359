#pragma once

// The two verbs of a shim's command line (containerd's shim v2, "Commands"): start and delete.

#include <string>

#include "engine/task/tasks.h"

namespace tare::task {

/// Starts a shim for the bundle and returns its address. A failure has what the shim wrote to standard
/// error.
Result<std::string> launch_shim(const Options& options, const Key& key, const std::string& bundle);

/// Cleans up after a shim that is gone: kills what is left of the container, removes its control group
/// and runtime state. The bundle stays.
Result<> clean_up_after_shim(const Options& options, const Key& key, const std::string& bundle);

}  // namespace tare::task
