#include "posix/poll.h"

#include <cerrno>
#include <vector>

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace tare::posix {

Result<bool> wait_any(std::span<PollItem> items, Deadline deadline) {
    std::vector<pollfd> polled;
    for (const PollItem& item : items)
        polled.push_back(
            {.fd = item.fd, .events = static_cast<short>(item.wants_write ? POLLOUT : POLLIN), .revents = 0});
    for (;;) {
        int count = ::poll(polled.data(), polled.size(), deadline.poll_timeout_ms());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return last_error("poll");
        for (std::size_t i = 0; i < items.size(); ++i)
            items[i].is_ready = polled[i].revents != 0;
        if (count > 0) return true;
        if (deadline.has_passed()) return false;
    }
}

Result<SignalSelection> SignalSelection::open(std::span<const int> signals) {
    sigset_t set;
    sigset_t before;
    sigemptyset(&set);
    for (int signal : signals)
        sigaddset(&set, signal);
    int error = pthread_sigmask(SIG_BLOCK, &set, &before);
    if (error != 0) return errno_error(error, "block signals");
    Fd fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!fd) {
        Error failure = last_error("signalfd");
        pthread_sigmask(SIG_SETMASK, &before, nullptr);
        return failure;
    }
    return SignalSelection(std::move(fd), before);
}

SignalSelection::SignalSelection(SignalSelection&& other) noexcept
    : fd_(std::move(other.fd_)), before_(other.before_) {}

SignalSelection::~SignalSelection() {
    if (fd_) pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

Result<std::optional<int>> SignalSelection::next() {
    signalfd_siginfo info{};
    for (;;) {
        ssize_t count = ::read(fd_.get(), &info, sizeof info);
        if (count == static_cast<ssize_t>(sizeof info))
            return std::optional<int>(static_cast<int>(info.ssi_signo));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno != EAGAIN) return last_error("read signal");
        return std::optional<int>();
    }
}

}  // namespace tare::posix
