#pragma once

// What a filter would answer, without loading it.

#include <array>
#include <cstdint>

#include "run/runtime/seccomp.h"

namespace tare::runtime {

/// The filter's SECCOMP_RET_… for a native system call; SECCOMP_RET_KILL_PROCESS if the program does what
/// libseccomp's never do.
std::uint32_t verdict_of(const SeccompFilter& filter, long number,
                         const std::array<std::uint64_t, 6>& arguments = {});

/// Whether a process under the filter can still do what exec does between the loading of the filter and
/// execve: fork into the pid namespace, start a session (with a terminal), and talk with us.
bool lets_join(const SeccompFilter& filter, bool has_terminal);

/// The same of the first process, which tells that it is ready and waits for its start. Hooks need more.
bool lets_wait(const SeccompFilter& filter);

}  // namespace tare::runtime
