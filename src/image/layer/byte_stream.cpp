#include "image/layer/byte_stream.h"

#include <algorithm>
#include <cstring>

#include "posix/fd.h"

namespace tare::layer {

Result<std::size_t> StringSource::read(std::span<char> buffer) {
    std::size_t count = std::min(buffer.size(), left_.size());
    std::memcpy(buffer.data(), left_.data(), count);
    left_.remove_prefix(count);
    return count;
}

Result<> StringSink::write(std::string_view bytes) {
    if (bytes.size() > max_bytes_ - text_.size())
        return fail(ErrorKind::resource_exhausted, "keep a stream in memory: more than ", max_bytes_,
                    " bytes");
    text_.append(bytes);
    return {};
}

Result<std::size_t> FdSource::read(std::span<char> buffer) {
    return posix::read_some(fd_, buffer.data(), buffer.size());
}

Result<> FdSink::write(std::string_view bytes) {
    return posix::write_all(fd_, bytes);
}

Result<std::size_t> LimitedSource::read(std::span<char> buffer) {
    if (left_ == 0) return std::size_t{0};
    std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), left_));
    std::size_t count = TRY(source_.read(buffer.first(wanted)));
    if (count == 0) return tare::fail(ErrorKind::data_loss, "read a stream: it ends ", left_, " bytes early");
    left_ -= count;
    return count;
}

Result<std::uint64_t> copy(ByteSource& from, ByteSink& to) {
    auto buffer = std::make_unique_for_overwrite<char[]>(std::size_t{256} << 10);
    std::uint64_t total = 0;
    while (true) {
        std::size_t count = TRY(from.read({buffer.get(), std::size_t{256} << 10}));
        if (count == 0) return total;
        TRY(to.write({buffer.get(), count}));
        total += count;
    }
}

BoundedPipe::BoundedPipe(std::size_t capacity_bytes)
    : capacity_bytes_(std::max<std::size_t>(capacity_bytes, 1)) {}
BoundedPipe::~BoundedPipe() = default;

Result<> BoundedPipe::write(std::string_view bytes) {
    std::unique_lock lock(mutex_);
    while (!bytes.empty()) {
        room_.wait(lock, [&] { return filled_bytes_ < capacity_bytes_ || consumer_error_; });
        if (consumer_error_) return *consumer_error_;
        if (!ring_) ring_ = std::make_unique_for_overwrite<char[]>(capacity_bytes_);
        std::size_t end = (begin_ + filled_bytes_) % capacity_bytes_;
        std::size_t room =
            end >= begin_ && filled_bytes_ < capacity_bytes_ ? capacity_bytes_ - end : begin_ - end;
        std::size_t count = std::min(room, bytes.size());
        std::memcpy(ring_.get() + end, bytes.data(), count);
        filled_bytes_ += count;
        bytes.remove_prefix(count);
        bytes_.notify_one();
    }
    if (consumer_error_) return *consumer_error_;
    return {};
}

void BoundedPipe::finish() {
    std::lock_guard lock(mutex_);
    finished_ = true;
    bytes_.notify_one();
}

void BoundedPipe::fail(Error error) {
    std::lock_guard lock(mutex_);
    if (!producer_error_) producer_error_ = std::move(error);
    bytes_.notify_one();
}

void BoundedPipe::cancel(Error error) {
    std::lock_guard lock(mutex_);
    if (!consumer_error_) consumer_error_ = std::move(error);
    ring_.reset();
    filled_bytes_ = 0;
    room_.notify_one();
    bytes_.notify_one();
}

Result<std::size_t> BoundedPipe::take(std::span<char> buffer) {
    std::unique_lock lock(mutex_);
    bytes_.wait(lock, [&] { return filled_bytes_ > 0 || finished_ || producer_error_ || consumer_error_; });
    if (producer_error_) return *producer_error_;
    if (consumer_error_) return *consumer_error_;
    std::size_t count = std::min({buffer.size(), filled_bytes_, capacity_bytes_ - begin_});
    if (count > 0) std::memcpy(buffer.data(), ring_.get() + begin_, count);
    begin_ = (begin_ + count) % capacity_bytes_;
    filled_bytes_ -= count;
    room_.notify_one();
    return count;
}

}  // namespace tare::layer
