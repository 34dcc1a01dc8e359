#include "image/layer/worker.h"

#include <string_view>

#include "base/fault.h"
#include "base/sha256.h"
#include "image/layer/apply.h"
#include "image/layer/confinement.h"
#include "image/layer/decompress.h"
#include "image/layer/worker_report.h"
#include "posix/credentials.h"

namespace tare::layer {

namespace {

using Clock = std::chrono::steady_clock;

/// Tells the parent now and then that something is coming out of the decoder.
class TickingSource : public ByteSource {
  public:
    explicit TickingSource(ByteSource& inner) : inner_(inner) {}

    Result<std::size_t> read(std::span<char> buffer) override {
        auto count = TRY(inner_.read(buffer));
        constexpr auto between_ticks = std::chrono::milliseconds(100);
        if (auto now = Clock::now(); now - last_ >= between_ticks) {
            last_ = now;
            TRY(posix::write_all(worker_fd::report, {&kWorkerTick, 1}));
        }
        return count;
    }

  private:
    ByteSource& inner_;
    Clock::time_point last_ = Clock::now();
};

Result<AppliedLayer> unpack(WhiteoutFormat whiteouts) {
    posix::Fd root = TRY_CONTEXT(confine(posix::Fd(worker_fd::root)), "confine the unpacking");
    TRY(fault::point("layer.worker.confined"));
    FdSource compressed(worker_fd::input);
    Decompressor tar(compressed);
    TickingSource ticking(tar);
    return apply_layer(ticking, root.get(), {.whiteouts = whiteouts, .opaque_marks = OpaqueMarks::returned});
}

Result<AppliedLayer> decode() {
    TRY_CONTEXT(confine({}), "confine the decoding");
    TRY(fault::point("layer.worker.confined"));
    posix::Fd output(worker_fd::output);
    FdSource compressed(worker_fd::input);
    Decompressor plain(compressed);
    FdSink sink(output.get());
    AppliedLayer decoded;
    decoded.size_bytes = TRY(copy(plain, sink));
    return decoded;
}

Result<AppliedLayer> work(std::string_view task) {
    if (task == worker_task::unpack_overlay) return unpack(WhiteoutFormat::overlay);
    if (task == worker_task::unpack_literal) return unpack(WhiteoutFormat::literal);
    if (task == worker_task::decode) return decode();
    return fail(ErrorKind::internal, "a worker has no task ", quote(task));
}

}  // namespace

WorkerProgram own_worker() {
    return {.path = "/proc/self/exe", .arguments = {"tared", kWorkerVerb}};
}

bool is_worker(int argc, char** argv) {
    return argc > 2 && std::string_view(argv[1]) == kWorkerVerb;
}

void run_worker(const char* task) {
    // The library that hashes reads its configuration when it is first used: now, and not out of the layer.
    static_cast<void>(sha256(""));
    // Who is not there to be told needs no report.
    (void)posix::write_all(worker_fd::report, encode_report(work(task)));
    posix::exit_now(0);
}

}  // namespace tare::layer
