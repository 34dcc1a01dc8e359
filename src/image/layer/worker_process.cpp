#include "image/layer/worker_process.h"

#include <algorithm>
#include <array>
#include <csignal>

#include "base/log.h"
#include "posix/poll.h"
#include "posix/signals.h"
#include "posix/watch.h"

namespace tare::layer {

namespace {

constexpr std::size_t kPipeBytes = std::size_t{1} << 20;
constexpr std::size_t kFeedBytes = std::size_t{256} << 10;
/// A killed process that is still there after this hangs in the kernel.
constexpr auto kDying = std::chrono::seconds(10);

Error cancelled() {
    return fail(ErrorKind::cancelled, "context canceled");
}

}  // namespace

Result<std::unique_ptr<WorkerProcess>> WorkerProcess::start(const WorkerProgram& program, const char* task,
                                                            ByteSource& input,
                                                            std::vector<std::pair<int, int>> descriptors,
                                                            const std::stop_token& cancel) {
    if (program.path.empty())
        return fail(ErrorKind::failed_precondition, "there is no program to unpack with");
    std::unique_ptr<WorkerProcess> worker(
        new WorkerProcess(input, program.patience, TRY(posix::make_event())));
    auto in = TRY(posix::make_pipe());
    auto report = TRY(posix::make_pipe());
    posix::set_pipe_capacity(in.write_end.get(), kPipeBytes);
    descriptors.emplace_back(in.read_end.get(), worker_fd::input);
    descriptors.emplace_back(report.write_end.get(), worker_fd::report);
    auto arguments = program.arguments;
    arguments.emplace_back(task);
    worker->process_ = TRY_CONTEXT(posix::spawn({.program = program.path,
                                                 .args = std::move(arguments),
                                                 .env = {},
                                                 .descriptors = std::move(descriptors),
                                                 .session = posix::SpawnOptions::Session::fresh,
                                                 .fate = posix::SpawnOptions::Fate::dies_with_parent}),
                                   "start the process that unpacks");
    worker->input_reader_ = std::move(in.read_end);
    worker->input_writer_ = std::move(in.write_end);
    worker->report_reader_ = std::move(report.read_end);
    worker->cancel_ = cancel;
    worker->cancelling_.emplace(cancel, [event = worker->event_.get()] {
        (void)posix::signal_event(event);  // it cannot fail: the counter has room
    });
    worker->feeder_ = std::thread([raw = worker.get()] { raw->feed(); });
    return worker;
}

WorkerProcess::~WorkerProcess() {
    end(cancelled());
}

void WorkerProcess::feed() {
    posix::block_broken_pipe_signal();
    auto fed = feed_all();
    if (fed) return;
    std::lock_guard lock(mutex_);
    error_ = std::move(fed.error());
    (void)posix::signal_event(event_.get());  // as above
}

Result<> WorkerProcess::feed_all() {
    auto buffer = std::make_unique_for_overwrite<char[]>(kFeedBytes);
    while (true) {
        auto count = TRY(input_.read({buffer.get(), kFeedBytes}));
        if (count == 0) break;
        std::string_view bytes(buffer.get(), count);
        while (!bytes.empty()) {
            auto written = posix::write_some(input_writer_.get(), bytes);
            // A worker that has ended says why by itself, or finish() does.
            if (!written) return {};
            bytes.remove_prefix(*written);
            fed_bytes_ += *written;
        }
    }
    is_fed_ = true;
    input_writer_.reset();
    return {};
}

std::optional<Error> WorkerProcess::feeding_error() {
    std::lock_guard lock(mutex_);
    return error_;
}

/// What it has not been given it cannot work on: a slow registry is not its fault.
Result<> WorkerProcess::check_progress(std::chrono::milliseconds passed) {
    idle_ += passed;
    const bool is_fed = is_fed_;
    const std::uint64_t fed = fed_bytes_;
    const std::size_t waiting = TRY(posix::bytes_in_pipe(input_reader_.get()));
    const std::uint64_t taken = fed > waiting ? fed - waiting : 0;
    if (taken != last_taken_bytes_ || (waiting == 0 && !is_fed)) note_progress();
    last_taken_bytes_ = taken;
    if (idle_ < patience_) return {};
    return fail(ErrorKind::deadline_exceeded, "the decoder took no input and gave no output for ",
                std::chrono::duration<double>(patience_).count(), " seconds");
}

Result<> WorkerProcess::wait(int other) {
    const auto between_looks = std::min<std::chrono::milliseconds>(patience_ / 4, std::chrono::seconds(1));
    while (true) {
        std::array items = {posix::PollItem{.fd = event_.get()}, posix::PollItem{.fd = report_reader_.get()},
                            posix::PollItem{.fd = other}};
        const bool is_ready = TRY(posix::wait_any(items, Deadline::after(between_looks)));
        if (cancel_.stop_requested()) return cancelled();
        if (auto error = feeding_error()) return *error;
        if (is_ready && (items[1].is_ready || items[2].is_ready)) return {};
        TRY(check_progress(between_looks));
    }
}

Result<bool> WorkerProcess::read_report() {
    std::array<char, 4096> buffer;
    auto count = TRY(posix::read_some(report_reader_.get(), buffer.data(), buffer.size()));
    note_progress();
    TRY(report_.add({buffer.data(), count}));
    return count > 0;
}

Result<AppliedLayer> WorkerProcess::finish() {
    if (!report_.is_empty()) return report_.outcome();
    // The report is at its end, so the process is, or is about to be.
    if (auto ended = process_.wait(Deadline::after(std::chrono::seconds(1)))) {
        return fail(ErrorKind::internal, "the process that unpacks was ended by ",
                    ended->signal != 0 ? posix::signal_name(ended->signal) : cat("exit ", ended->code));
    }
    return fail(ErrorKind::internal, "the process that unpacks has stopped talking");
}

void WorkerProcess::end(const Error& reason) {
    cancelling_.reset();
    if (process_) (void)process_.kill(SIGKILL);  // not_found: it has ended by itself
    // The feeding thread comes back from a write by this, from a read by the interrupt.
    input_reader_.reset();
    if (!is_fed_) input_.interrupt(reason);
    if (feeder_.joinable()) feeder_.join();
    if (!process_) return;
    auto ended = process_.wait(Deadline::after(kDying));
    if (!ended) log::failure("wait for the end of a process that unpacks", ended.error());
}

}  // namespace tare::layer
