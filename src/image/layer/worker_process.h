#pragma once

// The parent's side of a worker: starts it, feeds it, and watches over it.

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <thread>
#include <utility>

#include "image/layer/byte_stream.h"
#include "image/layer/worker.h"
#include "image/layer/worker_report.h"
#include "posix/process.h"

namespace tare::layer {

/// One worker at one stream. A thread of its own feeds it; the worker dies with the thread that started it,
/// at the latest with this object.
class WorkerProcess {
  public:
    /// `descriptors`: ours, and the number that the worker finds it under, beside input and report. Borrows
    /// the input, which is read on another thread until the worker has ended.
    static Result<std::unique_ptr<WorkerProcess>> start(const WorkerProgram& program, const char* task,
                                                        ByteSource& input,
                                                        std::vector<std::pair<int, int>> descriptors,
                                                        const std::stop_token& cancel);
    /// Kills it if it still runs.
    ~WorkerProcess();

    /// Waits until one of the two has something to read (or has ended): the report, or `other` (-1: none).
    /// `cancelled`; the error of the input if that failed; deadline_exceeded if the worker has done nothing
    /// for as long as it may.
    Result<> wait(int other = -1);
    /// Takes in what the report has to say; false at its end.
    Result<bool> read_report();
    /// It has done something.
    void note_progress() { idle_ = {}; }

    /// After the end of the report: what the worker says, or how it came to its end without a word.
    Result<AppliedLayer> finish();

  private:
    WorkerProcess(ByteSource& input, std::chrono::milliseconds patience, posix::Fd event)
        : input_(input), patience_(patience), event_(std::move(event)) {}

    void feed();
    Result<> feed_all();
    Result<> check_progress(std::chrono::milliseconds passed);
    std::optional<Error> feeding_error();
    void end(const Error& reason);

    ByteSource& input_;
    const std::chrono::milliseconds patience_;
    posix::Fd event_;         ///< readable when the work is cancelled or the input has failed
    posix::Fd input_reader_;  ///< the worker's end, to look what it has left in there
    posix::Fd input_writer_;  ///< of the feeding thread while that runs
    posix::Fd report_reader_;
    WorkerReport report_;
    posix::Process process_;
    std::stop_token cancel_;

    std::atomic<std::uint64_t> fed_bytes_ = 0;
    std::atomic<bool> is_fed_ = false;  ///< the end was given
    std::uint64_t last_taken_bytes_ = 0;
    std::chrono::milliseconds idle_{};  ///< counted by looks, so that a time when all stood still is none

    std::mutex mutex_;  ///< guards error_
    std::optional<Error> error_;

    std::optional<std::stop_callback<std::function<void()>>> cancelling_;
    std::thread feeder_;
};

}  // namespace tare::layer
