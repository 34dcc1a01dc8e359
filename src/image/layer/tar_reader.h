#pragma once

// A streaming, strict tar reader: v7, ustar, GNU (long names, old sparse, base-256) and PAX
// (POSIX.1-2001; GNU.sparse 0.0, 0.1 and 1.0; SCHILY.xattr), as pax(1) and the GNU tar manual,
// "Tar Internals", describe them. Whatever two parsers could read differently is an error here and
// nothing is resynchronized: a broken checksum, a second PAX header, a size on a link, data after
// the end (security IM11).

#include <memory>
#include <string>
#include <string_view>

#include "image/layer/byte_stream.h"
#include "image/layer/tar_entry.h"

namespace tare::layer {

/// Reads members one after another:
///
///     TarEntry entry;
///     while (TRY(reader.next(entry)))
///         for (auto piece = TRY(reader.data()); !piece.bytes.empty(); piece = TRY(reader.data())) …
///
/// Errors: invalid_argument for a malformed archive, data_loss for a truncated one,
/// resource_exhausted beyond a limit; each names the member where it is known.
class TarReader {
  public:
    /// Called with every byte that is taken from the source, in order (for hashing).
    using Observer = void (*)(void* context, std::string_view bytes);

    /// Borrows the source.
    explicit TarReader(ByteSource& source, const TarLimits& limits = {});
    ~TarReader();
    void observe(Observer observer, void* context);

    /// The next member; what was not read of the last one's data is skipped. False at the end, when
    /// the source has been read to its own end too.
    Result<bool> next(TarEntry& entry);

    /// The next piece of the current member's data and where in the file it belongs; empty at the
    /// end. The bytes are valid until the next call.
    struct Piece {
        std::uint64_t offset = 0;
        std::string_view bytes;
    };
    Result<Piece> data();

    /// What was taken from the source so far.
    std::uint64_t consumed_bytes() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace tare::layer
