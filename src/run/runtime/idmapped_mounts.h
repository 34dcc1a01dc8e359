#pragma once

// Bind mounts that show the owners of their files as other ids.
// Source: runtime-spec, config.md, "idmap", "ridmap" and "uidMappings"; mount_setattr(2), MOUNT_ATTR_IDMAP.

#include <vector>

#include "oci/runtime_spec.h"
#include "posix/fd.h"

namespace tare::runtime {

/// The id-mapped entries of spec.mounts, detached, by their index there; an empty Fd for every other entry.
/// Made in the host's namespaces, since only who may mount the file system may map its ids. invalid_argument
/// for a mount that is no bind, or has no mapping and no user namespace to take one from.
Result<std::vector<posix::Fd>> make_idmapped_mounts(const oci::RuntimeSpec& spec);

}  // namespace tare::runtime
