#include "engine/container/rootfs.h"
#include "engine/container/spec.h"
#include "engine/supervisor/supervisor_impl.h"
#include "image/snapshot/snapshotter.h"

namespace tare::supervisor {

namespace {

/// The namespace file of the container that a mode "container:X" names; empty for other modes.
Result<std::string> namespace_of_other(const Containers& containers, const std::string& space,
                                       const std::string& mode, std::string_view kind) {
    auto reference = container::container_of_mode(mode);
    if (!reference) return std::string();
    ContainerRef other = TRY(containers.find(space, *reference));
    if (!other->state.is_running())
        return fail(ErrorKind::failed_precondition, "cannot join ", kind, " namespace of container ",
                    other->id, ": it is not running");
    return cat("/proc/", other->state.pid, "/ns/", kind);
}

}  // namespace

Result<oci::RuntimeSpec> Supervisor::Impl::make_spec(const Container& container,
                                                     std::vector<posix::Fd>& pinned) {
    const container::HostConfig& host_config = container.host_config;
    const std::string ipc =
        TRY(namespace_of_other(parts.containers, parts.space, host_config.ipc_mode, "ipc"));
    const std::string pid =
        TRY(namespace_of_other(parts.containers, parts.space, host_config.pid_mode, "pid"));
    // Closed before the shim mounts the same snapshot.
    posix::Fd root = TRY(parts.snapshotter.make_detached_mount(container.snapshot_key));
    TRY(container::prepare_rootfs(root.get(), container));
    return container::build_spec({.container = container,
                                  .root = root.get(),
                                  .network_namespace = container.network_settings.sandbox_key,
                                  .ipc_namespace = ipc,
                                  .pid_namespace = pid,
                                  .pinned = &pinned,
                                  .host = parts.host});
}

}  // namespace tare::supervisor
