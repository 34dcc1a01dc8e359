#pragma once

// Driver options of local volumes: `--opt type=tmpfs --opt device=tmpfs --opt o=size=100m`.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/volume/volumes.h"

namespace tare::volume {

/// What a volume with options stands for.
struct LocalMount {
    enum class Kind {
        directory,    ///< no options: a directory of ours
        bind,         ///< a directory of the host
        file_system,  ///< to be mounted on _data: tmpfs, or a block device
    };
    Kind kind = Kind::directory;
    std::string type;
    std::string device;
    bool is_read_only = false;
    std::uint64_t attributes = 0;  ///< posix::mount_attribute bits
    std::string data;              ///< options of the file system itself ("size=100m")
};

/// invalid_argument for an unknown option or one that lacks its partner; unimplemented for network file
/// systems.
Result<LocalMount> parse_local_options(const DriverOptions& options);

}  // namespace tare::volume
