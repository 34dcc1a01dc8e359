#pragma once

// What the API shows of an image.

#include <string>
#include <vector>

#include "api/docker/version.h"
#include "base/json.h"
#include "image/transfer/images.h"

namespace tare::docker {

/// "redis:alpine" for each name with a tag.
std::vector<std::string> repo_tags(const transfer::ResolvedImage& image);
/// "redis@sha256:…", once a repository.
std::vector<std::string> repo_digests(const transfer::ResolvedImage& image);

/// An element of GET /images/json; `containers` is their number, `shared_bytes` the size of what other images
/// have too, -1 where they were not counted.
Json image_summary(const transfer::ResolvedImage& image, std::int64_t containers, ApiVersion version,
                   std::int64_t shared_bytes = -1);

/// GET /images/{name}/json.
Json image_document(const transfer::ResolvedImage& image, const std::string& snapshotter, ApiVersion version);

/// GET /images/{name}/history: the newest step first. Sizes are `layer_bytes` of the layers, the lowest
/// first.
Json history_document(const transfer::ResolvedImage& image, const std::vector<std::uint64_t>& layer_bytes);

/// When the image was made, by its configuration; the zero of Unix time if that does not say.
Time created_of(const transfer::ResolvedImage& image);

}  // namespace tare::docker
