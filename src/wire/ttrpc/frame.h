#pragma once

// Frames of ttrpc as values. Source: containerd/ttrpc, PROTOCOL.md.
//
//     length u32 BE | stream u32 BE | type u8 | flags u8 | payload (length bytes)

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "posix/fd.h"

namespace tare::ttrpc {

inline constexpr std::size_t kHeaderBytes = 10;
/// The longest payload; checked before any of it is read.
inline constexpr std::size_t kMaxPayloadBytes = std::size_t{4} << 20;

enum class FrameType : std::uint8_t { request = 1, response = 2, data = 3 };

namespace frame_flag {
inline constexpr std::uint8_t remote_closed = 1;  ///< the sender will send nothing more on the stream
inline constexpr std::uint8_t remote_open = 2;    ///< the sender will: a stream, not a unary call
inline constexpr std::uint8_t no_data = 4;
}  // namespace frame_flag

struct FrameHeader {
    std::uint32_t length = 0;
    std::uint32_t stream = 0;
    FrameType type = FrameType::request;
    std::uint8_t flags = 0;

    bool operator==(const FrameHeader&) const = default;
};

std::string encode_header(const FrameHeader& header);
/// Of exactly kHeaderBytes. resource_exhausted if the payload is too long; invalid_argument for a type or
/// flag that does not exist.
Result<FrameHeader> decode_header(std::string_view bytes);

/// A frame, with the descriptors that came with it.
struct Frame {
    FrameHeader header;
    std::string payload;
    std::vector<posix::Fd> descriptors;
};

/// Cuts what a socket delivers into frames.
class FrameReader {
  public:
    /// Takes what one recvmsg(2) gave. The kernel ends a delivery with the message that carried
    /// descriptors, so they belong to the frame that the last byte belongs to. A failure is final: the
    /// stream cannot be cut any further.
    Result<> feed(std::string_view bytes, std::vector<posix::Fd> descriptors);
    /// The next whole frame.
    std::optional<Frame> next();

  private:
    std::deque<Frame> frames_;
    std::string partial_header_;
    std::optional<Frame> partial_;
};

}  // namespace tare::ttrpc
