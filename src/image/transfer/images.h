#pragma once

// Images as the engine sees them: pulled, loaded, looked up, unpacked.
//
//     transfer::Images images({database, content, snapshotter, registry});
//     auto pulled = TRY(images.pull({.ns = "default", .reference = TRY(Reference::parse("redis:alpine"))}));
//     auto image  = TRY(images.resolve("default", "redis:alpine"));   // or an id, or a prefix of one
//     Digest parent = TRY(images.unpack("default", image));           // the snapshot to start from
//
// A pull is one list of steps (pull.cpp): resolve, fetch manifest and configuration, fetch and unpack the
// layers at once while they arrive, name the image. Nothing is visible under a name before its digest
// and diff id were checked; what a pull has fetched is kept by a lease until its image row exists.

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "image/layer/worker.h"
#include "image/registry/credentials.h"
#include "image/transfer/image_store.h"
#include "image/transfer/progress.h"
#include "oci/image_config.h"
#include "oci/manifest.h"
#include "oci/reference.h"

namespace tare::content {
class Store;
}
namespace tare::layer {
class ByteSource;
}
namespace tare::registry {
class Registry;
}
namespace tare::snapshot {
class Snapshotter;
}

namespace tare::transfer {

/// An image that the program itself carries, so that a first container needs no network. Its repository is
/// pulled from here and never from a registry; its host ("tare.internal") is none that can exist.
struct EmbeddedImage {
    std::string_view repository;  ///< "tare.internal/busybox"
    std::string_view archive;     ///< of `docker save`; empty: there is no such image
};

/// What this room builds on; all outlive it.
struct Parts {
    store::Database& database;
    content::Store& content;
    snapshot::Snapshotter& snapshotter;
    registry::Registry& registry;
    layer::WorkerProgram worker;  ///< what unpacks layers and decodes archives
    EmbeddedImage embedded = {};
};

struct Limits {
    int concurrent_downloads = 3;  ///< layers of one pull (Docker's max-concurrent-downloads)
    int concurrent_unpacks = 2;
};

struct PullRequest {
    std::string ns = "default";
    oci::Reference reference;
    oci::Platform platform = oci::host_platform();
    /// Whether an image of another platform than asked for is taken if the name has no index.
    bool is_platform_explicit = false;
    registry::Credentials credentials;
    ProgressSink* progress = nullptr;
    bool tells_status = true;  ///< the last line, "Status: …"
    std::stop_token cancel;    ///< the pull ends with `cancelled`; what was fetched is resumed next time
};

struct PulledImage {
    std::string name;
    oci::Descriptor target;  ///< what the name stands for: the digest that Docker prints
    Digest config;           ///< the image's id
    bool was_up_to_date = false;
};

/// An image with everything that a container or `docker inspect` wants to know of it.
struct ResolvedImage {
    std::string name;                ///< the reference it was found by; empty if found by id
    std::vector<std::string> names;  ///< every reference of the namespace that stands for it
    /// "docker.io/library/redis@sha256:…" for each repository it came from (Docker's RepoDigests).
    std::vector<std::string> repository_digests;
    oci::Descriptor target;  ///< index or manifest
    oci::Descriptor manifest_descriptor;
    oci::Manifest manifest;
    oci::ImageConfig config;
    Digest chain_id;  ///< the committed snapshot to start from; empty for an image without layers
    std::uint64_t size_bytes = 0;  ///< of the unpacked layers, 0 until they are unpacked
    Time created;                  ///< when the row was made
    Time updated;

    /// The image id: the digest of the configuration.
    const Digest& id() const { return manifest.config.digest; }
};

struct LoadRequest {
    std::string ns = "default";
    oci::Platform platform = oci::host_platform();
    ProgressSink* progress = nullptr;
    std::stop_token cancel;
};

struct LoadedImage {
    std::string name;  ///< familiar ("busybox:latest"); empty if the archive gives it none
    Digest config;
};

/// A row of `docker history`, the newest step first.
struct HistoryRow {
    oci::HistoryEntry entry;
    std::uint64_t size_bytes = 0;  ///< of the step's layer, unpacked
};

/// An image that lost its last name to another keeps a row under this name and its digest, until it is
/// pruned: Docker's "<none>:<none>".
inline constexpr std::string_view kDanglingPrefix = "moby-dangling@";
inline bool is_dangling_name(std::string_view name) {
    return name.starts_with(kDanglingPrefix);
}

/// Thread-safe. Two pulls of one blob at the same time share its download.
class Images {
  public:
    explicit Images(const Parts& parts, const Limits& limits = {});
    ~Images();

    /// Fetches an image and unpacks it. Errors in Docker's words: not_found "manifest for X not found:
    /// manifest unknown: manifest unknown", permission_denied "pull access denied for X, …",
    /// unavailable for a registry that cannot be reached, data_loss for bytes that are not what their
    /// digest says.
    Result<PulledImage> pull(const PullRequest& request);
    /// The same for every tag of the reference's repository (its own tag is not looked at), one after
    /// another; the first failure ends it, and what was pulled stays.
    Result<std::vector<PulledImage>> pull_all_tags(const PullRequest& request);

    /// Finds an image by name ("redis", "redis:alpine", "redis@sha256:…"), id ("sha256:…", 64 hex
    /// digits) or a prefix of an id. not_found "No such image: X"; invalid_argument for a prefix of
    /// several.
    Result<ResolvedImage> resolve(std::string_view ns, std::string_view name_or_id);
    /// Every image once, whatever number of names it has.
    Result<std::vector<ResolvedImage>> list(std::string_view ns);

    /// The committed snapshot of the image's layers, made now if it is not there (content without
    /// snapshot: another snapshotter, or removed). Its name is the chain id.
    Result<Digest> unpack(std::string_view ns, const ResolvedImage& image,
                          const std::stop_token& cancel = {});

    /// Whether unpack() would have nothing to do.
    bool is_unpacked(const ResolvedImage& image);

    /// Takes in an archive of `docker save` or an OCI layout, plain or compressed.
    Result<std::vector<LoadedImage>> load_archive(layer::ByteSource& archive, const LoadRequest& request);

    /// The steps of its making with the sizes of their layers.
    Result<std::vector<HistoryRow>> history(std::string_view ns, const ResolvedImage& image);

    /// A second name for an image; a name that exists moves.
    Result<> tag(std::string_view ns, const ResolvedImage& image, const oci::Reference& name);
    /// Forgets a name. What is no longer named goes with the next garbage collection.
    Result<> untag(std::string_view ns, std::string_view name);

    ImageStore& names() { return names_; }

    struct State;

  private:
    Result<PulledImage> pull_embedded(const PullRequest& request);

    ImageStore names_;
    std::unique_ptr<State> state_;
};

}  // namespace tare::transfer
