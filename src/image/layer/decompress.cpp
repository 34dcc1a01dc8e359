#include "image/layer/decompress.h"

#include <cstring>

#include <isa-l/igzip_lib.h>
#include <zstd.h>

namespace tare::layer {

namespace {

constexpr std::size_t kInputBytes = std::size_t{128} << 10;

/// The compressed side: a buffer that can be looked into before it is consumed.
class Input {
  public:
    explicit Input(ByteSource& source)
        : source_(source), buffer_(std::make_unique_for_overwrite<char[]>(kInputBytes)) {}

    std::string_view available() const { return {buffer_.get() + begin_, end_ - begin_}; }
    void consume(std::size_t count) {
        begin_ += count;
        consumed_bytes_ += count;
    }
    std::uint64_t consumed_bytes() const { return consumed_bytes_; }

    /// Reads until `count` bytes are there or the source ends.
    Result<> want(std::size_t count) {
        while (available().size() < count && !ended_) {
            if (begin_ > 0) {
                std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
                end_ -= begin_;
                begin_ = 0;
            }
            std::size_t got = TRY(source_.read({buffer_.get() + end_, kInputBytes - end_}));
            if (got == 0) ended_ = true;
            end_ += got;
        }
        return {};
    }

  private:
    ByteSource& source_;
    std::unique_ptr<char[]> buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::uint64_t consumed_bytes_ = 0;
    bool ended_ = false;
};

Error corrupt(std::string_view codec, std::string_view why) {
    return fail(ErrorKind::invalid_argument, "decompress ", codec, ": ", why);
}
Error truncated(std::string_view codec) {
    return fail(ErrorKind::data_loss, "decompress ", codec, ": the stream is cut short");
}

}  // namespace

/// Each codec fills as much of the buffer as it likes, 0 only at the end of the whole stream.
struct Decompressor::Stage {
    Stage(Input taken, const DecompressLimits& given) : input(std::move(taken)), limits(given) {}
    virtual ~Stage() = default;
    virtual Result<std::size_t> read(std::span<char> buffer) = 0;

    Result<> count_member(std::string_view codec) {
        if (++members > limits.members)
            return fail(ErrorKind::resource_exhausted, "decompress ", codec, ": more than ", limits.members,
                        " members");
        return {};
    }

    Input input;
    DecompressLimits limits;
    std::uint64_t members = 0;
};

namespace {

struct PlainStage : Decompressor::Stage {
    using Stage::Stage;
    Result<std::size_t> read(std::span<char> buffer) override {
        TRY(input.want(1));
        std::size_t count = std::min(buffer.size(), input.available().size());
        std::memcpy(buffer.data(), input.available().data(), count);
        input.consume(count);
        return count;
    }
};

std::string_view isal_reason(int code) {
    switch (code) {
        case ISAL_INVALID_BLOCK:
            return "invalid block";
        case ISAL_INVALID_SYMBOL:
            return "invalid symbol";
        case ISAL_INVALID_LOOKBACK:
            return "invalid distance";
        case ISAL_INVALID_WRAPPER:
            return "invalid member header";
        case ISAL_UNSUPPORTED_METHOD:
            return "unknown compression method";
        case ISAL_INCORRECT_CHECKSUM:
            return "wrong checksum";
        default:
            return "corrupt data";
    }
}

struct GzipStage : Decompressor::Stage {
    GzipStage(Input taken, const DecompressLimits& given)
        : Stage(std::move(taken), given), state(std::make_unique_for_overwrite<inflate_state>()) {
        begin_member();
    }

    void begin_member() {
        isal_inflate_init(state.get());
        state->crc_flag = ISAL_GZIP;
    }

    Result<std::size_t> read(std::span<char> buffer) override {
        while (true) {
            if (finished) {
                TRY(input.want(1));
                if (input.available().empty()) return std::size_t{0};
                begin_member();
                finished = false;
            }
            if (input.available().empty()) TRY(input.want(1));
            bool at_end = input.available().empty();
            std::size_t count = TRY(inflate(buffer));
            if (count > 0) return count;
            if (at_end && !finished) return truncated("gzip");
        }
    }

    Result<std::size_t> inflate(std::span<char> buffer) {
        auto available = input.available();
        // ISA-L takes a non-const pointer and does not write through it.
        state->next_in = const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(available.data()));
        state->avail_in = static_cast<std::uint32_t>(available.size());
        state->next_out = reinterpret_cast<std::uint8_t*>(buffer.data());
        state->avail_out = static_cast<std::uint32_t>(std::min<std::size_t>(buffer.size(), 1U << 30));
        std::uint32_t room = state->avail_out;
        int code = isal_inflate(state.get());
        if (code < 0) return corrupt("gzip", isal_reason(code));
        input.consume(available.size() - state->avail_in);
        if (state->block_state == ISAL_BLOCK_FINISH) {
            TRY(count_member("gzip"));
            finished = true;
        }
        return std::size_t{room - state->avail_out};
    }

    std::unique_ptr<inflate_state> state;
    bool finished = false;
};

struct ZstdStage : Decompressor::Stage {
    struct Free {
        void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
    };

    ZstdStage(Input taken, const DecompressLimits& given)
        : Stage(std::move(taken), given), stream(ZSTD_createDStream()) {
        ZSTD_DCtx_setParameter(stream.get(), ZSTD_d_windowLogMax, limits.zstd_window_log);
    }

    Result<std::size_t> read(std::span<char> buffer) override {
        while (true) {
            if (input.available().empty()) TRY(input.want(1));
            bool at_end = input.available().empty();
            if (at_end && between_frames) return std::size_t{0};
            ZSTD_inBuffer in{input.available().data(), input.available().size(), 0};
            ZSTD_outBuffer out{buffer.data(), buffer.size(), 0};
            std::size_t code = ZSTD_decompressStream(stream.get(), &out, &in);
            if (ZSTD_isError(code)) return corrupt("zstd", ZSTD_getErrorName(code));
            input.consume(in.pos);
            between_frames = code == 0;
            if (between_frames) TRY(count_member("zstd"));
            if (out.pos > 0) return out.pos;
            if (at_end && !between_frames) return truncated("zstd");
        }
    }

    std::unique_ptr<ZSTD_DStream, Free> stream;
    bool between_frames = true;
};

}  // namespace

std::string_view to_string(Codec codec) {
    switch (codec) {
        case Codec::gzip:
            return "gzip";
        case Codec::zstd:
            return "zstd";
        case Codec::none:
            break;
    }
    return "none";
}

Result<Codec> detect_codec(std::string_view first_bytes) {
    using namespace std::string_view_literals;
    auto unsupported = [](std::string_view name) {
        Error error = fail(ErrorKind::failed_precondition, "decompress: ", name, " is not supported");
        error.set_hint("compress it with gzip or zstd, or not at all");
        return error;
    };
    if (first_bytes.starts_with("\x1f\x8b"sv)) return Codec::gzip;
    if (first_bytes.starts_with("\x28\xb5\x2f\xfd"sv)) return Codec::zstd;
    // A skippable frame (0x184D2A50 to 5F, little endian) in front, as zstd:chunked may have.
    if (first_bytes.size() >= 4 && (static_cast<unsigned char>(first_bytes[0]) & 0xf0) == 0x50 &&
        first_bytes.substr(1).starts_with("\x2a\x4d\x18"sv))
        return Codec::zstd;
    if (first_bytes.starts_with("BZh"sv)) return unsupported("bzip2");
    if (first_bytes.starts_with("\xfd"
                                "7zXZ"sv))
        return unsupported("xz");
    return Codec::none;
}

Decompressor::Decompressor(ByteSource& compressed, const DecompressLimits& limits)
    : compressed_(compressed), limits_(limits) {}
Decompressor::~Decompressor() = default;

Codec Decompressor::codec() const {
    return codec_;
}

Result<> Decompressor::start() {
    Input input(compressed_);
    TRY(input.want(6));
    codec_ = TRY(detect_codec(input.available()));
    switch (codec_) {
        case Codec::gzip:
            stage_ = std::make_unique<GzipStage>(std::move(input), limits_);
            break;
        case Codec::zstd:
            stage_ = std::make_unique<ZstdStage>(std::move(input), limits_);
            break;
        case Codec::none:
            stage_ = std::make_unique<PlainStage>(std::move(input), limits_);
            break;
    }
    return {};
}

Result<std::size_t> Decompressor::read(std::span<char> buffer) {
    if (!stage_) TRY(start());
    std::size_t count = TRY(stage_->read(buffer));
    output_bytes_ += count;
    if (output_bytes_ > limits_.output_bytes)
        return fail(ErrorKind::resource_exhausted, "decompress ", to_string(codec_), ": more than ",
                    limits_.output_bytes, " bytes");
    if (codec_ != Codec::none && output_bytes_ > limits_.ratio_from_bytes &&
        output_bytes_ / limits_.ratio > stage_->input.consumed_bytes())
        return fail(ErrorKind::resource_exhausted, "decompress ", to_string(codec_), ": grows more than ",
                    limits_.ratio, " times");
    return count;
}

}  // namespace tare::layer
