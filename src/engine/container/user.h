#pragma once

// Users and groups of a container, looked up in the files of its own root (security rules R6, R8): no NSS,
// no following of links out of the root, nothing but regular files of a bounded size.

#include "engine/container/config.h"
#include "oci/runtime_spec.h"

namespace tare::container {

/// What of passwd and group is read at most; longer files are resource_exhausted.
inline constexpr std::size_t kAccountFileBytes = std::size_t{4} << 20;

/// Resolves "", "name", "uid", "name:group", "uid:gid" as Docker does: without a group the user's own of
/// passwd and the supplementary ones of group; `group_add` (names or ids) on top. Whole numbers are ids and
/// never names. A uid without an entry is itself with group 0. The result's groups hold the primary one.
///
/// invalid_argument: "unable to find user x: no matching entries in passwd file", "unable to find group
/// …", ids outside 0 to 2147483647, account files that are no regular files.
Result<oci::User> resolve_user(int root, std::string_view user, const Strings& group_add);

}  // namespace tare::container
