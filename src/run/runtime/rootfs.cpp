#include "run/runtime/rootfs.h"

#include <cerrno>

#include <fcntl.h>

#include "posix/file.h"
#include "posix/path.h"
#include "posix/process.h"
#include "run/runtime/mount_options.h"

namespace tare::runtime {

namespace {

Result<posix::Propagation> root_propagation(std::string_view name) {
    if (name.empty() || name == "rslave" || name == "slave") return posix::Propagation::slave;
    if (name == "private" || name == "rprivate") return posix::Propagation::is_private;
    if (name == "shared" || name == "rshared") return posix::Propagation::shared;
    if (name == "unbindable" || name == "runbindable") return posix::Propagation::unbindable;
    return fail(ErrorKind::invalid_argument, "config.json: linux.rootfsPropagation ", quote(name),
                " is unknown");
}

bool is_bind(const oci::Mount& mount) {
    return mount.type == "bind" || parse_mount_options(mount.options).is_bind;
}

/// The source of a bind, and of a shared one its clone too: once the host's mounts are slaves in here, a
/// clone would be one as well, and what the container mounts below it would never reach the host.
Result<> open_bind(RootContext& context, const oci::Mount& mount) {
    posix::Fd source;
    posix::Fd clone;
    if (is_bind(mount)) {
        source = TRY(posix::open_file(mount.source, O_PATH));
        const MountOptions options = parse_mount_options(mount.options);
        if (options.propagation == posix::Propagation::shared)
            clone = TRY(posix::clone_mount(source.get(), options.recursive));
    }
    context.bind_sources.push_back(std::move(source));
    context.shared_binds.push_back(std::move(clone));
    return {};
}

/// Each on the root that the ones before it make.
Result<> attach_root_mounts(RootContext& context, posix::Fd directory) {
    for (std::size_t i = 0; i < context.root_mounts->size(); ++i) {
        const oci::Mount& mount = (*context.root_mounts)[i];
        bool is_whole = mount.destination.empty() || mount.destination == "/";
        posix::Fd target;
        if (!is_whole)
            target = TRY_CONTEXT(posix::open_in_root(directory.get(), mount.destination, O_PATH),
                                 cat("root filesystem: ", quote(mount.destination)));
        posix::Fd top = TRY(posix::duplicate((*context.root_mount_fds)[i].get()));
        TRY_CONTEXT(posix::attach_mount(top.get(), is_whole ? directory.get() : target.get()),
                    "root filesystem");
        if (is_whole) directory = std::move(top);
    }
    context.root = std::move(directory);
    return posix::set_mount_attributes(context.root.get(), 0, 0, posix::Propagation::is_private,
                                       posix::Recursive::no);
}

}  // namespace

Result<posix::Fd> open_private_procfs() {
    namespace attribute = posix::mount_attribute;
    return TRY_CONTEXT(
        posix::make_mount("proc", "proc", {}, attribute::nosuid | attribute::nodev | attribute::noexec),
        "private procfs");
}

Result<posix::Fd> open_checked_null() {
    posix::Fd null = TRY(posix::open_file("/dev/null", O_PATH | O_NOFOLLOW));
    auto facts = TRY(posix::node_facts(null.get()));
    if (facts.kind != posix::NodeFacts::Kind::character || facts.device_major != 1 || facts.device_minor != 3)
        return fail(ErrorKind::failed_precondition, "/dev/null of the host is not character device 1:3");
    return null;
}

std::string own_proc(std::string_view path) {
    return cat(posix::own_pid(), "/", path);
}

Result<> write_proc(int procfs, std::string_view path, std::string_view value) {
    auto file = posix::open_beneath_no_links(procfs, path, O_WRONLY);
    if (!file) return file.error().prepend("write to procfs");
    auto written = posix::write_some(file->get(), value);
    if (!written) return written.error().prepend(cat("write ", quote(value), " to /proc/", path));
    return {};
}

Result<> open_root(RootContext& context) {
    context.has_user_namespace = context.spec.linux_section.find(oci::NamespaceKind::user) != nullptr;
    context.has_cgroup_namespace = context.spec.linux_section.find(oci::NamespaceKind::cgroup) != nullptr;
    for (auto& mount : context.spec.mounts)
        TRY_CONTEXT(open_bind(context, mount), cat("mount ", quote(mount.destination)));
    // Nothing else that happens in here travels to the host. A shared root is shared again at the very end.
    auto propagation = TRY(root_propagation(context.spec.linux_section.rootfs_propagation));
    TRY(posix::set_root_propagation(
        propagation == posix::Propagation::is_private ? propagation : posix::Propagation::slave));
    context.null = TRY(open_checked_null());
    const std::string& path = context.spec.root_path;
    posix::Fd directory = TRY_CONTEXT(posix::open_file(path, O_PATH | O_DIRECTORY), "root filesystem");
    if (context.root_mounts && !context.root_mounts->empty())
        return attach_root_mounts(context, std::move(directory));
    context.root = TRY(posix::clone_mount(directory.get(), posix::Recursive::yes));
    TRY(posix::set_mount_attributes(context.root.get(), 0, 0, posix::Propagation::is_private,
                                    posix::Recursive::no));
    return posix::attach_mount(context.root.get(), directory.get());
}

Result<> set_sysctls(RootContext& context) {
    for (auto& [name, value] : context.spec.linux_section.sysctl) {
        // One name, one file: dots become slashes, unless the name is written with slashes already.
        std::string path = name;
        if (name.find('/') == std::string::npos) path = replace_all(name, ".", "/");
        if (path.find("..") != std::string::npos || path.starts_with('/'))
            return fail(ErrorKind::invalid_argument, "sysctl ", quote(name), " is not a name");
        TRY_CONTEXT(write_proc(context.procfs.get(), cat("sys/", path), value), cat("sysctl ", quote(name)));
    }
    return {};
}

Result<> finish_root(RootContext& context) {
    if (context.spec.root_readonly)
        TRY_CONTEXT(posix::set_mount_attributes(context.root.get(), posix::mount_attribute::read_only, 0,
                                                posix::Propagation::unchanged, posix::Recursive::no),
                    "make the root read-only");
    return {};
}

Result<> share_root(RootContext& context) {
    const std::string& name = context.spec.linux_section.rootfs_propagation;
    auto propagation = TRY(root_propagation(name));
    const auto recursive = name.starts_with('r') ? posix::Recursive::yes : posix::Recursive::no;
    if (propagation == posix::Propagation::shared || propagation == posix::Propagation::unbindable)
        TRY(posix::set_mount_attributes(context.root.get(), 0, 0, propagation, recursive));
    return {};
}

}  // namespace tare::runtime
