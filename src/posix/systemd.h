#pragma once

// What systemd says to a service and hears from it: sockets that it opened (sd_listen_fds(3)) and states
// (sd_notify(3)).

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "posix/fd.h"

namespace tare::posix {

/// The sockets of socket activation with their names ("docker", "unknown"), taken once: LISTEN_PID and
/// its like are removed from the environment. Empty if they are not meant for this process.
std::vector<std::pair<std::string, Fd>> take_activation_sockets();

/// Tells NOTIFY_SOCKET a state ("READY=1", "STOPPING=1"); success without a service manager.
Result<> notify_service_manager(std::string_view state);

}  // namespace tare::posix
