#pragma once

// A tar stream whose names are checked and renamed on the way (security entry CL2: an archive from a
// daemon may hold only the tree that was asked for).

#include <memory>
#include <string>

#include "image/layer/byte_stream.h"

namespace tare::cli::docker {

/// Reads an archive whose entries all stand below `base` and gives it on with `new_base` in its
/// place. `base` "." or "/" stands for the archive's root; `new_base` "" keeps the names. An entry
/// outside, or a hard link to one, is invalid_argument.
class RebasedArchive : public layer::ByteSource {
  public:
    /// Borrows the source.
    RebasedArchive(layer::ByteSource& source, std::string base, std::string new_base);
    ~RebasedArchive() override;
    Result<std::size_t> read(std::span<char> buffer) override;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace tare::cli::docker
