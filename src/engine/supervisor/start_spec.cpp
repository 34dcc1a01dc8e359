#include "engine/container/propagation.h"
#include "engine/container/rootfs.h"
#include "engine/container/shared_memory.h"
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

/// The /dev/shm that goes with the IPC namespace: its own if others may join, or that of the one joined.
Result<std::string> shared_memory_of(const Containers& containers, const Container& container) {
    auto reference = container::container_of_mode(container.host_config.ipc_mode);
    if (!reference) {
        TRY(container::prepare_shared_memory(container));
        return container::shared_memory_path(container);
    }
    ContainerRef other = TRY(containers.find(container.space, *reference));
    const std::string path = container::shared_memory_path(*other);
    if (path.empty())
        return fail(ErrorKind::invalid_argument, "cannot join IPC of container ", *reference,
                    ": non-shareable IPC (hint: use IpcMode:shareable for the donor container)");
    return path;
}

}  // namespace

Result<oci::RuntimeSpec> Supervisor::Impl::make_spec(const Container& container, int root,
                                                     std::vector<posix::Fd>& pinned) {
    const container::HostConfig& host_config = container.host_config;
    const std::string ipc =
        TRY(namespace_of_other(parts.containers, parts.space, host_config.ipc_mode, "ipc"));
    const std::string pid =
        TRY(namespace_of_other(parts.containers, parts.space, host_config.pid_mode, "pid"));
    TRY(container::check_propagation(container.mount_points));
    TRY(container::prepare_rootfs(root, container));
    const auto links = TRY(linked(container));
    auto shared_memory = TRY(shared_memory_of(parts.containers, container));
    return container::build_spec({.container = container,
                                  .root = root,
                                  .network_namespace = container.network_settings.sandbox_key,
                                  .ipc_namespace = ipc,
                                  .pid_namespace = pid,
                                  .shared_memory = std::move(shared_memory),
                                  .extra_env = link_environment(container, links),
                                  .pinned = &pinned,
                                  .host = parts.host});
}

}  // namespace tare::supervisor
