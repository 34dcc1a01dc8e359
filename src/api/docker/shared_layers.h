#pragma once

// What images have in common, as `system df` tells it.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "image/transfer/images.h"

namespace tare::snapshot {
class Snapshotter;
}

namespace tare::docker {

/// The unpacked layers of some images, by chain id.
class SharedLayers {
  public:
    SharedLayers(const std::vector<transfer::ResolvedImage>& images, snapshot::Snapshotter& snapshotter);

    /// Of the layers that the image has in common with another one of them.
    std::int64_t bytes_of(const transfer::ResolvedImage& image) const;

  private:
    struct Layer {
        std::uint64_t size_bytes = 0;
        int images = 0;
    };
    std::map<std::string, Layer> layers_;
};

}  // namespace tare::docker
