#pragma once

// What a pull or load tells while it goes on, in the vocabulary of Docker's JSON progress stream.

#include <cstdint>
#include <string>

namespace tare::transfer {

/// One line of progress. `id` is a layer's short digest, a tag, or empty for a line about the whole.
struct Progress {
    std::string id;
    /// "Pulling from library/redis", "Pulling fs layer", "Waiting", "Downloading", "Verifying Checksum",
    /// "Download complete", "Extracting", "Pull complete", "Already exists", "Digest: sha256:…",
    /// "Status: Downloaded newer image for …".
    std::string status;
    std::uint64_t current_bytes = 0;  ///< of Downloading and Extracting
    std::uint64_t total_bytes = 0;    ///< 0 where no count is meant
};

/// Receives progress, from several threads but one call at a time. It must not block for long: the
/// download waits for it. Bytes are told at most ten times a second a layer.
class ProgressSink {
  public:
    virtual ~ProgressSink() = default;
    virtual void progress(const Progress& line) = 0;
};

}  // namespace tare::transfer
