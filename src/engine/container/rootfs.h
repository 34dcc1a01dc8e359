#pragma once

// A container's file system for the daemon: cp, export, diff, commit. Nothing is ever mounted in the
// host's mount namespace: a stopped container's layers become a detached mount (in a mount namespace of
// its own where volumes belong to the view), and a running one is entered through /proc/PID/root behind
// a check that the process is still its.
//
// The layers of a container must not be mounted twice at a time: of one that does not run, callers hold the
// life-cycle lock (containers.h) until the verb returns, and look at its state again once they have it.

#include <functional>
#include <stop_token>

#include "engine/container/container.h"
#include "image/layer/archive.h"
#include "image/layer/diff.h"
#include "oci/runtime_spec.h"

namespace tare::snapshot {
class Snapshotter;
}

namespace tare::container {

enum class Access { read_only, read_write };

/// The root of a running container's main process as it sees it, volumes included. not_found if
/// `state.pid` has ended or is another's by now.
Result<posix::Fd> open_running_root(const ContainerState& state);

/// The root file system alone of a running container, without what is mounted below it: a detached clone.
Result<posix::Fd> clone_running_rootfs(const ContainerState& state);

/// The container's root with its volumes, binds and files below /etc, running or not. With read_only of
/// a stopped one nothing can be changed through it; what is read-only in the container is so here.
class RootfsView {
  public:
    static Result<RootfsView> open(const Container& container, snapshot::Snapshotter& snapshotter,
                                   Access access);
    int root() const { return root_.get(); }

  private:
    /// Keeps what is mounted below the root; empty of a running container.
    posix::Fd mount_namespace_;
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
    const layer::WorkerProgram* worker = nullptr;    ///< decompresses the archive; none: this process
    std::stop_token cancel = {};
    bool keep_container_owner = false;  ///< copyUIDGID: what is written is owned by its user
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
