#pragma once

// Creating a container from its options, fetching the image where that is asked for.

#include <string>

#include "base/json.h"
#include "base/result.h"
#include "cli/docker/create_options.h"
#include "cli/docker/daemon.h"

namespace tare::cli::docker {

/// The id of the new container. Writes --cidfile, prints the daemon's warnings and the progress of a
/// pull on standard error.
Result<std::string> create_container(Daemon& daemon, const CreateOptions& options, const Json& request);

/// invalid_argument for a --pull that is none of always, missing, never.
Result<> check_pull_option(std::string_view option);

/// The request for the options, with "PROGRAM: …" and where to find help in front of and behind a
/// mistake: what run and create print with exit status 125.
Result<Json> checked_create_request(const CreateOptions& options, const FlagSet& flags);

/// "tare: MESSAGE\n\nRun 'tare run --help' for more information".
std::string with_help(std::string_view program, std::string_view command, std::string_view message);

}  // namespace tare::cli::docker
