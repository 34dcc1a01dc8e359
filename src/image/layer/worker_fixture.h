#pragma once

// For tests: workers that are the test program itself, started by main_root_test.cpp, and
// what goes wrong in them, named by the argument before the task.

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "image/layer/worker.h"

namespace tare::layer {

/// `fault`: one of worker_faults_suite.h; empty: none.
inline WorkerProgram test_worker(const std::string& fault = "",
                                 std::chrono::milliseconds patience = std::chrono::seconds(30)) {
    WorkerProgram program{.path = "/proc/self/exe", .arguments = {"test", kWorkerVerb}, .patience = patience};
    if (!fault.empty()) program.arguments.push_back(fault);
    return program;
}

}  // namespace tare::layer
