#pragma once

// Whole trees of files: a copy that is equal to the original, and what a tree takes on disk.

#include <cstdint>

#include "base/result.h"

namespace tare::posix {

/// Copies everything below the directory `from` into the empty directory `to`, and the attributes of
/// `from` itself onto `to`. Kept: types, owners, permissions, modification times, hard links inside the
/// tree, holes, device nodes, extended attributes (but security.selinux/ima/evm and overlay's own, which
/// belong to their place; and what the other file system cannot hold of user.*). Blocks are shared where
/// the file system can. By descriptors, never following a link; other file systems mounted inside are
/// copied as their mount points' plain directories.
///
/// On failure what was copied stays, for the caller to remove. resource_exhausted for a tree deeper than
/// kMaxTreeDepth. `from` may be O_PATH.
Result<> copy_tree(int from, int to);
inline constexpr int kMaxTreeDepth = 512;

/// Allocated bytes and inodes of a tree, its root included; files with several names count once.
struct TreeUsage {
    std::uint64_t size_bytes = 0;
    std::uint64_t inodes = 0;
};
Result<TreeUsage> usage_of_tree(int directory);

}  // namespace tare::posix
