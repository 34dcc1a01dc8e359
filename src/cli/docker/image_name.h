#pragma once

// Image names as people type them.

#include <string>
#include <string_view>

#include "base/result.h"

namespace tare::cli::docker {

/// The parts of a name as it was typed.
struct ImageName {
    std::string repository;  ///< "localhost:5000/app", without tag and digest
    std::string tag;         ///< "" without one
    std::string digest;      ///< "sha256:…", "" without one

    /// As typed, with ":latest" where neither tag nor digest was given.
    std::string with_default_tag() const;
};

/// Splits and checks a name; invalid_argument in Docker's wording ("invalid reference format").
Result<ImageName> parse_image_name(std::string_view text);

/// "docker.io/library/busybox" is "busybox".
std::string familiar_repository(std::string_view repository);
/// The registry of a name: "docker.io" for familiar ones.
std::string registry_of(std::string_view repository);

}  // namespace tare::cli::docker
