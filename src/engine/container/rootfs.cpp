#include "engine/container/rootfs.h"

#include <thread>

#include <fcntl.h>

#include "image/snapshot/snapshotter.h"
#include "posix/file.h"
#include "posix/mount.h"
#include "posix/namespace.h"
#include "posix/path.h"
#include "posix/process.h"
#include "posix/tree.h"

namespace tare::container {

namespace {

using posix::Fd;
using posix::Propagation;
using posix::Recursive;
namespace attribute = posix::mount_attribute;

// Opens something below /proc/PID and makes sure that it is the container's process and not one that got
// its number later.
Result<Fd> open_of_process(const ContainerState& state, std::string_view name, int flags) {
    auto gone = [&] {
        return fail(ErrorKind::not_found, "process ", state.pid, " of the container has ended");
    };
    if (state.pid <= 0) return gone();
    auto pidfd = posix::open_pidfd(state.pid);
    if (!pidfd) return gone();
    auto opened = posix::open_file(cat("/proc/", state.pid, "/", name), flags);
    auto facts = posix::process_facts(state.pid);
    // Still alive behind all of it: the number was its own the whole time.
    if (!opened || !facts || !posix::send_signal(pidfd->get(), 0)) return gone();
    if (state.pid_start_time != 0 && facts->start_time != state.pid_start_time) return gone();
    return opened;
}

// A thread of its own for what changes the mount namespace of whoever does it.
Result<> in_own_thread(const std::function<Result<>()>& work) {
    Result<> result;
    std::thread worker([&] { result = work(); });
    worker.join();
    return result;
}

struct Source {
    Fd file;
    std::string destination;
    bool is_read_only = false;
    Recursive recursive = Recursive::yes;
};

// Opened before anything is covered by the root. What is gone from the host is passed over: cp must work
// on what is left.
Result<std::vector<Source>> open_sources(const Container& container) {
    std::vector<Source> sources;
    auto add = [&](const std::string& path, std::string_view destination, bool read_only,
                   Recursive recursive) {
        if (path.empty()) return;
        if (auto file = posix::open_file(path, O_PATH))
            sources.push_back({.file = std::move(*file),
                               .destination = std::string(destination),
                               .is_read_only = read_only,
                               .recursive = recursive});
    };
    add(container.resolv_conf_path, "/etc/resolv.conf", false, Recursive::no);
    add(container.hostname_path, "/etc/hostname", false, Recursive::no);
    add(container.hosts_path, "/etc/hosts", false, Recursive::no);
    for (const MountPoint& mount : container.mount_points) {
        if (mount.type != "bind" && mount.type != "volume") continue;
        const Recursive recursive = mount.is_recursive ? Recursive::yes : Recursive::no;
        if (mount.subpath.empty()) {
            add(mount.source, mount.destination, !mount.is_writable, recursive);
        } else if (auto volume = posix::open_file(mount.source, O_PATH | O_DIRECTORY)) {
            if (auto file = posix::open_beneath_no_links(volume->get(), mount.subpath, O_PATH))
                sources.push_back({.file = std::move(*file),
                                   .destination = mount.destination,
                                   .is_read_only = !mount.is_writable});
        }
    }
    return sources;
}

Result<Fd> open_target(int root, const Source& source, Access access) {
    if (access == Access::read_only) return posix::open_in_root(root, source.destination, O_PATH);
    if (TRY(posix::status_of(source.file.get())).is(posix::FileType::directory))
        return posix::make_directories_in_root(root, source.destination);
    return posix::make_file_in_root(root, source.destination);
}

Result<> attach_source(int root, const Source& source, Access access) {
    Fd mount = TRY(posix::clone_mount(source.file.get(), source.recursive));
    if (source.is_read_only || access == Access::read_only)
        TRY(posix::set_mount_attributes(mount.get(), attribute::read_only, 0, Propagation::unchanged,
                                        Recursive::yes));
    auto target = open_target(root, source, access);
    // Never been started, so that the place is not there yet: there is nothing to be seen at it either.
    if (!target && target.error().is(ErrorKind::not_found)) return {};
    if (!target) return target.error();
    return posix::attach_mount(mount.get(), target->get());
}

// In a thread whose mount namespace has just become its own.
Result<> build_view(const Container& container, int root, Access access) {
    TRY(posix::set_root_propagation(Propagation::is_private));
    std::vector<Source> sources = TRY(open_sources(container));
    // Any directory of ours serves as the place: nobody else sees it covered.
    Fd place = TRY(posix::open_file(container.directory, O_PATH | O_DIRECTORY));
    TRY(posix::attach_mount(root, place.get()));
    for (const Source& source : sources)
        TRY_CONTEXT(attach_source(root, source, access), cat("mount ", quote(source.destination)));
    if (access == Access::read_only || container.host_config.readonly_rootfs)
        TRY(posix::set_mount_attributes(root, attribute::read_only, 0, Propagation::unchanged,
                                        Recursive::no));
    return {};
}

}  // namespace

Result<Fd> open_running_root(const ContainerState& state) {
    return open_of_process(state, "root", O_PATH | O_DIRECTORY);
}

Result<Fd> clone_running_rootfs(const ContainerState& state) {
    Fd mount_namespace = TRY(open_of_process(state, "ns/mnt", O_RDONLY));
    Fd clone;
    TRY(in_own_thread([&]() -> Result<> {
        // Alone first: a thread that shares its root with others cannot join a mount namespace.
        TRY(posix::unshare_namespaces(posix::namespace_bit::mount));
        TRY(posix::join_namespace(mount_namespace.get(), posix::namespace_bit::mount, "mount"));
        Fd root = TRY(posix::open_file("/", O_PATH | O_DIRECTORY));
        clone = TRY(posix::clone_mount(root.get(), Recursive::no));
        return {};
    }));
    return clone;
}

Result<RootfsView> RootfsView::open(const Container& container, snapshot::Snapshotter& snapshotter,
                                    Access access) {
    RootfsView view;
    if (container.state.is_running()) {
        view.root_ = TRY(open_running_root(container.state));
        return view;
    }
    view.root_ = TRY(snapshotter.make_detached_mount(container.snapshot_key));
    TRY(in_own_thread([&]() -> Result<> {
        TRY(posix::unshare_namespaces(posix::namespace_bit::mount));
        // Without a holder the mounts would end with this thread.
        view.mount_namespace_ = TRY(posix::open_file("/proc/thread-self/ns/mnt", O_RDONLY));
        return build_view(container, view.root_.get(), access);
    }));
    return view;
}

}  // namespace tare::container
