#pragma once

// Container -> config.json, exactly as Docker's default: mounts, capabilities, seccomp, masked paths,
// user, environment, limits.
//
//     Fd root = TRY(snapshotter.make_detached_mount(container.snapshot_key));
//     TRY(prepare_rootfs(root.get(), container));                     // once, at creation
//     oci::RuntimeSpec spec = TRY(build_spec({.container = container, .root = root.get(),
//                                             .network_namespace = attachment.netns_path, .host = facts}));

#include <functional>

#include "engine/container/container.h"
#include "engine/container/host_facts.h"
#include "oci/runtime_spec.h"
#include "posix/fd.h"

namespace tare::container {

/// All that a spec depends on. Mount sources come from container.mount_points (volumes with their _data
/// directory filled in).
struct SpecInput {
    const Container& container;
    /// The container's root, to look users and groups up in and to find the working directory.
    int root = -1;
    /// Of the network engine; empty shares the host's (network mode "host").
    std::string network_namespace;
    /// Namespaces of another container for the modes container:ID ("/proc/PID/ns/ipc"); supervisor
    /// resolves them and keeps the other container's life-cycle lock meanwhile.
    std::string ipc_namespace;
    std::string pid_namespace;
    /// A tmpfs of ours that is /dev/shm for ipc modes shareable and container:ID (shared_memory.h).
    std::string shared_memory;
    /// Addresses for links and the like that the daemon adds to the environment, before the client's.
    Strings extra_env;
    /// Where mounts of a volume's subpath keep their source open: let go of it once the task is created.
    /// Without it such a mount is `unimplemented`.
    std::vector<posix::Fd>* pinned = nullptr;
    /// The mounts of an image's snapshot, for mount points of type "image" (their `source` is its key).
    std::function<Result<std::vector<oci::Mount>>(const MountPoint&)> image_mounts;
    const HostFacts& host;
};

/// invalid_argument where the request names what the image does not have ("unable to find user x: no
/// matching entries in passwd file") or what this machine refuses; see the rules of each part.
Result<oci::RuntimeSpec> build_spec(const SpecInput& input);

/// The process of an exec in this container (`docker exec`): user, env, cwd and privileges as Docker.
struct ExecRequest {
    Strings command;
    Strings env;
    Strings extra_env;              ///< of links, as in SpecInput
    std::string user;               ///< empty: the container's
    std::string working_directory;  ///< empty: the container's
    bool tty = false;
    bool privileged = false;
    std::optional<std::pair<std::uint16_t, std::uint16_t>> console_size;  ///< height, width
};
/// `root` is the running container's (rootfs.h: open_running_root).
Result<oci::Process> build_exec_process(const Container& container, const ExecRequest& request, int root,
                                        const HostFacts& host);

/// The cgroup part alone, for `docker update` on a running container.
Result<oci::LinuxResources> build_resources(const HostConfig& host_config, const HostFacts& host);

/// Makes in the writable root what Docker's init layer has: /.dockerenv, mount points below /dev and
/// /etc, /proc, /sys, and the working directory, owned by root. Paths of the container, so by R1.
Result<> prepare_rootfs(int root, const Container& container);

}  // namespace tare::container
