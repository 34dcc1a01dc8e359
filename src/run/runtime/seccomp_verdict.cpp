#include "run/runtime/seccomp_verdict.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <asm/ioctls.h>
#include <linux/bpf_common.h>
#include <linux/seccomp.h>
#include <seccomp.h>

#include "posix/namespace.h"

namespace tare::runtime {

namespace {

bool is_jump_taken(const posix::SeccompInstruction& instruction, std::uint32_t accumulator) {
    switch (BPF_OP(instruction.code)) {
        case BPF_JEQ:
            return accumulator == instruction.operand;
        case BPF_JGT:
            return accumulator > instruction.operand;
        case BPF_JGE:
            return accumulator >= instruction.operand;
        default:  // BPF_JSET
            return (accumulator & instruction.operand) != 0;
    }
}

bool allows(const SeccompFilter& filter, long number, const std::array<std::uint64_t, 6>& arguments = {}) {
    std::uint32_t action = verdict_of(filter, number, arguments) & SECCOMP_RET_ACTION_FULL;
    return action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG;
}

}  // namespace

std::uint32_t verdict_of(const SeccompFilter& filter, long number,
                         const std::array<std::uint64_t, 6>& arguments) {
    seccomp_data data{};
    data.nr = static_cast<int>(number);
    data.arch = ::seccomp_arch_native();
    std::ranges::copy(arguments, data.args);
    const auto& program = filter.program();
    std::uint32_t accumulator = 0;
    // Jumps lead forwards only, so this ends.
    for (std::size_t at = 0; at < program.size(); ++at) {
        const posix::SeccompInstruction& instruction = program[at];
        switch (instruction.code) {
            case BPF_LD | BPF_W | BPF_ABS:
                if (instruction.operand > sizeof data - sizeof accumulator) return SECCOMP_RET_KILL_PROCESS;
                std::memcpy(&accumulator, reinterpret_cast<const char*>(&data) + instruction.operand,
                            sizeof accumulator);
                break;
            case BPF_ALU | BPF_AND | BPF_K:
                accumulator &= instruction.operand;
                break;
            case BPF_JMP | BPF_JA:
                at += instruction.operand;
                break;
            case BPF_JMP | BPF_JEQ | BPF_K:
            case BPF_JMP | BPF_JGT | BPF_K:
            case BPF_JMP | BPF_JGE | BPF_K:
            case BPF_JMP | BPF_JSET | BPF_K:
                at +=
                    is_jump_taken(instruction, accumulator) ? instruction.jump_true : instruction.jump_false;
                break;
            case BPF_RET | BPF_K:
                return instruction.operand;
            default:
                return SECCOMP_RET_KILL_PROCESS;
        }
    }
    return SECCOMP_RET_KILL_PROCESS;
}

bool lets_join(const SeccompFilter& filter, bool has_terminal) {
    // clone3 may say that there is no such call: then clone is used.
    const bool can_fork =
        allows(filter, SCMP_SYS(clone3)) ||
        (verdict_of(filter, SCMP_SYS(clone3)) == (SECCOMP_RET_ERRNO | ENOSYS) &&
         allows(filter, SCMP_SYS(clone), {posix::fork_flags(0, posix::Parent::own_parent)}));
    for (long number : {SCMP_SYS(setsid), SCMP_SYS(prlimit64), SCMP_SYS(recvmsg), SCMP_SYS(sendmsg),
                        SCMP_SYS(execve), SCMP_SYS(exit_group), SCMP_SYS(close)})
        if (!allows(filter, number)) return false;
    return can_fork && (!has_terminal || allows(filter, SCMP_SYS(ioctl), {0, TIOCSCTTY}));
}

bool lets_wait(const SeccompFilter& filter) {
    // Whoever is stopped while it waits goes on with restart_syscall.
    for (long number : {SCMP_SYS(sendmsg), SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(restart_syscall),
                        SCMP_SYS(close_range), SCMP_SYS(fcntl), SCMP_SYS(execve), SCMP_SYS(exit_group)})
        if (!allows(filter, number)) return false;
    return true;
}

}  // namespace tare::runtime
