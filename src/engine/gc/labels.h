#pragma once

// containerd's labels that mean something to the collector:
//
//     containerd.io/gc.root                       (any value) never collected
//     containerd.io/gc.expire                     RFC 3339: of leases and images, the end of being a root
//     containerd.io/gc.flat                       of leases: its resources are held, not what they refer to
//     containerd.io/gc.ref.content[.x or /x]      digest: refers to this content
//     containerd.io/gc.ref.snapshot.NAME[/x]      key: refers to this snapshot of the snapshotter NAME
//     containerd.io/gc.ref.image[.x or /x]        name: refers to this image
//     containerd.io/gc.bref.content…, .snapshot.NAME…, .image…, .container…
//                                                 the reverse: kept for as long as that one is
// Source: containerd, docs/garbage-collection.md.

#include <optional>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "engine/gc/mark.h"
#include "store/labels.h"

namespace tare::gc {

struct LabelMeaning {
    bool is_root = false;
    bool is_flat = false;
    std::optional<Time> expires;  ///< a value that is no time never expires
    std::vector<Node> to;         ///< what the labelled resource refers to
    std::vector<Node> from;       ///< what refers to it
};

/// What the labels of a resource of that namespace say. Labels of others are passed over.
LabelMeaning read_labels(std::string_view name_space, const store::Labels& labels);

}  // namespace tare::gc
