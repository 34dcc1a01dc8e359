#include "posix/file_calls.h"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "posix/seccomp.h"

namespace tare::posix {

namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
constexpr std::uint32_t kArchitecture = 0;
#endif

constexpr int kFchmodat2 = 452;  // on every processor, since Linux 6.6

// What the C library makes of the calls in fd, tree and xattr, the most frequent first: the filter is a list.
// clang-format off
constexpr std::array kAllowed = {
    SYS_read, SYS_write, SYS_openat, SYS_close, SYS_fchown, SYS_fchmod, SYS_utimensat, SYS_newfstatat,
    // memory, time, the end
    SYS_brk, SYS_munmap, SYS_mremap, SYS_madvise, SYS_futex, SYS_clock_gettime, SYS_getrandom, SYS_exit,
    SYS_exit_group, SYS_restart_syscall, SYS_rt_sigreturn, SYS_rt_sigprocmask, SYS_rt_sigaction,
    SYS_sigaltstack, SYS_sched_yield, SYS_getpid, SYS_gettid, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid,
    // files
    SYS_openat2, SYS_fstat, SYS_statx, SYS_lseek, SYS_pread64, SYS_pwrite64, SYS_readv, SYS_writev,
    SYS_ftruncate, SYS_getdents64, SYS_readlinkat, SYS_mkdirat, SYS_mknodat, SYS_symlinkat, SYS_linkat,
    SYS_unlinkat, SYS_renameat2, SYS_fchownat, SYS_fchmodat, SYS_fsetxattr, kFchmodat2,
#if defined(SYS_renameat)
    SYS_renameat,
#endif
#if defined(__SANITIZE_ADDRESS__) && defined(SYS_pipe)
    SYS_pipe,  // by which sanitizers find out whether memory can be read
#endif
#if defined(__SANITIZE_ADDRESS__)
    SYS_pipe2,
#endif
};
// clang-format on

using Program = std::vector<SeccompInstruction>;

void load(Program& program, std::size_t offset) {
    program.push_back({.code = BPF_LD | BPF_W | BPF_ABS, .operand = static_cast<std::uint32_t>(offset)});
}

/// The next instruction if equal, else `otherwise` further ones are passed over.
void expect_equal(Program& program, std::uint32_t value, std::uint8_t otherwise) {
    program.push_back({.code = BPF_JMP | BPF_JEQ | BPF_K, .jump_false = otherwise, .operand = value});
}

void answer(Program& program, std::uint32_t action) {
    program.push_back({.code = BPF_RET | BPF_K, .operand = action});
}

constexpr std::uint32_t kDeny = SECCOMP_RET_ERRNO | EPERM;

constexpr std::size_t argument(int number) {
    constexpr bool is_little_endian = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
    return offsetof(seccomp_data, args) + sizeof(std::uint64_t) * static_cast<std::size_t>(number) +
           (is_little_endian ? 0 : sizeof(std::uint32_t));
}

/// A call whose argument must not have this bit.
void allow_without_bit(Program& program, long call, int number, std::uint32_t bit) {
    expect_equal(program, static_cast<std::uint32_t>(call), 4);
    load(program, argument(number));
    program.push_back({.code = BPF_JMP | BPF_JSET | BPF_K, .jump_false = 1, .operand = bit});
    answer(program, kDeny);
    answer(program, SECCOMP_RET_ALLOW);
}

/// A call one argument of which must be this.
void allow_with_value(Program& program, long call, int number, std::uint32_t value) {
    expect_equal(program, static_cast<std::uint32_t>(call), 4);
    load(program, argument(number));
    expect_equal(program, value, 1);
    answer(program, SECCOMP_RET_ALLOW);
    answer(program, kDeny);
}

Program file_calls_filter() {
    Program program;
    load(program, offsetof(seccomp_data, arch));
    expect_equal(program, kArchitecture, 1);
    program.push_back({.code = BPF_JMP | BPF_JA, .operand = 1});
    answer(program, SECCOMP_RET_KILL_PROCESS);
    // x32 calls have a bit of their own in the number, so none of them equals one of these.
    load(program, offsetof(seccomp_data, nr));
    for (long call : kAllowed) {
        expect_equal(program, static_cast<std::uint32_t>(call), 1);
        answer(program, SECCOMP_RET_ALLOW);
    }
    // abort() sends itself a signal; with the user id of root it could reach every process of root.
    allow_with_value(program, SYS_tgkill, 0, static_cast<std::uint32_t>(::getpid()));
    // fdopendir() asks for the flags; F_SETOWN and F_SETSIG would be another way to send signals.
    allow_with_value(program, SYS_fcntl, 1, F_GETFL);
    allow_without_bit(program, SYS_mmap, 2, PROT_EXEC);
    allow_without_bit(program, SYS_mprotect, 2, PROT_EXEC);
    answer(program, kDeny);
    return program;
}

}  // namespace

Result<> restrict_to_file_calls() {
    if (kArchitecture == 0)
        return fail(ErrorKind::unimplemented, "seccomp: no list of file calls for this processor");
    return install_seccomp_filter(file_calls_filter(), {});
}

}  // namespace tare::posix
