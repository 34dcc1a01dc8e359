#pragma once

// Copying between a container and a client (`docker cp`, export): a subtree as a tar, and a tar into
// a directory. Paths are the container's, resolved inside its root (security R1).

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "image/layer/byte_stream.h"
#include "image/layer/worker.h"
#include "posix/tree.h"

namespace tare::layer {

/// What HEAD /containers/{id}/archive tells: the entry at the path, its last component not followed.
struct PathStatus {
    std::string name;  ///< the last component, "/" for the root
    posix::FileStatus status;
    /// Of a link: where it leads inside the root, as an absolute path.
    std::string link_target;
};
/// not_found if there is none; a trailing "/" or "/." asks for a directory (and follows a link).
Result<PathStatus> status_in_root(int root, std::string_view path);

struct PackOptions {
    /// The first component of every name in the archive instead of the entry's own; empty keeps it.
    std::string rebase_name;
};
/// Writes the entry at `path` and, of a directory, all below it. The names start with the last
/// component of the path (for "dir/." and "/": with "./"…). A last component that is a link is
/// packed as the link.
Result<PathStatus> pack_path(int root, std::string_view path, ByteSink& tar, const PackOptions& options = {});

/// The whole tree with names relative to it (`docker export`).
Result<> pack_tree(int root, ByteSink& tar);

enum class OverwriteType { allowed, refused };
struct ExtractOptions {
    /// refused: a directory never takes the place of something else, nor the reverse
    /// (noOverwriteDirNonDir).
    OverwriteType overwrite_type = OverwriteType::allowed;
    /// Owner of everything instead of the archive's (copyUIDGID=0 gives the container's user).
    std::optional<std::uint32_t> uid;
    std::optional<std::uint32_t> gid;
    /// Who decompresses the archive (decoder.h). None: this process does, for a client.
    const WorkerProgram* worker = nullptr;
    std::stop_token cancel = {};
};
/// Unpacks an archive (any codec of decompress.h) into the directory at `path`. Entries are merged
/// into what is there. not_found if the directory is missing, invalid_argument if it is none.
Result<> extract_into(int root, std::string_view path, ByteSource& archive,
                      const ExtractOptions& options = {});

}  // namespace tare::layer
