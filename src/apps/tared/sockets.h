#pragma once

// Where the daemon is reached.

#include <vector>

#include "apps/tared/config.h"
#include "posix/fd.h"

namespace tare::tared {

/// STATE/docker.sock, the configured hosts (0660, of the configured group where the machine has it, else
/// 0600) and the sockets that systemd handed over.
Result<std::vector<posix::Fd>> listening_sockets(const Config& config);

/// The number of a group of this machine, from /etc/group alone.
std::optional<gid_t> group_number(std::string_view group_file, std::string_view name);

}  // namespace tare::tared
