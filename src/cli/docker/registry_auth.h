#pragma once

// The credentials of a registry on their way to the daemon, which does the transfer.

#include <string_view>

#include "base/result.h"
#include "cli/docker/daemon.h"

namespace tare::cli::docker {

/// X-Registry-Auth for this registry (security rule R19: for this one only); empty if the user has
/// no credentials for it.
Result<Headers> registry_auth_headers(const Settings& settings, std::string_view registry);

}  // namespace tare::cli::docker
