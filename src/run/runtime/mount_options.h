#pragma once

// The options of a mount entry, sorted by what the kernel takes them as.
// Source: runtime-spec, config.md, "Linux mount options"; mount(8).

#include <optional>
#include <string>
#include <vector>

#include "posix/mount.h"

namespace tare::runtime {

struct MountOptions {
    std::uint64_t set = 0;    ///< attributes of the mount
    std::uint64_t clear = 0;  ///< attributes that were asked to be off ("rw", "exec", …)
    std::uint64_t recursive_set = 0;
    std::uint64_t recursive_clear = 0;
    bool is_bind = false;
    posix::Recursive recursive = posix::Recursive::no;  ///< of a bind
    posix::Propagation propagation = posix::Propagation::unchanged;
    posix::Recursive propagation_recursive = posix::Recursive::no;
    /// idmap (the mount alone) or ridmap (all that is mounted in it as well).
    std::optional<posix::Recursive> mapping;
    bool copies_up = false;                      ///< tmpcopyup
    std::vector<posix::FsParameter> parameters;  ///< for the file system itself
};

/// The options that are not handed to the file system, sorted.
std::vector<std::string> known_mount_options();

MountOptions parse_mount_options(const std::vector<std::string>& options);

}  // namespace tare::runtime
