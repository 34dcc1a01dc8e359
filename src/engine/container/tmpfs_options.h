#pragma once

// Options of a tmpfs that a user asked for.

#include "engine/container/host_config.h"

namespace tare::container {

/// noexec, nosuid and nodev, then the user's, each overriding its opposite or older value. invalid_argument
/// "invalid tmpfs option ["x"]" for one that tmpfs does not have.
Result<Strings> merge_tmpfs_options(const Strings& options);
/// The options of a `--mount type=tmpfs`.
Strings tmpfs_options_of(const MountRequest& mount);

}  // namespace tare::container
