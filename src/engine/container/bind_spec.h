#pragma once

// "SOURCE:TARGET[:OPTIONS]", an element of HostConfig.Binds.

#include "engine/container/container.h"

namespace tare::container {

/// A bind (absolute source) or a named volume as a mount point. invalid_argument in Docker's words.
Result<MountPoint> parse_bind(std::string_view text, const std::string& volume_driver);

/// An absolute path other than "/", cleaned; invalid_argument otherwise. `what` is the mount as written.
Result<std::string> mount_target(std::string_view target, std::string_view what);
/// A name that a volume may have.
bool is_volume_name(std::string_view name);
/// private, rprivate, slave, rslave, shared or rshared.
bool is_propagation(std::string_view mode);

}  // namespace tare::container
