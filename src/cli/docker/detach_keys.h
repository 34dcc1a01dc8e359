#pragma once

// The key sequence that leaves a session without ending it.

#include <string>
#include <string_view>

#include "base/result.h"

namespace tare::cli::docker {

/// "ctrl-p,ctrl-q" as the bytes that a terminal sends; invalid_argument for an unknown key.
Result<std::string> parse_detach_keys(std::string_view text);

/// Looks for the sequence in what is typed. Bytes that may begin it are held back until it is clear.
class DetachFilter {
  public:
    /// "" for "never".
    explicit DetachFilter(std::string keys) : keys_(std::move(keys)) {}

    struct Output {
        std::string bytes;      ///< to be passed on
        bool detached = false;  ///< the sequence was completed; bytes behind it are dropped
    };
    Output feed(std::string_view bytes);

  private:
    std::string keys_;
    std::size_t matched_ = 0;
};

}  // namespace tare::cli::docker
