#pragma once

// Mounts of the kernel's overlay file system, with as many layers as it takes (500), attached nowhere.

#include <cstdint>
#include <string>
#include <vector>

#include "posix/mount.h"

namespace tare::posix {

struct OverlayLayers {
    std::vector<std::string> lowers;  ///< absolute paths, the nearest (uppermost) first
    std::string upper;                ///< empty: read-only
    std::string work;
    std::vector<FsParameter> options;  ///< index=off, userxattr, …

    /// Reads the options of a mount of type overlay ("lowerdir=a:b", "upperdir=…", flags). The generic
    /// mount flags (ro, nodev, …) are not among them. invalid_argument without a lowerdir.
    static Result<OverlayLayers> parse(const std::vector<std::string>& options);
};

/// A detached overlay. One page of options (mount(2)) and 255 bytes a value (fsconfig(2)) do not limit
/// it: long lists are given layer by layer on kernels from 6.8 on, and by a child process that mounts
/// with relative names on older ones.
Result<Fd> make_overlay_mount(const OverlayLayers& layers, std::uint64_t attributes);
/// The way for kernels before 6.8; the layers must have a common parent directory, and their names below
/// it must fit in 4 KiB. Works on every kernel, but costs a fork.
Result<Fd> make_overlay_mount_by_child(const OverlayLayers& layers, std::uint64_t attributes);

}  // namespace tare::posix
