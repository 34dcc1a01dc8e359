#pragma once

// What a filter says to system calls that are younger than its profile.

#include <cstdint>
#include <vector>

#include "posix/seccomp.h"

namespace tare::runtime {

/// The highest system call number that a profile names, for one architecture (AUDIT_ARCH_… as the kernel
/// reports it). x32 shares x86_64's and has numbers of its own.
struct HighestCall {
    std::uint32_t audit_architecture = 0;
    std::uint32_t number = 0;
    std::uint32_t x32_number = UINT32_MAX;  ///< with bit 30; UINT32_MAX: the filter decides alone
};

/// The first bit of an x32 call's number.
inline constexpr std::uint32_t kX32Bit = 0x40000000;

/// `program` behind a test: a call above the highest answers ENOSYS, which a C library takes as "use the
/// older one"; the profile's own EPERM it would take as the answer.
std::vector<posix::SeccompInstruction> with_unknown_calls_answered(
    const std::vector<posix::SeccompInstruction>& program, const std::vector<HighestCall>& highest);

}  // namespace tare::runtime
