#pragma once

// The few bpf(2) commands that a cgroup v2 device filter needs.

#include <cstdint>
#include <span>
#include <vector>

#include "posix/fd.h"

namespace tare::posix {

/// One eBPF instruction (kernel, Documentation/bpf/standardization/instruction-set.rst).
struct BpfInstruction {
    std::uint8_t code = 0;
    std::uint8_t destination = 0;  ///< register 0 to 10
    std::uint8_t source = 0;
    std::int16_t offset = 0;
    std::int32_t immediate = 0;
};

/// Loads a program of type BPF_PROG_TYPE_CGROUP_DEVICE; permission_denied without CAP_BPF or
/// CAP_SYS_ADMIN in the initial user namespace.
Result<Fd> load_cgroup_device_program(std::span<const BpfInstruction> instructions);
/// Attaches it to the cgroup directory beside others that are there (BPF_F_ALLOW_MULTI); a program
/// given as `replaces` gives way in the same step.
Result<> attach_cgroup_device_program(int cgroup_directory, int program, int replaces = -1);
Result<> detach_cgroup_device_program(int cgroup_directory, int program);
/// The device programs attached to this cgroup itself.
Result<std::vector<Fd>> attached_cgroup_device_programs(int cgroup_directory);

}  // namespace tare::posix
