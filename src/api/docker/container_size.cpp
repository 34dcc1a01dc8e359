#include "api/docker/container_size.h"

#include "image/snapshot/snapshotter.h"

namespace tare::docker {

Result<ContainerSize> size_of(const Parts& parts, const container::Container& container) {
    ContainerSize size;
    size.writable_bytes = TRY(parts.snapshotter.usage(container.snapshot_key))
    .size_bytes;
    size.total_bytes = size.writable_bytes;
    std::string parent = TRY(parts.snapshotter.stat(container.snapshot_key))
    .parent;
    while (!parent.empty()) {
        size.total_bytes += TRY(parts.snapshotter.usage(parent))
        .size_bytes;
        parent = TRY(parts.snapshotter.stat(parent))
        .parent;
    }
    return size;
}

}  // namespace tare::docker
