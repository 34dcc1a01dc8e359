#pragma once

// The container's first process, from its birth in new namespaces to the exec of the program.

#include "run/cgroup/entrance.h"
#include "run/runtime/container.h"
#include "run/runtime/seccomp.h"

namespace tare::runtime {

struct InitRequest {
    const CreateOptions& options;
    const cgroup::Cgroup* cgroup = nullptr;
    /// Detached, one for each of options.root_mounts.
    const std::vector<posix::Fd>* root_mounts = nullptr;
    /// As make_idmapped_mounts returns them.
    const std::vector<posix::Fd>* idmapped_mounts = nullptr;
    const cgroup::Entrance* entrance = nullptr;
    const SeccompFilter* filter = nullptr;  ///< null: none
    State state;                            ///< for hooks that run inside
    int socket = -1;
    int start_fifo = -1;  ///< the reading end; a byte in it is "start"
};

/// Namespaces that are to be joined by path, and which of them init itself can join late.
Result<> join_namespaces(const oci::Linux& section, bool with_user_and_pid);

/// Closes what the creating process has open and the container's first process does not need. A shim's
/// sockets would stay open in it for as long as it waits for its start; and before namespaces are joined,
/// nothing may be left that a process in them could get hold of through /proc/PID/fd (security RT1).
Result<> close_foreign_descriptors(const InitRequest& request);

/// Does not return.
[[noreturn]] void run_init(InitRequest request);

}  // namespace tare::runtime
