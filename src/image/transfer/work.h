#pragma once

// What the steps of one pull, load or unpack share. Private to this folder.

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "image/content/store.h"
#include "image/registry/registry.h"
#include "image/snapshot/snapshotter.h"
#include "image/transfer/images.h"
#include "image/transfer/key_locks.h"
#include "image/transfer/reporter.h"
#include "store/hold.h"

namespace tare::transfer {

/// What is known of one image for one platform, read from content once.
struct ImageFacts {
    oci::Descriptor manifest_descriptor;
    oci::Manifest manifest;
    oci::ImageConfig config;
    std::vector<Digest> chain;     ///< chain ids, the lowest first
    std::uint64_t size_bytes = 0;  ///< of the snapshots that are there
    bool is_unpacked = true;       ///< whether all of them are
};

struct Images::State {
    State(const Parts& given, const Limits& given_limits) : parts(given), limits(given_limits) {}

    const Parts parts;
    const Limits limits;
    KeyLocks blobs;
    KeyLocks chains;

    std::mutex mutex;                                                ///< guards facts
    std::map<std::string, std::shared_ptr<const ImageFacts>> facts;  ///< by "NAMESPACE PLATFORM DIGEST"
};

/// One piece of work. Borrows all of it.
struct Work {
    Images::State& images;
    std::string ns;
    store::Hold& lease;
    Reporter& report;
    std::stop_token cancel;
    /// Where missing content comes from; absent if everything has to be there.
    registry::Repository* repository = nullptr;
    std::string source_host;  ///< for distribution.source; empty without repository
    std::string source_repository;

    content::Store& content() const { return images.parts.content; }
    snapshot::Snapshotter& snapshotter() const { return images.parts.snapshotter; }
    /// distribution.source for a blob, added to what it has.
    store::Labels source_labels(const Digest& digest) const;
};

/// A manifest, index or configuration: from content, else fetched and stored. Always checked against its
/// digest.
Result<std::string> fetch_document(const Work& work, const oci::Descriptor& descriptor);

/// The manifest for a platform below `target` (an index, or the manifest itself), its configuration and
/// chain, fetched where missing, labelled for the collector. A manifest without index is taken whatever
/// its platform, unless `must_match`.
Result<ImageFacts> fetch_facts(const Work& work, const oci::Descriptor& target, const oci::Platform& platform,
                               bool must_match);

/// Makes the snapshots of all layers and labels the configuration with the last.
Result<> unpack_layers(const Work& work, const ImageFacts& facts);

/// Points a name at an image; one that loses its last name by that stays as a dangling one.
Result<> move_name(ImageStore& names, const std::string& ns, const Image& image);

/// Of a row: which platform its image was pulled for.
inline constexpr std::string_view kPlatformLabel = "tare.io/platform";

}  // namespace tare::transfer
