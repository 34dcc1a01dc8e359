#pragma once

// Manifests and indexes, of OCI and of Docker (schema 2), read strictly: a document that two programs
// could read differently is refused (security rule R16, CVE-2021-41190).

#include "oci/descriptor.h"

namespace tare::oci {

inline constexpr std::size_t kManifestLimitBytes = std::size_t{4} << 20;

struct Manifest {
    std::string media_type;
    Descriptor config;
    std::vector<Descriptor> layers;  ///< the lowest first
    std::vector<std::pair<std::string, std::string>> annotations;
    std::optional<Descriptor> subject;
    std::string artifact_type;
};

struct Index {
    std::string media_type;
    std::vector<Descriptor> manifests;
    std::vector<std::pair<std::string, std::string>> annotations;
};

/// Reads a manifest that was served (or stored) as `media_type`; empty takes the document's own word.
Result<Manifest> parse_manifest(std::string_view text, std::string_view media_type);
Result<Index> parse_index(std::string_view text, std::string_view media_type);

/// The media type of a document, from what was served and what it says of itself, which must agree.
Result<std::string> media_type_of(std::string_view text, std::string_view served);

/// The best entry for a platform: not_found lists what there is.
Result<Descriptor> choose(const Index& index, const Platform& platform);

Json to_json(const Manifest& manifest);
Json to_json(const Index& index);

}  // namespace tare::oci
