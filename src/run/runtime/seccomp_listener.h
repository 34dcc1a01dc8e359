#pragma once

// Who answers the system calls that a seccomp profile announces (SCMP_ACT_NOTIFY).
// Source: runtime-spec, config-linux.md, "The Container Process State".

#include <string_view>

#include "posix/process.h"
#include "run/runtime/state.h"

namespace tare::runtime {

/// Takes descriptor `number` (decimal) of the process, on which its calls are announced, and passes it to
/// who listens on seccomp.listener_path, with the state that the spec describes. An error names the path.
Result<> hand_over_listener(const oci::Seccomp& seccomp, const posix::Process& process,
                            std::string_view number, const State& state, Status status);

}  // namespace tare::runtime
