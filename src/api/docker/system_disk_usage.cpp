#include <algorithm>
#include <map>
#include <set>

#include "api/docker/container_json.h"
#include "api/docker/endpoints.h"
#include "api/docker/image_json.h"
#include "api/docker/shared_layers.h"
#include "api/docker/volume_json.h"
#include "engine/container/containers.h"
#include "engine/volume/volumes.h"
#include "image/snapshot/snapshotter.h"

namespace tare::docker {

namespace {

/// One kind of thing that takes space: its lines, and the sums of the newer document.
struct Usage {
    Json items = Json::array();
    std::size_t total = 0;
    std::size_t active = 0;
    std::uint64_t size_bytes = 0;
    std::uint64_t reclaimable_bytes = 0;

    Json summary(bool is_verbose) const {
        Json document = Json::object().set("ActiveCount", active).set("TotalCount", total);
        document.set("Reclaimable", reclaimable_bytes).set("TotalSize", size_bytes);
        if (is_verbose) document.set("Items", items);
        return document;
    }
};

// Layers are counted once, whatever number of images share them.
Result<Usage> image_usage(Call& call) {
    const Parts& parts = call.parts;
    std::map<std::string, std::int64_t> users;
    for (const auto& container : parts.containers.list(parts.name_space))
        ++users[container->image_id];
    Usage usage;
    std::set<std::string> counted;
    std::uint64_t in_use_bytes = 0;
    auto images = TRY(parts.images.list(parts.name_space));
    const SharedLayers shared(images, parts.snapshotter);
    // Those in use first, so that what they share is not called reclaimable.
    std::ranges::stable_partition(images,
                                  [&](const auto& image) { return users.contains(image.id().text()); });
    for (const auto& image : images) {
        std::int64_t containers = users.contains(image.id().text()) ? users[image.id().text()] : 0;
        usage.items.push(image_summary(image, containers, call.version, shared.bytes_of(image)));
        ++usage.total;
        if (containers > 0) ++usage.active;
        for (const Digest& chain : oci::chain_ids(image.config.diff_ids)) {
            if (!counted.insert(chain.text()).second) continue;
            // A layer that is not unpacked takes no space of its own.
            auto layer = parts.snapshotter.usage(chain.text());
            if (!layer) continue;
            usage.size_bytes += layer->size_bytes;
            if (containers > 0) in_use_bytes += layer->size_bytes;
        }
    }
    usage.reclaimable_bytes = usage.size_bytes - in_use_bytes;
    return usage;
}

Result<Usage> container_usage(Call& call) {
    const Parts& parts = call.parts;
    Usage usage;
    Time present = now();
    for (const auto& container : parts.containers.list(parts.name_space)) {
        ContainerSize size;
        if (auto layer = parts.snapshotter.usage(container->snapshot_key))
            size.writable_bytes = layer->size_bytes;
        size.total_bytes = size.writable_bytes;
        usage.items.push(summary_document(*container, container->config.image, size, call.version, present));
        ++usage.total;
        usage.size_bytes += size.writable_bytes;
        if (container->state.is_running()) {
            ++usage.active;
        } else {
            usage.reclaimable_bytes += size.writable_bytes;
        }
    }
    return usage;
}

Result<Usage> volume_usage(Call& call) {
    Usage usage;
    for (const volume::Volume& volume : TRY(call.parts.volumes.list())) {
        volume::Usage own = TRY(call.parts.volumes.usage(volume.name));
        usage.items.push(volume_document(volume, own));
        ++usage.total;
        usage.size_bytes += own.size_bytes;
        if (own.containers > 0) {
            ++usage.active;
        } else {
            usage.reclaimable_bytes += own.size_bytes;
        }
    }
    return usage;
}

}  // namespace

Result<> system_disk_usage(Call& call) {
    std::vector<std::string> types = call.exchange.request().query_values("type");
    for (const std::string& type : types)
        if (type != "container" && type != "image" && type != "volume" && type != "build-cache")
            return fail(ErrorKind::invalid_argument, "unknown object type: ", type);
    auto wants = [&](std::string_view type) {
        return types.empty() || std::ranges::find(types, type) != types.end();
    };
    bool is_legacy = call.version < ApiVersion{1, 52};
    bool is_verbose = call.query_flag("verbose");
    Json document = Json::object();
    if (wants("image")) {
        Usage usage = TRY(image_usage(call));
        if (is_legacy) document.set("LayersSize", usage.size_bytes).set("Images", std::move(usage.items));
        if (!is_legacy) document.set("ImageUsage", usage.summary(is_verbose));
    }
    if (wants("container")) {
        Usage usage = TRY(container_usage(call));
        document.set(is_legacy ? "Containers" : "ContainerUsage",
                     is_legacy ? std::move(usage.items) : usage.summary(is_verbose));
    }
    if (wants("volume")) {
        Usage usage = TRY(volume_usage(call));
        document.set(is_legacy ? "Volumes" : "VolumeUsage",
                     is_legacy ? std::move(usage.items) : usage.summary(is_verbose));
    }
    if (wants("build-cache")) {
        document.set(is_legacy ? "BuildCache" : "BuildCacheUsage",
                     is_legacy ? Json::array() : Usage().summary(is_verbose));
        if (is_legacy) document.set("BuilderSize", 0);
    }
    return call.respond(200, document);
}

}  // namespace tare::docker
