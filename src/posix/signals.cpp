#include "posix/signals.h"

#include <cerrno>

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace tare::posix {

Result<SignalQueue> SignalQueue::open() {
    sigset_t all;
    ::sigfillset(&all);
    if (::sigprocmask(SIG_SETMASK, &all, nullptr) < 0) return last_error("block signals");
    SignalQueue queue;
    queue.fd_ = Fd(::signalfd(-1, &all, SFD_CLOEXEC));
    if (!queue.fd_) return last_error("create a signalfd");
    return queue;
}

Result<int> SignalQueue::next() const {
    signalfd_siginfo info{};
    while (::read(fd_.get(), &info, sizeof info) < 0)
        if (errno != EINTR) return last_error("read a signal");
    return static_cast<int>(info.ssi_signo);
}

Result<> reset_signals() {
    for (int each = 1; each < NSIG; ++each)
        ::signal(each, SIG_DFL);  // SIGKILL and SIGSTOP refuse; they have no other action
    sigset_t none;
    ::sigemptyset(&none);
    if (::sigprocmask(SIG_SETMASK, &none, nullptr) < 0) return last_error("unblock signals");
    return {};
}

void block_broken_pipe_signal() {
    sigset_t broken_pipe;
    ::sigemptyset(&broken_pipe);
    ::sigaddset(&broken_pipe, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
}

Result<std::vector<int>> wait_for_any(std::span<const int> descriptors) {
    std::vector<pollfd> waited;
    for (int fd : descriptors)
        waited.push_back({.fd = fd, .events = POLLIN, .revents = 0});
    while (::poll(waited.data(), waited.size(), -1) < 0)
        if (errno != EINTR) return last_error("poll");
    std::vector<int> ready;
    for (auto& each : waited)
        if (each.revents != 0) ready.push_back(each.fd);
    return ready;
}

}  // namespace tare::posix
