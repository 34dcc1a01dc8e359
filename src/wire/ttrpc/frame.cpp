#include "wire/ttrpc/frame.h"

#include <algorithm>

namespace tare::ttrpc {

namespace {

constexpr std::size_t kMostDescriptors = 16;
constexpr std::uint8_t kKnownFlags =
    frame_flag::remote_closed | frame_flag::remote_open | frame_flag::no_data;

void put_u32(std::string& out, std::uint32_t value) {
    for (int shift : {24, 16, 8, 0})
        out.push_back(static_cast<char>(value >> shift));
}

std::uint32_t get_u32(std::string_view bytes) {
    std::uint32_t value = 0;
    for (char each : bytes.substr(0, 4))
        value = value << 8 | static_cast<std::uint8_t>(each);
    return value;
}

}  // namespace

std::string encode_header(const FrameHeader& header) {
    std::string out;
    put_u32(out, header.length);
    put_u32(out, header.stream);
    out.push_back(static_cast<char>(header.type));
    out.push_back(static_cast<char>(header.flags));
    return out;
}

Result<FrameHeader> decode_header(std::string_view bytes) {
    FrameHeader header{.length = get_u32(bytes),
                       .stream = get_u32(bytes.substr(4)),
                       .type = static_cast<FrameType>(bytes[8]),
                       .flags = static_cast<std::uint8_t>(bytes[9])};
    if (header.length > kMaxPayloadBytes)
        return fail(ErrorKind::resource_exhausted, "ttrpc: a frame of ", header.length,
                    " bytes is over the limit of ", kMaxPayloadBytes);
    auto type = static_cast<unsigned>(header.type);
    if (type < 1 || type > 3) return fail(ErrorKind::invalid_argument, "ttrpc: unknown frame type ", type);
    if ((header.flags & ~kKnownFlags) != 0)
        return fail(ErrorKind::invalid_argument, "ttrpc: unknown flags ", unsigned{header.flags});
    return header;
}

Result<> FrameReader::feed(std::string_view bytes, std::vector<posix::Fd> descriptors) {
    while (!bytes.empty()) {
        if (!partial_) {
            std::size_t missing = kHeaderBytes - partial_header_.size();
            partial_header_.append(bytes.substr(0, missing));
            bytes.remove_prefix(std::min(missing, bytes.size()));
            if (partial_header_.size() < kHeaderBytes) break;
            auto header = TRY(decode_header(partial_header_));
            partial_.emplace(Frame{.header = header});
            partial_header_.clear();
        }
        // Grown by what arrives: a declared length alone allocates nothing.
        std::size_t missing = partial_->header.length - partial_->payload.size();
        partial_->payload.append(bytes.substr(0, missing));
        bytes.remove_prefix(std::min(missing, bytes.size()));
        if (partial_->payload.size() < partial_->header.length) break;
        frames_.push_back(std::move(*partial_));
        partial_.reset();
    }
    if (descriptors.empty()) return {};
    // A sender hands a frame to the kernel with its header, so descriptors never precede one.
    Frame* owner = partial_ ? &*partial_ : frames_.empty() ? nullptr : &frames_.back();
    if (!owner || !partial_header_.empty())
        return fail(ErrorKind::invalid_argument, "ttrpc: descriptors without a frame");
    for (auto& each : descriptors)
        owner->descriptors.push_back(std::move(each));
    if (owner->descriptors.size() > kMostDescriptors)
        return fail(ErrorKind::resource_exhausted, "ttrpc: more than ", kMostDescriptors,
                    " descriptors with a frame");
    return {};
}

std::optional<Frame> FrameReader::next() {
    if (frames_.empty()) return std::nullopt;
    Frame frame = std::move(frames_.front());
    frames_.pop_front();
    return frame;
}

}  // namespace tare::ttrpc
