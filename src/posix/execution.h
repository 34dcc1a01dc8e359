#pragma once

// How the kernel executes a process: scheduler, I/O priority, CPUs, memory policy, execution domain.
// Kernel interface: sched_setattr(2), ioprio_set(2), sched_setaffinity(2), set_mempolicy(2), personality(2).

#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "base/result.h"

namespace tare::posix {

struct SchedulerAttributes {
    std::string_view policy;  ///< "SCHED_FIFO"; an unknown name is invalid_argument
    std::int32_t nice = 0;
    std::uint32_t priority = 0;
    std::span<const std::string> flags;  ///< "SCHED_FLAG_RESET_ON_FORK"
    std::uint64_t runtime_ns = 0;
    std::uint64_t deadline_ns = 0;
    std::uint64_t period_ns = 0;
};

/// The calling process, with `pid` 0. What the kernel finds contradictory is invalid_argument.
Result<> set_scheduler(pid_t pid, const SchedulerAttributes& attributes);
/// "IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE", "IOPRIO_CLASS_IDLE" and 0 to 7.
Result<> set_io_priority(pid_t pid, std::string_view io_class, int priority);

/// The CPUs that a process may run on. Those that its cpuset leaves out do not count; none left is
/// invalid_argument.
Result<> set_affinity(pid_t pid, const std::set<unsigned>& cpus);
/// All CPUs that its cpuset has.
Result<> reset_affinity(pid_t pid);
Result<std::set<unsigned>> affinity_of(pid_t pid);

/// Of the calling process and what it forks: "MPOL_BIND", nodes, "MPOL_F_STATIC_NODES".
Result<> set_memory_policy(std::string_view mode, const std::set<unsigned>& nodes,
                           std::span<const std::string> flags);
/// "LINUX", or "LINUX32", in which uname(2) tells a 32-bit machine.
Result<> set_personality(std::string_view domain);

}  // namespace tare::posix
