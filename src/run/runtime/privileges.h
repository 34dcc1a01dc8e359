#pragma once

// From the runtime's privileges to exactly those that the spec lists: the same steps for the first
// process and for exec (security rule R7).

#include <string>
#include <vector>

#include "oci/runtime_spec.h"
#include "posix/credentials.h"
#include "run/runtime/seccomp.h"

namespace tare::runtime {

/// Capability names as bits; names that this kernel does not know are passed over, as runc does.
posix::CapabilityMask capability_mask(const std::vector<std::string>& names);

/// Resource limits of the calling process.
Result<> set_rlimits(const oci::Process& process);

/// Groups, ids, capabilities, no_new_privs and the seccomp filter, in the order that lets each be set.
/// `filter` may be null; `socket` leads to the parent, for a filter with a listener.
Result<> drop_privileges(const oci::Process& process, const SeccompFilter* filter, int socket,
                         bool can_set_groups);

/// The working directory, which is there: chdir as the user, and proof that it lies inside the root
/// (security RT11).
Result<> enter_working_directory(const oci::Process& process);

/// The program that args[0] names, looked up in the process's own PATH inside the root, and what the
/// environment lacks.
struct Executable {
    std::string path;
    std::string home;  ///< "HOME=…" out of the root's /etc/passwd; empty if the environment has a HOME
};
/// not_found `exec: "x": executable file not found in $PATH`, permission_denied if it may not be run. Called
/// before privileges are dropped: a seccomp filter of the user's may not allow what the search needs.
Result<Executable> find_executable(const oci::Process& process);

/// Replaces the process.
Error execute_process(const oci::Process& process, const Executable& executable);

}  // namespace tare::runtime
