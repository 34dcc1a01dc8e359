#pragma once

// The body of a request, taken out of the bytes of its connection. Pure: it neither reads nor waits.

#include <cstdint>
#include <optional>
#include <string>

#include "wire/http/request_head.h"

namespace tare::http {

/// Unframes a body by its length or its chunks (RFC 9112 section 7.1, strictly: CRLF only, sizes of at
/// most 16 hex digits, extensions and trailers skipped within 8 KiB).
class BodyReader {
  public:
    BodyReader() = default;
    BodyReader(BodyFraming framing, std::uint64_t content_length)
        : framing_(framing), left_bytes_(content_length), is_done_(framing == BodyFraming::none) {}

    bool is_done() const { return is_done_; }
    /// Moves body bytes from the front of `input` to `buffer`, at most `size`. Nothing: it needs more
    /// input; 0: the body has ended, and what is left in `input` is the next request.
    Result<std::optional<std::size_t>> take(std::string& input, char* buffer, std::size_t size);

  private:
    enum class Place { size_line, data, data_end, trailer };

    Result<bool> read_size_line(std::string& input);
    Result<bool> read_trailer(std::string& input);

    BodyFraming framing_ = BodyFraming::none;
    std::uint64_t left_bytes_ = 0;
    bool is_done_ = true;
    Place place_ = Place::size_line;
    std::size_t trailer_bytes_ = 0;
};

}  // namespace tare::http
