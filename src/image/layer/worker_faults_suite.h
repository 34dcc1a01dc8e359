#pragma once

// For tests: what goes wrong in a worker once it is confined. To be armed first thing in main().

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fault.h"
#include "image/layer/worker.h"

namespace tare::layer {

/// Tries what a decoder that was taken over would, and tells what it got: "socket: EPERM, …".
inline Result<> tell_what_is_possible() {
    std::string told;
    auto note = [&](std::string_view what, long outcome) {
        const char* reason = outcome >= 0 ? "done" : ::strerrorname_np(errno);
        told += cat(told.empty() ? "" : ", ", what, ": ", reason);
    };
    char* none[] = {nullptr};
    note("socket", ::socket(AF_INET, SOCK_STREAM, 0));
    note("unix socket", ::socket(AF_UNIX, SOCK_STREAM, 0));
    note("execve", ::execve("/bin/sh", none, none));
    note("ptrace", ::ptrace(PTRACE_ATTACH, ::getppid(), nullptr, nullptr));
    note("fork", ::fork());
    note("kill parent", ::kill(::getppid(), 0));
    note("tgkill parent", ::syscall(SYS_tgkill, ::getppid(), ::getppid(), 0));
    note("set owner of signals", ::fcntl(0, F_SETOWN, 1));
    note("shadow", ::open("/etc/shadow", O_RDONLY));
    note("up from input", ::openat(0, "..", O_RDONLY));
    note("up from root", ::open("../../../../../../../etc/shadow", O_RDONLY));
    note("proc", ::open("/proc/self/status", O_RDONLY));
    note("up from descriptor 3", ::openat(3, "../../../../../../etc/shadow", O_RDONLY));
    note("mount", ::mount("none", "/", "tmpfs", 0, nullptr));
    note("unshare", ::syscall(SYS_unshare, 0x10000000));
    note("chroot", ::chroot("/"));
    void* code = ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    note("executable memory", code == MAP_FAILED ? -1 : 0);
    note("mark of overlay", ::fsetxattr(::open("/", O_RDONLY), "trusted.overlay.opaque", "y", 1, 0));
    note("disk node", ::mknod("/disk", S_IFBLK | 0600, static_cast<dev_t>(0xfe00)));
    note("disk", ::open("/disk", O_RDONLY));
    return fail(ErrorKind::aborted, told);
}

inline Result<> do_fault(std::string_view fault) {
    if (fault == "abort") std::abort();
    if (fault == "kill") std::raise(SIGKILL);
    if (fault == "crash") {
        const volatile int* volatile nowhere = nullptr;
        return fail(ErrorKind::aborted, "read ", *nowhere);
    }
    if (fault == "quiet end") ::_exit(0);
    if (fault == "loop")
        for (std::atomic<int> turns = 0;;)
            ++turns;
    if (fault == "memory") {
        std::vector<std::unique_ptr<char[]>> kept;
        while (true)
            kept.push_back(std::make_unique_for_overwrite<char[]>(std::size_t{64} << 20));
    }
    if (fault == "nonsense") {
        (void)!::write(worker_fd::report, "D\xff\xff\xff\xff", 5);
        ::_exit(0);
    }
    if (fault == "probe") return tell_what_is_possible();
    return {};
}

/// For main(): a worker does not return from here.
inline void run_if_worker(int argc, char** argv) {
    if (!is_worker(argc, argv)) return;
    if (argc > 3)
        fault::arm("layer.worker.confined", [name = std::string(argv[2])] { return do_fault(name); });
    run_worker(argv[argc - 1]);
}

}  // namespace tare::layer
