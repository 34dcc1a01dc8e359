#pragma once

// A tar writer: ustar headers, with a PAX header in front where ustar cannot say it (long or
// non-ASCII names, big numbers, parts of seconds, extended attributes).

#include <cstdint>
#include <string_view>

#include "image/layer/byte_stream.h"
#include "image/layer/tar_entry.h"

namespace tare::layer {

/// Whether times keep their nanoseconds (PAX) or are cut to seconds. Docker's layers are cut.
enum class TimePrecision { seconds, nanoseconds };

/// Writes members to a sink, which it borrows. The same entries give the same bytes.
class TarWriter {
  public:
    explicit TarWriter(ByteSink& sink, TimePrecision precision = TimePrecision::seconds)
        : sink_(sink), precision_(precision) {}

    /// Writes the header of a member. A regular file's `size_bytes` of data must follow by write();
    /// `data_map` is ignored: holes are written as zeros.
    Result<> add(const TarEntry& entry);
    Result<> write(std::string_view bytes);
    /// Zeros in place of this many bytes of data.
    Result<> write_zeros(std::uint64_t count);
    /// A whole small regular file or directory of the archive itself.
    Result<> add_file(std::string_view path, std::string_view content, posix::Timestamp modified = {});
    /// The two empty blocks; failed_precondition if data of the last member is missing.
    Result<> finish();

  private:
    Result<> end_member();

    ByteSink& sink_;
    TimePrecision precision_;
    std::uint64_t left_bytes_ = 0;     ///< data of the current member that is to come
    std::uint64_t padding_bytes_ = 0;  ///< zeros after it
};

}  // namespace tare::layer
