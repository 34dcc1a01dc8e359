#pragma once

// The worker: a process that decodes, and unpacks, one stream. What comes from outside is decompressed and
// taken apart by it alone, where a fault in a decoder reaches nothing (security IM17): it has the stream, one
// directory as its root, and a pipe for its report; no other file, no network, no other process.
//
// It is the same program started anew, which main() must find out before all else:
//
//     if (layer::is_worker(argc, argv)) return layer::run_worker(argv[argc - 1]);
//
// The parent's side is unpack.h and decoder.h.

#include <chrono>
#include <string>
#include <vector>

namespace tare::layer {

/// The first argument of a worker.
inline constexpr const char* kWorkerVerb = "layer-worker";

/// How workers are started.
struct WorkerProgram {
    std::string path = {};  ///< absolute; empty: there is none, and work fails with failed_precondition
    std::vector<std::string> arguments = {};  ///< argv without the last, which is the task
    /// How long it may have input, or the end of it, and neither take input nor produce output (IM14).
    std::chrono::milliseconds patience = std::chrono::seconds(30);
};

/// The running program itself, also if its file has been replaced meanwhile.
WorkerProgram own_worker();

bool is_worker(int argc, char** argv);
/// Does the task and ends the process.
[[noreturn]] void run_worker(const char* task);

/// What the two sides agree on: tasks, and the descriptors that a worker finds.
namespace worker_task {
inline constexpr const char* unpack_overlay = "unpack-overlay";
inline constexpr const char* unpack_literal = "unpack-literal";
inline constexpr const char* decode = "decode";
}  // namespace worker_task
namespace worker_fd {
inline constexpr int input = 0;
inline constexpr int report = 1;
inline constexpr int root = 3;    ///< unpack
inline constexpr int output = 3;  ///< decode
}  // namespace worker_fd

}  // namespace tare::layer
