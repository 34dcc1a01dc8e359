#include "image/transfer/gc_labels.h"

#include <algorithm>

namespace tare::transfer {

store::Labels labels_of(const oci::Index& index) {
    store::Labels labels;
    for (std::size_t i = 0; i < index.manifests.size(); ++i)
        labels[cat("containerd.io/gc.ref.content.m.", i)] = index.manifests[i].digest.text();
    return labels;
}

store::Labels labels_of(const oci::Manifest& manifest) {
    store::Labels labels{{"containerd.io/gc.ref.content.config", manifest.config.digest.text()}};
    for (std::size_t i = 0; i < manifest.layers.size(); ++i)
        labels[cat("containerd.io/gc.ref.content.l.", i)] = manifest.layers[i].digest.text();
    return labels;
}

store::Labels snapshot_labels(std::string_view snapshotter, const Digest& chain_id) {
    return {{cat("containerd.io/gc.ref.snapshot.", snapshotter), chain_id.text()}};
}

std::string source_label(std::string_view host) {
    return cat("containerd.io/distribution.source.", host);
}

std::string add_source(std::string_view known, std::string_view repository) {
    if (known.empty()) return std::string(repository);
    auto repositories = split(known, ',');
    if (std::ranges::find(repositories, repository) != repositories.end()) return std::string(known);
    // containerd's limit for key and value together; a lost hint costs nothing but an upload.
    if (known.size() + repository.size() > 3500) return std::string(known);
    return cat(known, ",", repository);
}

}  // namespace tare::transfer
