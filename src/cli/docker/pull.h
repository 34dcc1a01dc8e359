#pragma once

// Fetching an image, for `pull` and for `run` and `create` where it is missing.

#include <string>

#include "base/result.h"
#include "cli/docker/daemon.h"
#include "cli/docker/image_name.h"

namespace tare::cli::docker {

struct PullOptions {
    std::string platform;  ///< "" for the daemon's own
    bool all_tags = false;
    int progress_descriptor = -1;  ///< where progress is shown; -1: nowhere
};

/// Pulls with the user's credentials for the registry; the registry's failure is the error.
Result<> pull_image(Daemon& daemon, const ImageName& name, const PullOptions& options);

/// The name with registry and tag: "docker.io/library/busybox:latest".
std::string canonical_name(const ImageName& name);

}  // namespace tare::cli::docker
