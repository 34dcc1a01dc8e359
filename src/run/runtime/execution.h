#pragma once

// How the kernel executes the processes of a container. What a process inherits is set by itself before its
// execve; what fork(2) may reset, or needs rights that it has given up, by its creator from outside.

#include <optional>
#include <set>
#include <vector>

#include <sys/types.h>

#include "oci/runtime_spec.h"

namespace tare::runtime {

/// Execution domain and memory policy of the calling process and what it forks.
Result<> set_execution(const std::optional<oci::Personality>& personality,
                       const std::optional<oci::MemoryPolicy>& memory_policy);

/// Scheduler and I/O priority of the container's first process, and all CPUs that its cpuset has, wherever
/// its creator was pinned to.
Result<> schedule_init(pid_t pid, const oci::Process& process);
/// The same for a process that has joined, whose CPUs are `process.execCPUAffinity.final` if that is given.
Result<> schedule_joined(pid_t pid, const oci::Process& process);

/// While it lives, children of the caller start on `process.execCPUAffinity.initial`.
class InitialAffinity {
  public:
    explicit InitialAffinity(const std::optional<oci::ExecAffinity>& affinity);
    InitialAffinity(const InitialAffinity&) = delete;
    InitialAffinity& operator=(const InitialAffinity&) = delete;
    ~InitialAffinity();
    /// invalid_argument for a list that is malformed or of which no CPU is there.
    Result<> outcome() const { return outcome_; }

  private:
    std::set<unsigned> before_;  ///< empty: nothing to restore
    Result<> outcome_;
};

/// Makes a time namespace with these offsets and enters it. For a process with one thread that is
/// CAP_SYS_TIME in its user namespace and has the host's procfs at /proc. Source: time_namespaces(7).
Result<> enter_time_namespace(const std::vector<oci::TimeOffset>& offsets);

}  // namespace tare::runtime
