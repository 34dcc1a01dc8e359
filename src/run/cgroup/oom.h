#pragma once

// Hears when the kernel kills a process of a group for want of memory.

#include "run/cgroup/cgroup.h"

namespace tare::cgroup {

/// Watches one group. Its descriptor is readable when there may be news; made before the container
/// starts, it misses nothing.
class OomWatch {
  public:
    /// v1: an eventfd on memory.oom_control. v2: inotify on memory.events. failed_precondition
    /// without a memory controller.
    static Result<OomWatch> open(const Cgroup& group);

    /// For an event loop; readable means: ask `take_kills`.
    int descriptor() const { return watch_.get(); }
    /// How many kills happened since the last call (or since `open`).
    Result<std::uint64_t> take_kills();

  private:
    posix::Fd watch_;
    posix::Fd control_;  ///< v1: the registration lasts as long as this
    std::string events_file_;
    bool is_v2_ = false;
    std::uint64_t seen_ = 0;
};

/// The kills that the kernel counted in this group: oom_kill of memory.events or memory.oom_control.
std::uint64_t oom_kill_count(const Cgroup& group);

}  // namespace tare::cgroup
