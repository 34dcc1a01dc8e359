#pragma once

// How one content refers to another: media type, digest, size. Source: OCI image-spec, descriptor.md.

#include <string>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "base/json.h"
#include "oci/platform.h"

namespace tare::oci {

namespace media_type {
inline constexpr std::string_view oci_manifest = "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view oci_index = "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view oci_config = "application/vnd.oci.image.config.v1+json";
inline constexpr std::string_view oci_layer = "application/vnd.oci.image.layer.v1.tar";
inline constexpr std::string_view oci_layer_gzip = "application/vnd.oci.image.layer.v1.tar+gzip";
inline constexpr std::string_view oci_layer_zstd = "application/vnd.oci.image.layer.v1.tar+zstd";
inline constexpr std::string_view docker_manifest = "application/vnd.docker.distribution.manifest.v2+json";
inline constexpr std::string_view docker_list = "application/vnd.docker.distribution.manifest.list.v2+json";
inline constexpr std::string_view docker_config = "application/vnd.docker.container.image.v1+json";
inline constexpr std::string_view docker_layer_gzip = "application/vnd.docker.image.rootfs.diff.tar.gzip";
inline constexpr std::string_view docker_foreign_gzip =
    "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
}  // namespace media_type

bool is_manifest(std::string_view type);
bool is_index(std::string_view type);
/// A tar of changes in any compression, of either family.
bool is_layer(std::string_view type);

struct Descriptor {
    std::string media_type;
    Digest digest;
    std::uint64_t size_bytes = 0;
    std::vector<std::string> urls;  ///< other places to fetch it from; never with credentials
    std::vector<std::pair<std::string, std::string>> annotations;
    std::optional<Platform> platform;
    std::string artifact_type;
};

Result<Descriptor> parse_descriptor(const JsonView& view);
Json to_json(const Descriptor& descriptor);

}  // namespace tare::oci
