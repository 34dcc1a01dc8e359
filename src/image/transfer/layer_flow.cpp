#include "image/transfer/layer_flow.h"

#include <atomic>
#include <thread>

#include <fcntl.h>

#include "image/layer/byte_stream.h"
#include "image/transfer/gc_labels.h"

namespace tare::transfer {

namespace {

/// How far a download may be ahead of its unpacking.
constexpr std::size_t kPipeBytes = std::size_t{4} << 20;

/// What has arrived before (a resumed ingest), then what is arriving.
class ResumedSource : public layer::ByteSource {
  public:
    ResumedSource(posix::Fd prefix, std::uint64_t prefix_bytes, layer::ByteSource& rest)
        : fd_(std::move(prefix)), file_(fd_.get()), prefix_(file_, prefix_bytes), rest_(rest) {}

    Result<std::size_t> read(std::span<char> buffer) override {
        if (in_prefix_) {
            auto got = TRY(prefix_.read(buffer));
            if (got > 0) return got;
            in_prefix_ = false;
        }
        return rest_.read(buffer);
    }
    void interrupt(const Error& error) override { rest_.interrupt(error); }

  private:
    posix::Fd fd_;
    layer::FdSource file_;
    layer::LimitedSource prefix_;
    layer::ByteSource& rest_;
    bool in_prefix_ = true;
};

/// Tells how much of the layer has been unpacked, once the download no longer has a line to say, and ends
/// the unpacking when the work is cancelled.
class UnpackSource : public layer::ByteSource {
  public:
    UnpackSource(const Work& work, const LayerPlan& plan, layer::ByteSource& inner, bool is_told)
        : work_(work), plan_(plan), inner_(inner), is_told_(is_told) {}

    void tell() { is_told_ = true; }

    Result<std::size_t> read(std::span<char> buffer) override {
        if (work_.cancel.stop_requested()) return fail(ErrorKind::cancelled, "context canceled");
        auto got = TRY(inner_.read(buffer));
        bytes_ += got;
        if (is_told_) work_.report.count(plan_.id, "Extracting", bytes_, plan_.descriptor.size_bytes);
        return got;
    }
    void interrupt(const Error& error) override { inner_.interrupt(error); }

  private:
    const Work& work_;
    const LayerPlan& plan_;
    layer::ByteSource& inner_;
    std::atomic<bool> is_told_;
    std::uint64_t bytes_ = 0;
};

/// The unpacking side of a download, on a thread of its own.
class Unpacking {
  public:
    Unpacking(const Work& work, const LayerPlan& plan, ActiveLayer& active, content::Ingest& ingest)
        : work_(work), plan_(plan), active_(active), ingest_(ingest), pipe_(kPipeBytes) {}
    ~Unpacking() { pipe_.fail(fail(ErrorKind::cancelled, "context canceled")); }

    Result<> start() {
        auto prefix = TRY(ingest_.open_data());
        resumed_.emplace(std::move(prefix), ingest_.offset(), pipe_.source());
        source_.emplace(work_, plan_, *resumed_, false);
        thread_ = std::jthread([this] {
            result_ = active_.unpack(work_, *source_, plan_.diff_id);
            // A download that goes on alone still finds out whether its digest is right.
            if (!result_) pipe_.cancel(result_.error());
        });
        return {};
    }
    /// Passes bytes on; once the unpacking has failed they are only counted.
    void write(std::string_view bytes) {
        if (is_broken_) return;
        auto written = pipe_.write(bytes);
        is_broken_ = !written;
    }
    void fail_with(const Error& error) { pipe_.fail(error); }
    /// The download is whole: what is left is told as extraction.
    void finish() {
        source_->tell();
        pipe_.finish();
    }
    Result<> wait() {
        thread_.join();
        return std::move(result_);
    }

  private:
    const Work& work_;
    const LayerPlan& plan_;
    ActiveLayer& active_;
    content::Ingest& ingest_;
    layer::BoundedPipe pipe_;
    std::optional<ResumedSource> resumed_;
    std::optional<UnpackSource> source_;
    bool is_broken_ = false;
    Result<> result_;
    std::jthread thread_;  ///< the last member: joined before what it uses goes
};

store::Labels layer_labels(const Work& work, const LayerPlan& plan) {
    auto labels = work.source_labels(plan.descriptor.digest);
    labels[std::string(kUncompressedLabel)] = plan.diff_id.text();
    return labels;
}

Result<std::optional<content::Ingest>> begin(const Work& work, const LayerPlan& plan) {
    return work.content().begin(work.ns, cat("layer-", plan.descriptor.digest.text()),
                                {.expected_digest = plan.descriptor.digest,
                                 .expected_size = plan.descriptor.size_bytes,
                                 .labels = layer_labels(work, plan),
                                 .lease = work.lease.id()});
}

/// Moves the missing bytes from the registry into the ingest, and to the unpacking beside it.
Result<> pump(const Work& work, const LayerPlan& plan, content::Ingest& ingest, Unpacking* unpacking) {
    if (!work.repository)
        return fail(ErrorKind::not_found, "layer ", plan.descriptor.digest.text(),
                    " is not in the content store");
    auto reader = TRY(work.repository->open_blob(plan.descriptor, ingest.offset(), work.cancel));
    reader.on_retry([&](std::chrono::milliseconds wait) {
        auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
        work.report.line(plan.id, cat("Retrying in ", seconds, seconds == 1 ? " second" : " seconds"));
    });
    while (true) {
        auto piece = TRY(reader.read());
        if (piece.empty()) return {};
        TRY(ingest.write(piece));
        if (unpacking) unpacking->write(piece);
        work.report.count(plan.id, "Downloading", ingest.offset(), plan.descriptor.size_bytes);
    }
}

/// Checks the digest and makes the ingest a blob.
Result<> commit(const Work& work, const LayerPlan& plan, content::Ingest& ingest) {
    work.report.line(plan.id, "Verifying Checksum");
    auto committed = ingest.commit();
    if (!committed && committed.error().is(ErrorKind::failed_precondition))
        return fail(ErrorKind::data_loss, "filesystem layer verification failed for digest ",
                    plan.descriptor.digest.text());
    TRY(std::move(committed));
    work.report.line(plan.id, "Download complete");
    return {};
}

std::string named(const LayerPlan& plan) {
    return cat("layer ", plan.descriptor.digest.text());
}

/// Bytes that can never be right are not resumed from, and a full disk gets back what they took.
Error given_up(content::Ingest& ingest, Error error) {
    bool is_resumable = !error.is(ErrorKind::data_loss) && !error.is(ErrorKind::out_of_range) &&
                        !error.is(ErrorKind::resource_exhausted);
    if (!is_resumable) {
        auto aborted = ingest.abort();
        static_cast<void>(aborted);  // it is collected when it is old
    }
    return error;
}

}  // namespace

Result<> download(const Work& work, const LayerPlan& plan) {
    auto alone = TRY(work.images.blobs.take(cat(work.ns, " ", plan.descriptor.digest.text()), work.cancel));
    auto ingest = TRY(begin(work, plan));
    if (!ingest) return {};
    auto pumped = pump(work, plan, *ingest, nullptr);
    if (!pumped) return given_up(*ingest, std::move(pumped.error()));
    auto committed = commit(work, plan, *ingest);
    if (!committed) return given_up(*ingest, std::move(committed.error()));
    return {};
}

Result<> unpack_blob(const Work& work, const LayerPlan& plan, ActiveLayer& active) {
    auto blob = TRY(work.content().open_blob(work.ns, plan.descriptor.digest));
    layer::FdSource file(blob.get());
    UnpackSource source(work, plan, file, true);
    TRY_CONTEXT(active.unpack(work, source, plan.diff_id), named(plan));
    return {};
}

Result<> download_and_unpack(const Work& work, const LayerPlan& plan, ActiveLayer& active) {
    auto alone = TRY(work.images.blobs.take(cat(work.ns, " ", plan.descriptor.digest.text()), work.cancel));
    auto ingest = TRY(begin(work, plan));
    if (!ingest) {
        alone.release();
        return unpack_blob(work, plan, active);
    }
    Unpacking unpacking(work, plan, active, *ingest);
    TRY(unpacking.start());
    auto pumped = pump(work, plan, *ingest, &unpacking);
    if (!pumped) {
        unpacking.fail_with(pumped.error());
        return given_up(*ingest, std::move(pumped.error()));
    }
    unpacking.finish();
    // The digest speaks first: bytes that are wrong make any error of the unpacking meaningless.
    auto committed = commit(work, plan, *ingest);
    if (committed) {
        // The blob is there for others; what it becomes here is not their affair (IM14).
        ingest.reset();
        alone.release();
    }
    auto unpacked = unpacking.wait();
    if (!committed) return given_up(*ingest, std::move(committed.error()));
    TRY_CONTEXT(std::move(unpacked), named(plan));
    return {};
}

}  // namespace tare::transfer
