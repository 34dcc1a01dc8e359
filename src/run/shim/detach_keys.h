#pragma once

#include <string>
#include <string_view>

namespace tare::shim {

/// Recognises the keys that end a session in what a client types. Bytes that may be the beginning of them
/// are held back until they are or are not.
class DetachKeys {
  public:
    /// No keys: nothing is held back.
    explicit DetachKeys(std::string keys) : keys_(std::move(keys)) {}

    struct Outcome {
        std::string input;  ///< for the process
        bool has_detached = false;
    };
    /// After a detach nothing more may be fed.
    Outcome feed(std::string_view bytes);

  private:
    std::string keys_;
    std::size_t matched_ = 0;
};

}  // namespace tare::shim
