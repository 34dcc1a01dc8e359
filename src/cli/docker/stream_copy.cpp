#include "cli/docker/stream_copy.h"

#include <algorithm>

#include "posix/fd.h"

namespace tare::cli::docker {

namespace {
constexpr std::size_t kHeaderBytes = 8;
constexpr unsigned kSystemError = 3;
constexpr std::size_t kMaxErrorBytes = 64 << 10;
}  // namespace

Result<> StreamSplitter::begin_frame() {
    auto byte = [&](std::size_t i) {
        return static_cast<std::uint32_t>(static_cast<unsigned char>(header_[i]));
    };
    stream_ = byte(0);
    left_bytes_ = byte(4) << 24 | byte(5) << 16 | byte(6) << 8 | byte(7);
    header_.clear();
    if (stream_ > kSystemError) return fail(ErrorKind::data_loss, "Unrecognized input header: ", stream_);
    return {};
}

Result<> StreamSplitter::feed(std::string_view bytes) {
    while (!bytes.empty()) {
        if (left_bytes_ == 0) {
            std::size_t take = std::min(kHeaderBytes - header_.size(), bytes.size());
            header_ += bytes.substr(0, take);
            bytes.remove_prefix(take);
            if (header_.size() == kHeaderBytes) TRY(begin_frame());
            continue;
        }
        std::string_view piece = bytes.substr(0, std::min<std::uint64_t>(left_bytes_, bytes.size()));
        left_bytes_ -= piece.size();
        bytes.remove_prefix(piece.size());
        if (stream_ != kSystemError) {
            TRY(writer_(static_cast<Stream>(stream_), piece));
            continue;
        }
        system_error_ += piece.substr(0, kMaxErrorBytes - std::min(kMaxErrorBytes, system_error_.size()));
        if (left_bytes_ == 0) return fail(ErrorKind::unknown, "error from daemon in stream: ", system_error_);
    }
    return {};
}

StreamSplitter::Writer to_standard_streams() {
    return [](StreamSplitter::Stream stream, std::string_view bytes) {
        return posix::write_all(stream == StreamSplitter::Stream::error ? 2 : 1, bytes);
    };
}

}  // namespace tare::cli::docker
