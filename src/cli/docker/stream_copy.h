#pragma once

// Docker's framing of output (stdcopy): 1 byte stream, 3 bytes zero, 4 bytes length (big endian),
// then that many bytes. Stream 1 is standard output, 2 standard error, 3 an error of the daemon.

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tare::cli::docker {

/// Splits a framed stream. Pieces of a frame are handed on as they come.
class StreamSplitter {
  public:
    enum class Stream { input = 0, output = 1, error = 2 };
    using Writer = std::function<Result<>(Stream, std::string_view)>;

    explicit StreamSplitter(Writer writer) : writer_(std::move(writer)) {}

    /// The next bytes; data_loss for a frame of an unknown stream, the daemon's own error for
    /// stream 3.
    Result<> feed(std::string_view bytes);

  private:
    Result<> begin_frame();

    Writer writer_;
    std::string header_;
    std::string system_error_;
    unsigned stream_ = 0;
    std::uint64_t left_bytes_ = 0;
};

/// A writer onto this process's standard output and error.
StreamSplitter::Writer to_standard_streams();

}  // namespace tare::cli::docker
