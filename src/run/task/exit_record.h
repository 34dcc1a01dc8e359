#pragma once

// How a process ended, written into the bundle before anybody is told: what is left to read when the shim
// or the daemon died in between. BUNDLE/exit-init, BUNDLE/exit-exec-ID:
//
//     {"pid":4711,"exit_status":137,"exited_at":"2025-05-30T12:07:14.5Z","out_of_memory":true}

#include <string>
#include <vector>

#include <sys/types.h>

#include "base/result.h"
#include "base/time.h"

namespace tare::shimv2 {

struct ExitRecord {
    std::string exec_id;  ///< empty: the container's first process
    pid_t pid = 0;
    std::uint32_t exit_status = 0;  ///< the code, or 128 + signal
    Time exited_at{};
    bool out_of_memory = false;  ///< the kernel killed in the container's group before the exit
};

/// Durable (fsync of file and directory) when it returns.
Result<> write_exit_record(const std::string& bundle, const ExitRecord& record);
/// not_found if that process has not ended (or its exec was deleted).
Result<ExitRecord> read_exit_record(const std::string& bundle, const std::string& exec_id);
/// All records of a bundle; those that cannot be read are passed over. not_found if there is no bundle.
Result<std::vector<ExitRecord>> list_exit_records(const std::string& bundle);
/// Success if there is none.
Result<> remove_exit_record(const std::string& bundle, const std::string& exec_id);

}  // namespace tare::shimv2
