#pragma once

// Whether what is mounted below a bind can reach the container at all.

#include <string_view>

#include "engine/container/container.h"

namespace tare::container {

/// A bind that is to be shared needs a shared mount under its source, one that is to be a slave a shared or
/// slave one: else nothing would ever get through, silently. `source` is free of links, `mountinfo` as of
/// /proc/self/mountinfo. failed_precondition in Docker's words.
Result<> check_propagation(std::string_view propagation, std::string_view source, std::string_view mountinfo);
/// The same for all binds, on this machine as it is now.
Result<> check_propagation(const std::vector<MountPoint>& mounts);

}  // namespace tare::container
