#include "posix/epoll.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <sys/epoll.h>

namespace tare::posix {

namespace {

constexpr std::size_t kMostEvents = 64;

std::uint32_t bits_of(Interest interest) {
    auto wanted = static_cast<std::uint32_t>(interest);
    std::uint32_t bits = EPOLLONESHOT;
    if ((wanted & static_cast<std::uint32_t>(Interest::readable)) != 0) bits |= EPOLLIN;
    if ((wanted & static_cast<std::uint32_t>(Interest::writable)) != 0) bits |= EPOLLOUT;
    return bits;
}

}  // namespace

Result<Epoll> Epoll::open() {
    Fd fd(::epoll_create1(EPOLL_CLOEXEC));
    if (!fd) return last_error("create an epoll set");
    return Epoll(std::move(fd));
}

Result<> Epoll::control(int operation, int fd, Interest interest, std::uint64_t token) const {
    epoll_event event{};
    event.events = bits_of(interest);
    event.data.u64 = token;
    if (::epoll_ctl(fd_.get(), operation, fd, &event) < 0)
        return last_error("change an epoll set for descriptor", cat(fd));
    return {};
}

Result<> Epoll::add(int fd, Interest interest, std::uint64_t token) const {
    return control(EPOLL_CTL_ADD, fd, interest, token);
}

Result<> Epoll::arm(int fd, Interest interest, std::uint64_t token) const {
    return control(EPOLL_CTL_MOD, fd, interest, token);
}

Result<> Epoll::remove(int fd) const {
    return control(EPOLL_CTL_DEL, fd, Interest::end_only, 0);
}

Result<std::size_t> Epoll::wait(std::span<Event> events, Deadline deadline) const {
    std::array<epoll_event, kMostEvents> ready{};
    auto most = static_cast<int>(std::min(events.size(), ready.size()));
    int count = 0;
    while ((count = ::epoll_wait(fd_.get(), ready.data(), most, deadline.poll_timeout_ms())) < 0)
        if (errno != EINTR) return last_error("wait on an epoll set");
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
        std::uint32_t bits = ready[i].events;
        events[i] = Event{.token = ready[i].data.u64,
                          .is_readable = (bits & EPOLLIN) != 0,
                          .is_writable = (bits & EPOLLOUT) != 0,
                          .has_ended = (bits & (EPOLLHUP | EPOLLERR)) != 0};
    }
    return static_cast<std::size_t>(count);
}

}  // namespace tare::posix
