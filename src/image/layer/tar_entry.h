#pragma once

// What a tar archive holds, in one vocabulary for reader, writer, apply and diff.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "posix/tree.h"
#include "posix/xattr.h"

namespace tare::layer {

enum class TarType { regular, hard_link, symlink, character_device, block_device, directory, fifo };

/// One member's header, extensions applied. Names are as the archive has them: nothing is cleaned
/// or trusted (apply.h does that).
struct TarEntry {
    TarType type = TarType::regular;
    std::string path;
    std::string link_target;  ///< of a hard link or symlink
    std::uint32_t permissions = 0644;
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::uint64_t size_bytes = 0;  ///< of a regular file, holes included
    posix::Timestamp modified;
    std::uint32_t device_major = 0;
    std::uint32_t device_minor = 0;
    std::vector<posix::Xattr> xattrs;
    /// The stretches of a sparse file that have data, ascending; absent for a file that is all data.
    std::optional<std::vector<posix::DataRange>> data_map;
};

/// Limits of an archive from outside (BUDGETS.md, "parsers").
struct TarLimits {
    std::uint64_t file_bytes = std::uint64_t{512} << 30;
    std::uint64_t entries = std::uint64_t{4} << 20;
    std::size_t path_bytes = 4096;
    std::size_t component_bytes = 255;
    std::size_t depth = 256;
    std::size_t link_bytes = 4096;
    std::size_t pax_record_bytes = std::size_t{1} << 20;
    std::size_t pax_bytes = std::size_t{4} << 20;  ///< all extensions of one entry
    std::size_t global_headers = 16;
    std::size_t xattrs = 128;
    std::size_t xattr_bytes = std::size_t{64} << 10;
    std::size_t sparse_regions = 100'000;
    std::uint64_t trailing_zero_bytes = std::uint64_t{1} << 20;
};

}  // namespace tare::layer
