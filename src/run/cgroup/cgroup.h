#pragma once

// A container's control group: one value whatever the machine's layout.
//
//     auto hierarchies = TRY(cgroup::Hierarchies::discover());
//     auto group = TRY(cgroup::Cgroup::create(hierarchies, "/tare/ID"));
//     TRY(group.set(resources));       // before the container's first process joins
//     auto entrance = TRY(cgroup::Entrance::open(group));   // entrance.h: how it joins
//     …
//     TRY(group.kill()); TRY(group.remove(Deadline::after(2s)));
//
// Files and formats: kernel, Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/.

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "base/deadline.h"
#include "base/result.h"
#include "oci/resources.h"
#include "posix/fd.h"
#include "run/cgroup/hierarchies.h"

namespace tare::cgroup {

/// Whether a failed write for want of permission is passed over (rootless) or an error.
enum class Permission { required, optional };

class Cgroup {
  public:
    /// Subsystem to absolute directory, as runc's state.json has it: "memory" → …, "" → v2.
    using Paths = std::vector<std::pair<std::string, std::string>>;

    /// The group at `path` in every hierarchy, made where it is missing. An absolute path counts
    /// from the mount points; a relative one from the caller's own group (v1) or its parent (v2);
    /// ".." does not lead out. On v2 the controllers are enabled on the way down.
    static Result<Cgroup> create(const Hierarchies& hierarchies, std::string_view path,
                                 Permission permission = Permission::required);
    /// Where `create` would have it. Nothing is made; of an optional group more than there will be.
    static Cgroup planned(const Hierarchies& hierarchies, std::string_view path);
    /// A group that was created before, from its stored paths.
    static Cgroup open(Paths paths);

    /// This group but, of the named subsystems (all if none is named), the group `path` below it: how `exec
    /// --cgroup` says where a process goes. invalid_argument for a path that leads out or a subsystem that is
    /// not one of this group's; not_found if there is no such group.
    Result<Cgroup> group_below(const std::vector<std::string>& subsystems, std::string_view path) const;

    const Paths& paths() const { return paths_; }
    /// The directory of a v1 controller, or the v2 directory where there is no such hierarchy;
    /// empty if there is neither.
    std::string directory_of(std::string_view controller) const;
    /// The v2 directory, empty on pure v1.
    std::string v2_directory() const;
    bool is_v2_only() const { return paths_.size() == 1 && paths_.front().first.empty(); }
    bool exists() const;

    /// Writes what is set in `resources`; what is absent stays. Without a group (Permission::optional) a
    /// limit is failed_precondition: never silently none. Devices are set as well if
    /// `devices` says so (create does; update does not, access may be in use).
    enum class Devices { set, keep };
    Result<> set(const oci::LinuxResources& resources, Devices devices = Devices::set) const;

    /// Reads memory, swap, CPU and process limits back: failed_precondition naming the file whose value is
    /// not what was set.
    Result<> verify(const oci::LinuxResources& resources) const;

    /// failed_precondition unless the process is in the group, in every hierarchy.
    Result<> verify_process(pid_t pid) const;
    /// The processes in the group and in groups below it; of the calling pid namespace.
    Result<std::vector<pid_t>> processes() const;

    Result<> freeze(Deadline deadline) const;
    Result<> thaw(Deadline deadline) const;
    Result<bool> is_frozen() const;

    /// SIGKILL to every process in it: by cgroup.kill, else frozen first so that none can fork away.
    Result<> kill() const;
    /// A signal to every process, once.
    Result<> signal(int signal_number) const;

    /// Removes the group and what is below it; waits (to the deadline) for dying processes. An absent
    /// group is success.
    Result<> remove(Deadline deadline) const;

  private:
    void add(const Hierarchy& hierarchy, const std::string& directory);

    Paths paths_;
    Permission permission_ = Permission::required;
};

// The steps of `set`, a file each.
Result<> set_v1(const Cgroup& group, const oci::LinuxResources& resources);
Result<> set_v2(const Cgroup& group, const oci::LinuxResources& resources);

/// Whether something is to be limited that `verify` reads back.
bool asks_for_limits(const oci::LinuxResources& resources);

/// cpu.shares (2 to 262144) on the scale of cpu.weight (1 to 10000); 1024 is 100; 0 is "not set".
/// The curve runc uses since 1.3.2 and crun since 1.23.
std::uint64_t cpu_weight_of_shares(std::uint64_t shares);
/// blkio.weight (10 to 1000) on the scale of io.weight (1 to 10000).
std::uint64_t io_weight_of_blkio_weight(std::uint64_t weight);
/// memory.swap.max out of the spec's memory+swap; nothing where it is not to be written.
Result<std::optional<std::int64_t>> swap_max_of(const oci::MemoryResources& memory);

}  // namespace tare::cgroup
