#pragma once

// uid_map, gid_map and setgroups of a child in a new user namespace. Source: user_namespaces(7).

#include <sys/types.h>

#include "oci/runtime_spec.h"

namespace tare::runtime {

/// Writes the maps of process `pid`. Without privileges the helpers newuidmap and newgidmap are asked,
/// or a single id is mapped and setgroups is denied first (security RT14).
Result<> write_id_maps(pid_t pid, const std::vector<oci::IdMapping>& uids,
                       const std::vector<oci::IdMapping>& gids);

/// "0 100000 65536\n…", as the kernel takes it.
std::string id_map_text(const std::vector<oci::IdMapping>& mappings);

}  // namespace tare::runtime
