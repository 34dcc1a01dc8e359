#include "posix/namespace.h"

#include <cerrno>
#include <cstring>

#include <linux/sched.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace tare::posix {

std::uint64_t fork_flags(std::uint64_t namespaces, Parent parent) {
    return namespaces | CLONE_PIDFD | (parent == Parent::own_parent ? CLONE_PARENT : 0);
}

Result<Process> fork_into_namespaces(std::uint64_t namespaces, Parent parent, int cgroup_directory) {
    int pidfd = -1;
    clone_args arguments{};
    arguments.flags = fork_flags(namespaces, parent);
    arguments.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
    // With CLONE_PARENT the signal is the caller's own exit signal.
    arguments.exit_signal = parent == Parent::own_parent ? 0 : SIGCHLD;
    const bool is_born_in_cgroup = cgroup_directory >= 0;
    if (is_born_in_cgroup) {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = static_cast<std::uint64_t>(cgroup_directory);
    }
    long pid = ::syscall(SYS_clone3, &arguments, sizeof arguments);
    // Inside a container the default seccomp profile hides clone3, whose flags it cannot read.
    if (pid < 0 && errno == ENOSYS && !is_born_in_cgroup)
        pid =
            ::syscall(SYS_clone, arguments.flags | arguments.exit_signal, nullptr, &pidfd, nullptr, nullptr);
    if (pid < 0) return last_error("clone into new namespaces");
    if (pid == 0) return Process();
    return Process(static_cast<pid_t>(pid), Fd(pidfd));
}

Result<> unshare_namespaces(std::uint64_t namespaces) {
    if (::unshare(static_cast<int>(namespaces)) < 0) return last_error("unshare namespaces");
    return {};
}

Result<> join_namespace(int fd, std::uint64_t kind, std::string_view name) {
    if (::setns(fd, static_cast<int>(kind)) < 0) return last_error("join namespace", name);
    return {};
}

Result<bool> is_own_namespace(const std::string& path, std::uint64_t kind) {
    std::string_view file = kind == namespace_bit::network  ? "net"
                            : kind == namespace_bit::mount  ? "mnt"
                            : kind == namespace_bit::cgroup ? "cgroup"
                            : kind == namespace_bit::uts    ? "uts"
                            : kind == namespace_bit::ipc    ? "ipc"
                            : kind == namespace_bit::user   ? "user"
                            : kind == namespace_bit::time   ? "time"
                                                            : "pid";
    struct stat other{};
    struct stat own{};
    if (::stat(path.c_str(), &other) < 0) return last_error("look at namespace", path);
    std::string own_path = cat("/proc/self/ns/", file);
    if (::stat(own_path.c_str(), &own) < 0) return last_error("look at namespace", own_path);
    return other.st_dev == own.st_dev && other.st_ino == own.st_ino;
}

Result<> set_hostname(std::string_view name) {
    if (::sethostname(name.data(), name.size()) < 0) return last_error("set hostname", quote(name));
    return {};
}

Result<> set_domainname(std::string_view name) {
    if (::setdomainname(name.data(), name.size()) < 0) return last_error("set domainname", quote(name));
    return {};
}

Result<> bring_loopback_up() {
    Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket) return last_error("create a socket for the loopback interface");
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    if (::ioctl(socket.get(), SIOCGIFFLAGS, &request) < 0) return last_error("read the flags of lo");
    request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
    if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) < 0) return last_error("bring lo up");
    return {};
}

}  // namespace tare::posix
