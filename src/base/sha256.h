#pragma once

// Hash while writing; content is never read back to be hashed.

#include <memory>
#include <span>
#include <string_view>

#include "base/digest.h"

namespace tare {

/// A running SHA-256 or SHA-512 (OpenSSL, SHA-NI where the processor has it). Movable; not shared
/// between threads.
class Hasher {
  public:
    enum class Algorithm { sha256, sha512 };
    explicit Hasher(Algorithm algorithm = Algorithm::sha256);
    /// The hasher that checks content against `expected`.
    static Hasher for_digest(const Digest& expected);
    Hasher(Hasher&&) noexcept;
    Hasher& operator=(Hasher&&) noexcept;
    ~Hasher();

    void update(std::string_view bytes);
    /// The digest of all so far; the hasher may go on.
    Digest digest() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
    Algorithm algorithm_;
};

/// sha256 of these bytes.
Digest sha256(std::string_view bytes);

}  // namespace tare
