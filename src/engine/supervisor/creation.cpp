#include "engine/supervisor/creation.h"

#include <fcntl.h>

#include "base/fault.h"
#include "base/log.h"
#include "engine/volume/volumes.h"
#include "image/snapshot/snapshotter.h"
#include "posix/file.h"
#include "posix/path.h"

namespace tare::supervisor {

namespace {

volume::CreateRequest volume_request(const container::Container& container,
                                     const container::MountPoint& mount) {
    // An anonymous volume has a name made up by now; it is marked as such by its label, as in Docker.
    volume::CreateRequest request{.name = mount.is_anonymous ? "" : mount.name, .driver = mount.driver};
    for (const container::MountRequest& asked : container.host_config.mounts) {
        if (asked.type != "volume" || asked.target != mount.destination) continue;
        request.labels.insert(asked.volume_labels.begin(), asked.volume_labels.end());
        request.options.insert(asked.driver_options.begin(), asked.driver_options.end());
    }
    return request;
}

}  // namespace

Result<> Creation::make_directory() {
    TRY(posix::make_directories(parts_.containers_directory, 0700));
    has_directory_ = true;
    TRY_CONTEXT(posix::make_directory(container_.directory, 0700), "make the container's directory");
    return fault::point("supervisor.create.directory_made");
}

Result<> Creation::make_snapshot(const transfer::ResolvedImage& image) {
    snapshot::Snapshotter& snapshotter = parts_.snapshotter;
    hold_.emplace(TRY(store::Hold::begin(parts_.database, container_.space)));
    const Digest parent = TRY(parts_.images.unpack(container_.space, image));
    container_.snapshotter = std::string(snapshotter.name());
    container_.snapshot_key = cat(container_.space, "/", container_.id);
    TRY(hold_->add(store::ResourceKind::snapshot, cat(snapshotter.name(), "/", container_.snapshot_key)));
    has_snapshot_ = true;
    TRY(snapshotter.prepare(container_.snapshot_key, parent.text()));
    return fault::point("supervisor.create.snapshot_made");
}

Result<> Creation::make_volumes() {
    for (container::MountPoint& mount : container_.mount_points)
        if (mount.type == "volume") TRY(make_volume(mount));
    root_.reset();
    return fault::point("supervisor.create.volumes_made");
}

Result<> Creation::make_volume(container::MountPoint& mount) {
    has_volumes_ = true;
    const volume::Volume made = TRY(parts_.volumes.create(volume_request(container_, mount)));
    mount.name = made.name;
    mount.driver = made.driver;
    mount.source = made.mountpoint;
    TRY(parts_.volumes.reference(made.name, full_name()));
    if (mount.copies_up && mount.subpath.empty()) TRY(copy_up(mount));
    return {};
}

Result<> Creation::copy_up(const container::MountPoint& mount) {
    if (!root_) root_ = TRY(parts_.snapshotter.make_detached_mount(container_.snapshot_key));
    auto directory = posix::open_in_root(root_.get(), mount.destination, O_RDONLY | O_DIRECTORY);
    // The image has nothing there (or a file): an empty volume it is.
    if (!directory) return {};
    return parts_.volumes.populate(mount.name, directory->get());
}

Creation::~Creation() {
    if (is_kept_) return;
    root_.reset();
    auto note = [&](std::string_view what, const Result<>& result) {
        if (!result && !result.error().is(ErrorKind::not_found))
            log::failure(cat(what, " of a container that was not created"), result.error());
    };
    if (has_volumes_) {
        auto released = parts_.volumes.release(full_name());
        if (!released) log::failure("release the volumes of a container", released.error());
        for (const volume::Volume& volume : released.value_or(std::vector<volume::Volume>()))
            if (volume.is_anonymous) note("remove a volume", parts_.volumes.remove(volume.name));
    }
    if (has_snapshot_) note("remove the snapshot", parts_.snapshotter.remove(container_.snapshot_key));
    if (has_directory_) note("remove the directory", posix::remove_tree(container_.directory));
}

}  // namespace tare::supervisor
