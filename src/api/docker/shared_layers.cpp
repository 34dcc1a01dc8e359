#include "api/docker/shared_layers.h"

#include "image/snapshot/snapshotter.h"

namespace tare::docker {

SharedLayers::SharedLayers(const std::vector<transfer::ResolvedImage>& images,
                           snapshot::Snapshotter& snapshotter) {
    for (const transfer::ResolvedImage& image : images)
        for (const Digest& chain : oci::chain_ids(image.config.diff_ids))
            ++layers_[chain.text()].images;
    for (auto& [chain, layer] : layers_) {
        if (layer.images < 2) continue;
        // A layer that is not unpacked takes no space.
        if (auto usage = snapshotter.usage(chain)) layer.size_bytes = usage->size_bytes;
    }
}

std::int64_t SharedLayers::bytes_of(const transfer::ResolvedImage& image) const {
    std::uint64_t bytes = 0;
    for (const Digest& chain : oci::chain_ids(image.config.diff_ids))
        if (auto layer = layers_.find(chain.text()); layer != layers_.end() && layer->second.images > 1)
            bytes += layer->second.size_bytes;
    return static_cast<std::int64_t>(bytes);
}

}  // namespace tare::docker
