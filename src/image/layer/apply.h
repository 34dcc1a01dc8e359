#pragma once

// Applying a layer: a tar of changes onto a directory tree (OCI image-spec, layer.md).

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/digest.h"
#include "image/layer/byte_stream.h"
#include "image/layer/tar_entry.h"

namespace tare::layer {

/// What a whiteout in the tar becomes. `overlay`: the root is the upper directory of an overlay, so
/// it becomes a character device 0:0, and an opaque mark the attribute trusted.overlay.opaque=y.
/// `literal`: the root is a full copy of the layers below, so the files are deleted.
enum class WhiteoutFormat { overlay, literal };

/// Whether opaque marks of overlay are set, or told in AppliedLayer for mark_opaque(): setting one takes
/// CAP_SYS_ADMIN, which whoever decodes had better not have.
enum class OpaqueMarks { set, returned };

struct ApplyOptions {
    WhiteoutFormat whiteouts = WhiteoutFormat::overlay;
    OpaqueMarks opaque_marks = OpaqueMarks::set;
    /// Roots of the layers below, the nearest first (overlay). A directory that the layer only
    /// implies ("a/b" without "a") gets owner, permissions and attributes of the one it covers.
    std::span<const int> lower_roots;
    TarLimits limits;
};

struct AppliedLayer {
    Digest diff_id;                ///< sha256 of the whole uncompressed tar
    std::uint64_t size_bytes = 0;  ///< of that tar
    /// Directories that were implied and found in no lower root. For a layer unpacked before those
    /// below it were there: adopt_directories() finishes them.
    std::vector<std::string> implied_directories;
    std::vector<std::string> opaque_directories;  ///< OpaqueMarks::returned only
};

/// Unpacks `tar` (uncompressed) below `root`, an open private directory with no other writer (IM9).
///
/// Everything is done by (directory descriptor, one component) without following links; a parent
/// that is a link is resolved inside the root, as a container would. Names are cleaned first: "./a",
/// "/a" and "b/../a" are all "a", and one that would leave the root is invalid_argument. Hard links
/// only to what is below the root. Attributes kept: security.capability, user.* (not
/// user.overlay.*) and POSIX ACLs. A later entry of the same name replaces the earlier; a whiteout
/// never touches an entry of its own layer.
///
/// Fails as TarReader does, or with the error of the file system; what was unpacked by then stays,
/// for the caller to throw away.
Result<AppliedLayer> apply_layer(ByteSource& tar, int root, const ApplyOptions& options = {});

/// Gives each of `directories` (paths below `root`) owner, permissions, times and attributes of the
/// same directory in the first of `lower_roots` that has it.
Result<> adopt_directories(int root, std::span<const std::string> directories,
                           std::span<const int> lower_roots);

/// Gives each of `directories` (paths below `root`, links followed inside it) overlay's opaque mark.
Result<> mark_opaque(int root, std::span<const std::string> directories);

/// "b/../a/" as "a", "/" as "": the lexical name below a root. invalid_argument if it would leave the
/// root, is too long or too deep, or holds a NUL.
Result<std::string> clean_entry_name(std::string_view name, const TarLimits& limits = {});

}  // namespace tare::layer
