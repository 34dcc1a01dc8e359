#pragma once

// seccomp(2) filters, as the kernel takes them.

#include <cstdint>
#include <span>

#include "posix/fd.h"

namespace tare::posix {

/// One classic BPF instruction (kernel, Documentation/networking/filter.rst): `struct sock_filter`.
struct SeccompInstruction {
    std::uint16_t code = 0;
    std::uint8_t jump_true = 0;   ///< instructions to pass over
    std::uint8_t jump_false = 0;  ///< likewise
    std::uint32_t operand = 0;
};

/// The longest program that the kernel takes (BPF_MAXINSNS).
inline constexpr std::size_t kMaxSeccompInstructions = 4096;

/// Flags of SECCOMP_SET_MODE_FILTER.
struct SeccompFlags {
    bool log = false;            ///< actions other than allow are written to the audit log
    bool spec_allow = false;     ///< speculative store bypass stays on
    bool wait_killable = false;  ///< a call that a listener has received waits for nothing but SIGKILL
};

/// Installs the filter for the calling thread and all it becomes. permission_denied without CAP_SYS_ADMIN
/// or no_new_privs; invalid_argument for a program or flag that the kernel refuses.
Result<> install_seccomp_filter(std::span<const SeccompInstruction> program, SeccompFlags flags);
/// The same for a filter with SECCOMP_RET_USER_NOTIF: the descriptor on which its calls are announced
/// (seccomp_unotify(2)).
Result<Fd> install_seccomp_listener(std::span<const SeccompInstruction> program, SeccompFlags flags);

}  // namespace tare::posix
