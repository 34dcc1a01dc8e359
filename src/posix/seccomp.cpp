#include "posix/seccomp.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "posix/fd.h"

namespace tare::posix {

static_assert(sizeof(SeccompInstruction) == sizeof(sock_filter));
static_assert(offsetof(SeccompInstruction, operand) == offsetof(sock_filter, k));

namespace {

Result<long> install(std::span<const SeccompInstruction> program, unsigned long bits) {
    if (program.empty() || program.size() > kMaxSeccompInstructions)
        return fail(ErrorKind::invalid_argument, "seccomp: a filter of ", program.size(), " instructions");
    // The kernel copies it; the structures are the same, as asserted above.
    const sock_fprog description{
        .len = static_cast<unsigned short>(program.size()),
        .filter = reinterpret_cast<sock_filter*>(const_cast<SeccompInstruction*>(program.data()))};
    long outcome = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, bits, &description);
    if (outcome < 0) return last_error("install the seccomp filter");
    return outcome;
}

unsigned long bits_of(SeccompFlags flags) {
    return (flags.log ? SECCOMP_FILTER_FLAG_LOG : 0) |
           (flags.spec_allow ? SECCOMP_FILTER_FLAG_SPEC_ALLOW : 0) |
           (flags.wait_killable ? SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV : 0);
}

}  // namespace

Result<> install_seccomp_filter(std::span<const SeccompInstruction> program, SeccompFlags flags) {
    TRY(install(program, bits_of(flags)));
    return {};
}

Result<Fd> install_seccomp_listener(std::span<const SeccompInstruction> program, SeccompFlags flags) {
    return Fd(static_cast<int>(TRY(install(program, bits_of(flags) | SECCOMP_FILTER_FLAG_NEW_LISTENER))));
}

}  // namespace tare::posix
