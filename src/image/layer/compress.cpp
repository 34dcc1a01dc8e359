#include "image/layer/compress.h"

#include <vector>

#include <isa-l/igzip_lib.h>
#include <zstd.h>

namespace tare::layer {

namespace {
constexpr std::size_t kOutputBytes = std::size_t{128} << 10;
}

struct Compressor::Stage {
    enum class Last { no, yes };

    explicit Stage(ByteSink& sink) : out(sink), buffer(kOutputBytes) {}
    virtual ~Stage() = default;
    virtual Result<> run(std::string_view bytes, Last last) = 0;

    ByteSink& out;
    std::vector<char> buffer;
};

namespace {

struct PlainStage : Compressor::Stage {
    using Stage::Stage;
    Result<> run(std::string_view bytes, Last) override {
        return bytes.empty() ? Result<>() : out.write(bytes);
    }
};

struct GzipStage : Compressor::Stage {
    explicit GzipStage(ByteSink& sink)
        : Stage(sink),
          stream(std::make_unique_for_overwrite<isal_zstream>()),
          level_buffer(ISAL_DEF_LVL1_DEFAULT) {
        isal_deflate_init(stream.get());
        stream->gzip_flag = IGZIP_GZIP;
        stream->level = 1;
        stream->level_buf = level_buffer.data();
        stream->level_buf_size = static_cast<std::uint32_t>(level_buffer.size());
    }

    Result<> run(std::string_view bytes, Last last) override {
        constexpr std::size_t kStep = std::size_t{1} << 30;  // avail_in has 32 bits
        while (bytes.size() > kStep) {
            TRY(deflate(bytes.substr(0, kStep), Last::no));
            bytes.remove_prefix(kStep);
        }
        return deflate(bytes, last);
    }

    Result<> deflate(std::string_view bytes, Last last) {
        stream->next_in = const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(bytes.data()));
        stream->avail_in = static_cast<std::uint32_t>(bytes.size());
        stream->end_of_stream = last == Last::yes ? 1 : 0;
        do {
            stream->next_out = reinterpret_cast<std::uint8_t*>(buffer.data());
            stream->avail_out = static_cast<std::uint32_t>(buffer.size());
            int code = isal_deflate(stream.get());
            if (code != COMP_OK) return fail(ErrorKind::internal, "compress gzip: ISA-L error ", code);
            std::size_t count = buffer.size() - stream->avail_out;
            if (count > 0) TRY(out.write({buffer.data(), count}));
        } while (stream->avail_out == 0 || (last == Last::yes && stream->internal_state.state != ZSTATE_END));
        return {};
    }

    std::unique_ptr<isal_zstream> stream;
    std::vector<std::uint8_t> level_buffer;
};

struct ZstdStage : Compressor::Stage {
    struct Free {
        void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
    };
    explicit ZstdStage(ByteSink& sink) : Stage(sink), context(ZSTD_createCCtx()) {
        ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, 3);
        ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
    }

    Result<> run(std::string_view bytes, Last last) override {
        ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
        auto mode = last == Last::yes ? ZSTD_e_end : ZSTD_e_continue;
        while (true) {
            ZSTD_outBuffer produced{buffer.data(), buffer.size(), 0};
            std::size_t left = ZSTD_compressStream2(context.get(), &produced, &in, mode);
            if (ZSTD_isError(left))
                return fail(ErrorKind::internal, "compress zstd: ", ZSTD_getErrorName(left));
            if (produced.pos > 0) TRY(out.write({buffer.data(), produced.pos}));
            if (last == Last::yes ? left == 0 : in.pos == in.size) return {};
        }
    }

    std::unique_ptr<ZSTD_CCtx, Free> context;
};

}  // namespace

Compressor::Compressor(ByteSink& out, Codec codec) {
    switch (codec) {
        case Codec::gzip:
            stage_ = std::make_unique<GzipStage>(out);
            break;
        case Codec::zstd:
            stage_ = std::make_unique<ZstdStage>(out);
            break;
        case Codec::none:
            stage_ = std::make_unique<PlainStage>(out);
            break;
    }
}
Compressor::~Compressor() = default;

Result<> Compressor::write(std::string_view bytes) {
    return bytes.empty() ? Result<>() : stage_->run(bytes, Stage::Last::no);
}

Result<> Compressor::finish() {
    return stage_->run({}, Stage::Last::yes);
}

}  // namespace tare::layer
