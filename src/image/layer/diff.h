#pragma once

// What changed between trees: the list (`docker diff`) and the layer (commit, build).

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "image/layer/byte_stream.h"

namespace tare::layer {

enum class ChangeKind { modified, added, deleted };

/// One changed path, absolute as seen in the container.
struct Change {
    ChangeKind kind = ChangeKind::modified;
    std::string path;

    bool operator==(const Change&) const = default;
};

/// Where the two states are. An overlay's upper directory says itself what changed; two full trees
/// are compared (`below` has one element then).
enum class DiffSource { overlay_upper, full_tree };

struct DiffRequest {
    DiffSource source = DiffSource::overlay_upper;
    int above = -1;              ///< the upper directory, or the changed tree
    std::span<const int> below;  ///< roots of the layers below, the nearest first, or the old tree
    /// Paths ("/proc/x") for which this is true are left out with all below them; may be empty.
    std::function<bool(const std::string&)> skip;
};

/// The changes in the order of a walk by name. A directory whose content changed is itself
/// `modified`, as its times are.
Result<std::vector<Change>> list_changes(const DiffRequest& request);

/// The changes as a layer tar: whiteouts for what was deleted, whole entries for the rest, parents
/// before children, hard links inside the layer kept, sockets left out. Equal trees give equal bytes.
Result<> write_changes(const DiffRequest& request, ByteSink& tar);

}  // namespace tare::layer
