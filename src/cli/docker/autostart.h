#pragma once

// Starting the daemon where none runs (security entry TA4).

#include <string>

#include "base/result.h"

namespace tare::cli::docker {

/// Starts `tared` from this executable's own directory with a fixed, clean environment, in a session
/// of its own, and waits until its socket answers. Only root does that, and only if the program and
/// every directory above it belong to root and no one else may write them. Says so once on standard
/// error. Failures say why nothing was started; permission_denied with an empty message for users
/// who are not root.
Result<> start_daemon(const std::string& socket_path);

/// permission_denied unless the file and each directory above it are root's and writable by root
/// alone (a sticky directory such as /tmp may be writable by all, but then holds no program).
Result<> check_trusted_path(const std::string& path);

}  // namespace tare::cli::docker
