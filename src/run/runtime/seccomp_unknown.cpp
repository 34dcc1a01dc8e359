#include "run/runtime/seccomp_unknown.h"

#include <cerrno>

namespace tare::runtime {

namespace {

using Program = std::vector<posix::SeccompInstruction>;

// Classic BPF, as far as it is needed (kernel, include/uapi/linux/bpf_common.h).
constexpr std::uint16_t kLoadWord = 0x20;           // BPF_LD | BPF_W | BPF_ABS
constexpr std::uint16_t kJump = 0x05;               // BPF_JMP | BPF_JA
constexpr std::uint16_t kJumpIfEqual = 0x15;        // BPF_JMP | BPF_JEQ | BPF_K
constexpr std::uint16_t kJumpIfGreater = 0x25;      // BPF_JMP | BPF_JGT | BPF_K
constexpr std::uint16_t kJumpIfNotLess = 0x35;      // BPF_JMP | BPF_JGE | BPF_K
constexpr std::uint16_t kReturn = 0x06;             // BPF_RET | BPF_K
constexpr std::uint32_t kNumberOffset = 0;          // struct seccomp_data
constexpr std::uint32_t kArchitectureOffset = 4;    // likewise
constexpr std::uint32_t kReturnErrno = 0x00050000;  // SECCOMP_RET_ERRNO

/// Above `number`: ENOSYS. Else a jump whose distance is filled in when the end is known.
void append_limit(Program& program, std::uint32_t number, std::vector<std::size_t>& jumps) {
    program.push_back({kJumpIfGreater, 0, 1, number});
    program.push_back({kReturn, 0, 0, kReturnErrno | ENOSYS});
    jumps.push_back(program.size());
    program.push_back({kJump, 0, 0, 0});
}

}  // namespace

Program with_unknown_calls_answered(const Program& program, const std::vector<HighestCall>& highest) {
    constexpr std::uint8_t limit_length = 3;
    constexpr std::uint8_t block_length = 2 + 2 * limit_length;
    Program out = {{kLoadWord, 0, 0, kArchitectureOffset}};
    std::vector<std::size_t> jumps;
    for (const HighestCall& each : highest) {
        out.push_back({kJumpIfEqual, 0, block_length, each.audit_architecture});
        out.push_back({kLoadWord, 0, 0, kNumberOffset});
        // Numbers with that bit are x32's; nobody else has any, and the filter may say what it likes.
        out.push_back({kJumpIfNotLess, 0, limit_length, kX32Bit});
        append_limit(out, each.x32_number, jumps);
        append_limit(out, each.number, jumps);
    }
    for (std::size_t at : jumps)
        out[at].operand = static_cast<std::uint32_t>(out.size() - at - 1);
    out.insert(out.end(), program.begin(), program.end());
    return out;
}

}  // namespace tare::runtime
