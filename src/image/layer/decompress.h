#pragma once

// Streaming decompression of layers and archives: gzip by ISA-L, zstd, or none. The codec is told
// by the first bytes, not by a media type: a layer is what it is.

#include <cstdint>
#include <memory>
#include <string_view>

#include "image/layer/byte_stream.h"

namespace tare::layer {

enum class Codec { none, gzip, zstd };
std::string_view to_string(Codec codec);

/// Limits of what a compressed stream may become (BUDGETS.md, "parsers").
struct DecompressLimits {
    std::uint64_t output_bytes = std::uint64_t{512} << 30;
    /// Output per input byte, looked at from `ratio_from_bytes` of output on.
    std::uint64_t ratio = 250;
    std::uint64_t ratio_from_bytes = std::uint64_t{1} << 30;
    std::uint64_t members = 1'000'000;  ///< gzip members or zstd frames; eStargz has one a chunk
    int zstd_window_log = 27;           ///< 128 MiB
};

/// The codec that a stream starting with these (at least 4, if it has so many) bytes is in. bzip2
/// and xz are failed_precondition: recognized, not supported.
Result<Codec> detect_codec(std::string_view first_bytes);

/// A source of the decompressed bytes of `compressed`, which it borrows. Concatenated gzip members
/// and zstd frames are one stream. Reading fails with invalid_argument on corrupt data, data_loss on
/// a truncated stream and resource_exhausted beyond a limit.
class Decompressor : public ByteSource {
  public:
    explicit Decompressor(ByteSource& compressed, const DecompressLimits& limits = {});
    ~Decompressor() override;

    Result<std::size_t> read(std::span<char> buffer) override;
    /// The codec, known after the first read.
    Codec codec() const;

    struct Stage;  ///< one codec at work

  private:
    Result<> start();

    ByteSource& compressed_;
    DecompressLimits limits_;
    Codec codec_ = Codec::none;
    std::unique_ptr<Stage> stage_;
    std::uint64_t output_bytes_ = 0;
};

}  // namespace tare::layer
