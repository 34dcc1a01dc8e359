#pragma once

// Many descriptors, one waiting thread.

#include <cstdint>
#include <span>

#include "base/deadline.h"
#include "posix/fd.h"

namespace tare::posix {

/// What to wait for. The end and breakdown of a descriptor are always reported.
enum class Interest : std::uint32_t { end_only = 0, readable = 1, writable = 2, both = 3 };

/// An epoll(7) set whose entries report once and then sleep until they are armed again. Every call but
/// wait() may come from any thread.
class Epoll {
  public:
    static Result<Epoll> open();

    /// Adds a descriptor, which the set does not own; `token` comes back with its events.
    Result<> add(int fd, Interest interest, std::uint64_t token) const;
    /// Arms it again after it has reported, or changes what it waits for.
    Result<> arm(int fd, Interest interest, std::uint64_t token) const;
    /// Takes it out. Needed before a descriptor of which others hold a duplicate is given away, since
    /// the kernel goes on reporting as long as one of them is open.
    Result<> remove(int fd) const;

    struct Event {
        std::uint64_t token = 0;
        bool is_readable = false;
        bool is_writable = false;
        bool has_ended = false;  ///< the peer is gone in both directions, or the descriptor is broken
    };
    /// Waits until something is ready and fills `events` from the front; 0 if the deadline passed.
    Result<std::size_t> wait(std::span<Event> events, Deadline deadline) const;

  private:
    explicit Epoll(Fd fd) : fd_(std::move(fd)) {}
    Result<> control(int operation, int fd, Interest interest, std::uint64_t token) const;

    Fd fd_;
};

}  // namespace tare::posix
