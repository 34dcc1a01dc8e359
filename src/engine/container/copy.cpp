// cp, export, diff and commit on a container's files, with Docker's texts.

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

#include "engine/container/rootfs.h"
#include "engine/container/spec_parts.h"
#include "engine/container/user.h"
#include "image/snapshot/snapshotter.h"
#include "posix/path.h"

namespace tare::container {

namespace {

// What tare itself makes in a root (prepare_rootfs, mount points): no change of the user's.
constexpr auto kOwnPaths = std::to_array<std::string_view>(
    {"/.dockerenv", "/dev/console", "/dev/pts", "/dev/shm", "/dev/mqueue", "/etc/hostname", "/etc/hosts",
     "/etc/mtab", "/etc/resolv.conf", "/proc", "/sys"});

Error with_path(const Error& error, const std::string& path, const Container& container) {
    if (error.is(ErrorKind::not_found) && error.error_number() == ENOENT)
        return fail(ErrorKind::not_found, "Could not find the file ", path, " in container ", container.name);
    return error;
}

bool is_below(std::string_view path, std::string_view directory) {
    return path == directory || (path.starts_with(directory) && path[directory.size()] == '/');
}

// The kernel refused a write; which of Docker's two reasons it is follows from where it was.
Error with_read_only(const Error& error, const std::string& path, const Container& container) {
    if (error.error_number() != EROFS) return error;
    const std::string clean = posix::clean_path(path);
    auto holds_path = [&](const MountPoint& mount) { return is_below(clean, mount.destination); };
    const bool is_volume = std::ranges::any_of(container.mount_points, holds_path);
    return fail(ErrorKind::permission_denied,
                is_volume ? "mounted volume is marked read-only" : "container rootfs is marked read-only");
}

// Refused before anything is read, so that an empty archive is refused too.
Result<> check_writable(const Container& container, const std::string& path) {
    const std::string clean = posix::clean_path(path);
    const MountPoint* deepest = nullptr;
    for (const MountPoint& mount : container.mount_points)
        if (is_below(clean, mount.destination) &&
            (deepest == nullptr || mount.destination.size() > deepest->destination.size()))
            deepest = &mount;
    if (deepest != nullptr ? deepest->is_writable : !container.host_config.readonly_rootfs) return {};
    return with_read_only(fail(ErrorKind::permission_denied, path).set_error_number(EROFS), path, container);
}

Strings own_paths(const Container& container) {
    Strings paths(kOwnPaths.begin(), kOwnPaths.end());
    for (const MountPoint& mount : container.mount_points)
        paths.push_back(mount.destination);
    if (runs_init(container.host_config)) paths.emplace_back(kInitInContainer);
    return paths;
}

// A directory that is "modified" only because something of ours was made in it.
void drop_parents_of_own(std::vector<layer::Change>& changes, const Strings& own) {
    std::vector<layer::Change> kept;
    for (std::size_t i = changes.size(); i-- > 0;) {
        layer::Change& change = changes[i];
        auto holds = [&](const std::string& path) {
            return path != change.path && is_below(path, change.path);
        };
        const bool has_reported_child = !kept.empty() && is_below(kept.back().path, change.path);
        if (change.kind != layer::ChangeKind::deleted && !has_reported_child &&
            std::ranges::any_of(own, holds))
            continue;
        kept.push_back(std::move(change));
    }
    std::ranges::reverse(kept);
    changes = std::move(kept);
}

struct OpenedDiff {
    snapshot::Trees trees;
    std::vector<int> lowers;
    layer::DiffRequest request;
};

Result<std::unique_ptr<OpenedDiff>> open_diff(const Container& container, snapshot::Snapshotter& snapshotter,
                                              const Strings& own) {
    auto diff = std::make_unique<OpenedDiff>();
    diff->trees = TRY(snapshotter.open_trees(container.snapshot_key));
    diff->lowers = diff->trees.lower_roots();
    diff->request = {
        .source = diff->trees.source,
        .above = diff->trees.upper.get(),
        .below = diff->lowers,
        .skip = [&own](const std::string& path) { return std::ranges::find(own, path) != own.end(); }};
    return diff;
}

}  // namespace

Result<layer::PathStatus> stat_path(const Container& container, snapshot::Snapshotter& snapshotter,
                                    const std::string& path) {
    RootfsView view = TRY(RootfsView::open(container, snapshotter, Access::read_only));
    auto status = layer::status_in_root(view.root(), path);
    if (!status) return with_path(status.error(), path, container);
    return status;
}

Result<> copy_from(const Container& container, snapshot::Snapshotter& snapshotter, const std::string& path,
                   const std::function<Result<>(const layer::PathStatus&)>& on_status, layer::ByteSink& tar) {
    RootfsView view = TRY(RootfsView::open(container, snapshotter, Access::read_only));
    auto status = layer::status_in_root(view.root(), path);
    if (!status) return with_path(status.error(), path, container);
    TRY(on_status(*status));
    auto packed = layer::pack_path(view.root(), path, tar);
    if (!packed) return with_path(packed.error(), path, container);
    return {};
}

Result<> copy_to(const Container& container, snapshot::Snapshotter& snapshotter, const std::string& path,
                 layer::ByteSource& tar, const CopyToOptions& options) {
    RootfsView view = TRY(RootfsView::open(container, snapshotter, Access::read_write));
    auto status = layer::status_in_root(view.root(), path.ends_with('/') ? path : cat(path, "/"));
    if (!status && status.error().error_number() == ENOTDIR)
        return fail(ErrorKind::invalid_argument, "extraction point is not a directory");
    if (!status) return with_path(status.error(), path, container);
    TRY(check_writable(container, path));
    layer::ExtractOptions extract{.overwrite_type = options.no_overwrite_directory_with_other
                                                        ? layer::OverwriteType::refused
                                                        : layer::OverwriteType::allowed,
                                  .worker = options.worker,
                                  .cancel = options.cancel};
    if (options.keep_container_owner) {
        const oci::User user = TRY(resolve_user(view.root(), container.config.user, {}));
        extract.uid = user.uid;
        extract.gid = user.gid;
    }
    auto extracted = layer::extract_into(view.root(), path, tar, extract);
    if (!extracted) return with_read_only(with_path(extracted.error(), path, container), path, container);
    return {};
}

Result<> export_rootfs(const Container& container, snapshot::Snapshotter& snapshotter, layer::ByteSink& tar) {
    posix::Fd root = container.state.is_running() ? TRY(clone_running_rootfs(container.state))
                         : TRY(snapshotter.make_detached_mount(container.snapshot_key));
                         return layer::pack_tree(root.get(), tar);
}

Result<std::vector<layer::Change>> changes(const Container& container, snapshot::Snapshotter& snapshotter) {
    const Strings own = own_paths(container);
    auto diff = TRY(open_diff(container, snapshotter, own));
    std::vector<layer::Change> changes = TRY(layer::list_changes(diff->request));
    drop_parents_of_own(changes, own);
    return changes;
}

Result<> write_layer(const Container& container, snapshot::Snapshotter& snapshotter, layer::ByteSink& tar) {
    const Strings own = own_paths(container);
    auto diff = TRY(open_diff(container, snapshotter, own));
    return layer::write_changes(diff->request, tar);
}

}  // namespace tare::container
