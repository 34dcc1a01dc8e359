// The default profile as the kernel enforces it: each call is made, with arguments that do nothing even where
// it is let through.

#include <cerrno>
#include <csignal>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "oci/seccomp_profile.h"
#include "posix/credentials.h"
#include "run/runtime/seccomp.h"

namespace tare::runtime {
namespace {

oci::Seccomp default_profile() {
    const oci::SeccompContext plain{.architecture = "amd64",
                                    .capabilities = {"CAP_CHOWN", "CAP_NET_RAW", "CAP_SYS_CHROOT"},
                                    .kernel_release = "6.1.0"};
    auto section = oci::resolve_seccomp_profile(oci::default_seccomp_profile(), plain);
    return *oci::parse_seccomp(JsonView(*section, "profile"));
}

/// What `body` gives in a child under the profile, as an exit code; -1 if a signal ended it.
template <class Body>
int under_the_profile(Body body) {
    static const auto filter = SeccompFilter::make(default_profile());
    pid_t child = ::fork();
    if (child == 0) {
        auto installed = posix::set_no_new_privileges();
        if (installed) installed = filter->install(-1);
        ::_exit(installed ? body() : 200);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#if defined(__x86_64__)

constexpr long kX32Bit = 0x40000000;

struct Forbidden {
    const char* name;
    long number;
    long first = 0;
    int expected = EPERM;
};
// A thread flag beside a namespace flag is what a plain clone must not have either.
constexpr long kNewUser = 0x10000000;
const Forbidden kForbidden[] = {
    {"unshare a user namespace", SYS_unshare, kNewUser},
    {"clone a user namespace", SYS_clone, kNewUser | SIGCHLD},
    {"clone3", SYS_clone3, 0, ENOSYS},
    {"setns", SYS_setns, -1},
    {"mount", SYS_mount},
    {"fsopen", SYS_fsopen},
    {"fsconfig", SYS_fsconfig, -1},
    {"move_mount", SYS_move_mount, -1},
    {"open_tree", SYS_open_tree, -1},
    {"pivot_root", SYS_pivot_root},
    {"bpf", SYS_bpf, -1},
    {"keyctl", SYS_keyctl, -1},
    {"add_key", SYS_add_key},
    {"request_key", SYS_request_key},
    {"perf_event_open", SYS_perf_event_open},
    {"userfaultfd", SYS_userfaultfd, -1},
    {"io_uring_setup", SYS_io_uring_setup},
    {"io_uring_enter", SYS_io_uring_enter, -1},
    {"open_by_handle_at", SYS_open_by_handle_at, -1},
    {"kexec_load", SYS_kexec_load, -1},
    {"init_module", SYS_init_module},
    {"finit_module", SYS_finit_module, -1},
    {"socket AF_ALG", SYS_socket, AF_ALG},
    {"socket AF_VSOCK", SYS_socket, AF_VSOCK},
    {"quotactl", SYS_quotactl, -1},
    {"acct", SYS_acct, 1},
    {"swapon", SYS_swapon},
    {"settimeofday", SYS_settimeofday, 1},
};

TEST(Security, rt23_what_the_default_profile_forbids_does_not_reach_the_kernel) {
    for (auto& call : kForbidden) {
        int answer = under_the_profile([&] {
            long outcome = ::syscall(call.number, call.first, 0L, 0L, 0L, 0L, 0L);
            return outcome == -1 ? errno : 0;
        });
        EXPECT_EQ(answer, call.expected) << call.name;
    }
}

TEST(Security, rt23_the_x32_sibling_of_a_forbidden_call_is_forbidden) {
    for (auto& call : kForbidden) {
        int answer = under_the_profile([&] {
            long outcome = ::syscall(call.number | kX32Bit, call.first, 0L, 0L, 0L, 0L, 0L);
            return outcome == -1 ? errno : 0;
        });
        EXPECT_TRUE(answer == EPERM || answer == ENOSYS) << call.name << ": " << answer;
    }
}

long call_as_i386(long number, long first) {
    long outcome = number;
    __asm__ volatile("int $0x80" : "+a"(outcome) : "b"(first), "c"(0), "d"(0), "S"(0), "D"(0) : "memory");
    return outcome;
}

TEST(Security, rt23_the_32_bit_sibling_of_a_forbidden_call_is_forbidden) {
    // Numbers of arch/x86/entry/syscalls/syscall_32.tbl.
    const Forbidden table[] = {{"unshare", 310, kNewUser},
                               {"clone", 120, kNewUser | SIGCHLD},
                               {"mount", 21},
                               {"bpf", 357, -1},
                               {"keyctl", 288, -1},
                               {"perf_event_open", 336},
                               {"userfaultfd", 374, -1},
                               {"io_uring_setup", 425},
                               {"fsconfig", 431, -1},
                               {"socket AF_ALG", 359, AF_ALG},
                               {"socket AF_VSOCK", 359, AF_VSOCK}};
    // getpid: a kernel without 32-bit programs ends the caller.
    if (under_the_profile([] { return call_as_i386(20, 0) > 0 ? 0 : 1; }) != 0)
        GTEST_SKIP() << "this kernel runs no 32-bit programs";
    for (auto& call : table)
        EXPECT_EQ(under_the_profile([&] { return static_cast<int>(-call_as_i386(call.number, call.first)); }),
                  EPERM)
            << call.name;
}

#endif

TEST(Security, rt23_a_profile_that_cannot_be_loaded_is_an_error_and_not_a_weaker_one) {
    for (auto damage : {0, 1, 2, 3}) {
        oci::Seccomp profile = default_profile();
        if (damage == 0) profile.default_action = "SCMP_ACT_NONSENSE";
        if (damage == 1) profile.architectures.emplace_back("SCMP_ARCH_NONSENSE");
        if (damage == 2) profile.flags.emplace_back("SECCOMP_FILTER_FLAG_NONSENSE");
        if (damage == 3)
            profile.rules.push_back(
                {.names = {"read"}, .action = "SCMP_ACT_KILL", .errno_ret = {}, .args = {{.op = "?"}}});
        EXPECT_FALSE(SeccompFilter::make(profile).has_value()) << damage;
    }
}

}  // namespace
}  // namespace tare::runtime
