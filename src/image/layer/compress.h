#pragma once

// Streaming compression, for images that are saved, committed or built.

#include <memory>

#include "image/layer/byte_stream.h"
#include "image/layer/decompress.h"

namespace tare::layer {

/// A sink that writes the compressed bytes to `out`, which it borrows: gzip (ISA-L level 1, no name
/// and no time, so equal input gives equal output), zstd (level 3), or none.
class Compressor : public ByteSink {
  public:
    Compressor(ByteSink& out, Codec codec);
    ~Compressor() override;

    Result<> write(std::string_view bytes) override;
    /// Ends the stream; must be called once, after the last write.
    Result<> finish();

    struct Stage;

  private:
    std::unique_ptr<Stage> stage_;
};

}  // namespace tare::layer
