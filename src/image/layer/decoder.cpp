#include "image/layer/decoder.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "image/layer/decompress.h"
#include "image/layer/worker_process.h"

namespace tare::layer {

namespace {
constexpr std::size_t kCodecBytes = 6;
constexpr std::size_t kPipeBytes = std::size_t{1} << 20;
}  // namespace

Result<> ConfinedDecoder::Whole::look(std::size_t count) {
    std::array<char, kCodecBytes> buffer;
    while (begin_.size() < count) {
        auto got = TRY(rest_.read({buffer.data(), count - begin_.size()}));
        if (got == 0) break;
        begin_.append(buffer.data(), got);
    }
    return {};
}

Result<std::size_t> ConfinedDecoder::Whole::read(std::span<char> buffer) {
    if (passed_bytes_ == begin_.size()) return rest_.read(buffer);
    auto count = std::min(buffer.size(), begin_.size() - passed_bytes_);
    std::memcpy(buffer.data(), begin_.data() + passed_bytes_, count);
    passed_bytes_ += count;
    return count;
}

ConfinedDecoder::ConfinedDecoder(const WorkerProgram& program, ByteSource& source, std::stop_token cancel)
    : program_(program), source_(source), cancel_(std::move(cancel)) {}
ConfinedDecoder::~ConfinedDecoder() = default;

Result<> ConfinedDecoder::start() {
    TRY(source_.look(kCodecBytes));
    is_plain_ = TRY(detect_codec(source_.begin()))
    == Codec::none;
    if (is_plain_) {
        is_started_ = true;
        return {};
    }
    auto pipe = TRY(posix::make_pipe());
    TRY(posix::set_nonblocking(pipe.read_end.get(), true));
    posix::set_pipe_capacity(pipe.write_end.get(), kPipeBytes);
    worker_ = TRY(WorkerProcess::start(program_, worker_task::decode, source_,
                                       {{pipe.write_end.get(), worker_fd::output}}, cancel_));
    output_ = std::move(pipe.read_end);
    is_started_ = true;
    return {};
}

Result<std::size_t> ConfinedDecoder::read(std::span<char> buffer) {
    if (!is_started_) TRY(start());
    if (is_plain_) return source_.read(buffer);
    if (!worker_) return std::size_t{0};
    // While nobody read, it may have waited with its output.
    worker_->note_progress();
    while (true) {
        TRY(worker_->wait(output_.get()));
        auto count = posix::read_some(output_.get(), buffer.data(), buffer.size());
        if (!count && count.error().error_number() != EAGAIN) return count;
        if (count && *count > 0) return count;
        if (count || !TRY(worker_->read_report())) break;
    }
    TRY(finish());
    return std::size_t{0};
}

/// The end of the output is the end of the stream only if the worker says so.
Result<> ConfinedDecoder::finish() {
    do {
        TRY(worker_->wait());
    } while (TRY(worker_->read_report()));
    TRY(worker_->finish());
    worker_.reset();
    return {};
}

}  // namespace tare::layer
