#pragma once

// The configuration of an image: what its containers run as, what its layers unpack to and how it was
// made. OCI (image-spec, config.md) and Docker's schema 2 write the same document; Docker adds fields
// (Healthcheck, OnBuild, Shell) that are read in both.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "base/json.h"
#include "oci/platform.h"

namespace tare::oci {

inline constexpr std::size_t kImageConfigLimitBytes = std::size_t{8} << 20;

/// How a container of the image tells that it is well. Times of 0 and retries of 0 mean the default.
struct HealthCheck {
    /// Empty: as the image says; {"NONE"}: none; {"CMD", program, …}; {"CMD-SHELL", line}.
    std::vector<std::string> test;
    std::int64_t interval_ns = 0;
    std::int64_t timeout_ns = 0;
    std::int64_t start_period_ns = 0;
    std::int64_t start_interval_ns = 0;
    int retries = 0;

    bool operator==(const HealthCheck&) const = default;
};

/// The defaults of a container, "config" in the document.
struct ImageDefaults {
    std::string user;  ///< "", "1000", "www-data:adm"; not looked up here
    std::string working_dir;
    std::vector<std::string> env;  ///< "NAME=value"
    std::vector<std::string> entrypoint;
    std::vector<std::string> cmd;
    std::vector<std::string> exposed_ports;  ///< "80/tcp", in the document's order
    std::vector<std::string> volumes;        ///< paths in the container
    std::vector<std::pair<std::string, std::string>> labels;
    std::string stop_signal;  ///< "SIGTERM", "15" or empty; not checked here
    std::optional<int> stop_timeout_s;
    std::optional<HealthCheck> health_check;
    std::vector<std::string> shell;     ///< of the Dockerfile's shell forms
    std::vector<std::string> on_build;  ///< instructions for a build upon this image

    bool operator==(const ImageDefaults&) const = default;
};

/// One step of the image's making; the layers of the image are the steps that are not empty.
struct HistoryEntry {
    std::string created;  ///< RFC 3339 or empty
    std::string created_by;
    std::string author;
    std::string comment;
    bool empty_layer = false;

    bool operator==(const HistoryEntry&) const = default;
};

struct ImageConfig {
    std::string created;  ///< RFC 3339 or empty
    std::string author;
    Platform platform;  ///< as the image was built for, normalized
    ImageDefaults config;
    std::vector<Digest> diff_ids;  ///< of the uncompressed layers, the lowest first
    std::vector<HistoryEntry> history;

    bool operator==(const ImageConfig&) const = default;
};

/// Reads a configuration. invalid_argument names the field; resource_exhausted beyond the limits of
/// size (kImageConfigLimitBytes) and number. Fields that are not listed above are passed over.
Result<ImageConfig> parse_image_config(std::string_view text);

/// The document of OCI, empty fields left out. Not the bytes that were read: digests are of those.
Json to_json(const ImageConfig& config);
Json to_json(const ImageDefaults& defaults);
Json to_json(const HealthCheck& check);
Result<ImageDefaults> parse_image_defaults(const JsonView& view);
Result<HealthCheck> parse_health_check(const JsonView& view);

/// The name of a stack of layers: the diff id of one, sha256(chain of those below + " " + diff id)
/// of more (config.md, "Layer ChainID"). Empty for no layer.
Digest chain_id(std::span<const Digest> diff_ids);
/// The chain ids of the first one, two, … of the layers.
std::vector<Digest> chain_ids(std::span<const Digest> diff_ids);

}  // namespace tare::oci
