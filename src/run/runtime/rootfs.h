#pragma once

// The container's root, built inside its own mount namespace. Every step works below the root's
// descriptor; no step has a path into the root that it resolves twice (security rules R1, R2, R4).

#include <string>
#include <vector>

#include "oci/runtime_spec.h"
#include "posix/fd.h"
#include "posix/mount.h"
#include "run/cgroup/cgroup.h"

namespace tare::runtime {

/// What the steps share.
struct RootContext {
    const oci::RuntimeSpec& spec;
    std::string bundle;
    posix::Fd root;    ///< O_PATH, the root of the container's own mount
    posix::Fd procfs;  ///< a private procfs of the container's pid namespace
    posix::Fd null;    ///< the host's /dev/null, checked
    bool has_user_namespace = false;
    bool has_cgroup_namespace = false;
    const cgroup::Cgroup* cgroup = nullptr;
    /// The root's own mounts: what to mount where, and the detached mounts.
    const std::vector<oci::Mount>* root_mounts = nullptr;
    const std::vector<posix::Fd>* root_mount_fds = nullptr;
    /// Detached id-mapped binds, by index of spec.mounts (idmapped_mounts.h).
    const std::vector<posix::Fd>* idmapped_mounts = nullptr;
    /// Sources of bind mounts, by index of spec.mounts; opened while host paths mean what they say.
    std::vector<posix::Fd> bind_sources;
    /// Detached clones of the binds that stay peers of the host's mounts, by index of spec.mounts.
    std::vector<posix::Fd> shared_binds;
};

/// Makes the root's own mounts (overlay, bind, …), detached: nobody sees them until open_root attaches
/// them in the container's mount namespace. Called in the host's namespaces, where their paths mean what
/// they say and their owner may mount. `first`, if not -1, is the first of them, mounted already.
Result<std::vector<posix::Fd>> make_root_mounts(const std::vector<oci::Mount>& mounts, int first = -1);

/// Opens the rootfs as a mount of its own in this mount namespace and the sources of its binds.
Result<> open_root(RootContext& context);
/// Every entry of spec.mounts, in order.
Result<> make_mounts(RootContext& context);
/// Default and listed devices, the links of /dev.
Result<> make_devices(RootContext& context);
/// The console on /dev/console; returns the terminal's master and keeps its slave for stdio.
struct Console {
    posix::Fd master;
    posix::Fd slave;
};
Result<Console> make_console(RootContext& context, const oci::Process& process);
Result<> set_sysctls(RootContext& context);
/// maskedPaths and readonlyPaths; whatever cannot be masked is an error.
Result<> protect_paths(RootContext& context);
/// A read-only root, after everything was made in it.
Result<> finish_root(RootContext& context);
/// A shared or unbindable rootfsPropagation: after pivot_root, which refuses a shared new root.
Result<> share_root(RootContext& context);

/// Writes `value` to a file of the private procfs, no component of which is a link or another mount.
Result<> write_proc(int procfs, std::string_view path, std::string_view value);
/// "PID/path" of the calling process: "self" is a link, which write_proc does not follow.
std::string own_proc(std::string_view path);
/// A new procfs instance of the caller's pid namespace, not attached anywhere.
Result<posix::Fd> open_private_procfs();
/// The host's /dev/null: refused unless it is character device 1:3.
Result<posix::Fd> open_checked_null();

}  // namespace tare::runtime
