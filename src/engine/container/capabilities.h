#pragma once

// Which capabilities a container gets (security rule R7).

#include "engine/container/config.h"
#include "oci/runtime_spec.h"

namespace tare::container {

/// "chown", "CAP_CHOWN" -> "CAP_CHOWN"; "all" -> "ALL". invalid_argument 'unknown capability: "CAP_X"'.
Result<Strings> normalize_capabilities(const Strings& names);

/// Docker's default fourteen, changed by what is added and dropped (normalized names); all that is
/// `available` (HostFacts) for a privileged container. In the order of their numbers.
/// failed_precondition for an added one that is not available.
Result<Strings> capabilities_for(const Strings& added, const Strings& dropped, bool privileged,
                                 std::uint64_t available);

/// The sets of a process: a user other than root has the bounding set alone, as execve(2) would leave it.
oci::CapabilitySets capability_sets(const Strings& bounding, std::uint32_t uid);

}  // namespace tare::container
