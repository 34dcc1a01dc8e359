#pragma once

// Mark: which resources can be reached. A pure function, so that its tests need no store.

#include <compare>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

namespace tare::gc {

enum class Kind { content, snapshot, ingest, image, container };

/// A resource. Snapshots have no namespace (all share them); their id is "SNAPSHOTTER/KEY".
struct Node {
    Kind kind = Kind::content;
    std::string name_space;
    std::string id;  ///< digest, "SNAPSHOTTER/KEY", ref, name, container id

    auto operator<=>(const Node&) const = default;
};

/// Tells the sink each node that this one refers to.
using References = std::function<void(const Node&, const std::function<void(Node)>& sink)>;

/// Everything that can be reached from the roots, the roots included, whether it exists or not. Circles
/// are allowed. Takes no more of the stack for long chains.
std::set<Node> mark(std::vector<Node> roots, const References& references);

}  // namespace tare::gc
