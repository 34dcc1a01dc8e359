#pragma once

// The exit status of a container that this command started.

#include <string>

#include "base/result.h"
#include "cli/docker/daemon.h"

namespace tare::cli::docker {

enum class WaitFor { exit, removal };

/// Asks for the status before the container is started, so that none is missed.
Result<PendingAnswer> begin_wait(Daemon& daemon, const std::string& id, WaitFor condition);
/// The status; 125 (told on standard error) if the daemon can't say.
int finish_wait(Result<PendingAnswer>& pending);

/// The exit status for a failure of create or start: 127 if the program is not there, 126 if it can't
/// be executed, else 125.
int exit_code_of_failure(const Error& error);

}  // namespace tare::cli::docker
