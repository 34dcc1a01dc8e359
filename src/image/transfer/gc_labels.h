#pragma once

// The labels by which the collector knows what an image holds on to, as containerd's client sets them.

#include <string>
#include <string_view>

#include "oci/manifest.h"
#include "store/labels.h"

namespace tare::transfer {

/// Of an index: its manifests, present or not.
store::Labels labels_of(const oci::Index& index);
/// Of a manifest: its configuration and layers.
store::Labels labels_of(const oci::Manifest& manifest);
/// Of a configuration: the snapshot of its layers.
store::Labels snapshot_labels(std::string_view snapshotter, const Digest& chain_id);

/// Where a blob came from, so that it can be mounted there again: "containerd.io/distribution.source.HOST"
/// with the repositories, comma between. `known` is what the blob's label says already.
std::string source_label(std::string_view host);
std::string add_source(std::string_view known, std::string_view repository);

inline constexpr std::string_view kUncompressedLabel = "containerd.io/uncompressed";

}  // namespace tare::transfer
