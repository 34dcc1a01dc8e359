#pragma once

// The quick way of a new process into its group.
//
// Writing somebody's pid to cgroup.procs takes a lock over all process groups of the machine, for which
// the kernel waits 5 to 20 ms. Two ways do without: clone3(CLONE_INTO_CGROUP) on v2, and on v1 a single
// thread that writes its own "0" to `tasks` (kernel, cgroup_procs_write_start).

#include <vector>

#include "posix/namespace.h"
#include "run/cgroup/cgroup.h"

namespace tare::cgroup {

/// Ways into every hierarchy of one group, opened beforehand: the process that goes in may have lost sight
/// of the files, or the right to open them.
class Entrance {
  public:
    /// `resident`: a process that is in the group already, or below it. Where v2 takes no process in the
    /// group itself, since controllers are enabled for the groups below it (the container has handed it on,
    /// as systemd does), a new one goes where that one is, if that is below the group.
    static Result<Entrance> open(const Cgroup& group, pid_t resident = -1);

    /// posix::fork_into_namespaces with the child inside the v2 group. The child is in all of them once it
    /// has called `enter`.
    Result<posix::Process> fork(std::uint64_t namespaces, posix::Parent parent = posix::Parent::self);
    /// By the child, while it has one thread.
    Result<> enter() const;
    /// Our descriptors, for a child that closes all others before it enters.
    std::vector<int> descriptors() const;

  private:
    struct Way {
        std::string directory;
        posix::Fd file;  ///< `tasks`, or cgroup.procs
    };
    Result<posix::Fd> open_group_of_resident() const;

    std::vector<Way> ways_;  ///< to be written to

    std::string v2_path_;
    pid_t resident_ = -1;
    posix::Fd v2_directory_;
};

}  // namespace tare::cgroup
