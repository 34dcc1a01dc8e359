#pragma once

// A container's file system for the daemon: cp, export, diff, user lookup. Nothing is ever mounted in
// the host's mount namespace: a stopped container's layers become a detached mount, and a running one
// is entered through /proc/PID/root behind a pidfd that proves the pid is still its.

#include <functional>

#include "engine/container/container.h"
#include "image/layer/archive.h"
#include "image/layer/diff.h"
#include "oci/runtime_spec.h"

namespace tare::snapshot {
class Snapshotter;
}

namespace tare::container {

enum class Access { read_only, read_write };

/// A detached mount of a snapshot's mounts (of Snapshotter::mounts): its root directory. With
/// read_only nothing can be changed through it, and an overlay's upper directory is only looked at.
Result<posix::Fd> mount_rootfs(const std::vector<oci::Mount>& mounts, Access access = Access::read_write);

/// The root of a running container's main process as it sees it, volumes included. not_found if
/// `state.pid` has ended or is another's by now.
Result<posix::Fd> open_running_root(const ContainerState& state);

/// The container's root, running or not. Of a stopped one with its volumes and binds attached (as
/// Docker's cp sees it) in a private mount namespace of a worker.
class RootfsView {
  public:
    static Result<RootfsView> open(const Container& container, snapshot::Snapshotter& snapshotter,
                                   Access access);
    int root() const { return root_.get(); }

  private:
    posix::Fd root_;
};

// The verbs of the API. Paths are the container's. not_found "Could not find the file PATH in container
// NAME" and the other texts are Docker's.

Result<layer::PathStatus> stat_path(const Container& container, snapshot::Snapshotter& snapshotter,
                                    const std::string& path);
/// `docker cp CONTAINER:PATH -`: writes a tar; `on_status` is told first (the header of the response).
Result<> copy_from(const Container& container, snapshot::Snapshotter& snapshotter, const std::string& path,
                   const std::function<Result<>(const layer::PathStatus&)>& on_status, layer::ByteSink& tar);
struct CopyToOptions {
    bool no_overwrite_directory_with_other = false;  ///< noOverwriteDirNonDir
    bool keep_container_owner = false;               ///< copyUIDGID: what is written is owned by its user
};
/// `docker cp - CONTAINER:PATH`. permission_denied "container rootfs is marked read-only" unless the path
/// is on a writable volume.
Result<> copy_to(const Container& container, snapshot::Snapshotter& snapshotter, const std::string& path,
                 layer::ByteSource& tar, const CopyToOptions& options = {});
/// `docker export`: the root without volumes.
Result<> export_rootfs(const Container& container, snapshot::Snapshotter& snapshotter, layer::ByteSink& tar);
/// `docker diff`: without what tare itself put there.
Result<std::vector<layer::Change>> changes(const Container& container, snapshot::Snapshotter& snapshotter);
/// The same as a layer (`docker commit`).
Result<> write_layer(const Container& container, snapshot::Snapshotter& snapshotter, layer::ByteSink& tar);

}  // namespace tare::container
