#include "posix/mount.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "posix/path.h"

namespace tare::posix {

namespace {

/// The kernel explains a refused parameter in the context's message queue: "e overlay: …".
std::string reason_of(int context) {
    char message[512];
    std::string reason;
    ssize_t length = 0;
    while ((length = ::read(context, message, sizeof message)) > 0) {
        std::string_view text(message, static_cast<std::size_t>(length));
        if (text.size() > 2) reason.append(reason.empty() ? "" : "; ").append(trim(text.substr(2)));
    }
    return reason;
}

Error refused(int context, std::string_view operation, std::string_view type) {
    int number = errno;
    Error error = errno_error(number, operation, type);
    std::string reason = reason_of(context);
    if (reason.empty()) return error;
    return Error(error.kind(), cat(error.message(), " (", reason, ")")).set_error_number(number);
}

std::string shown(const std::vector<FsParameter>& parameters) {
    std::string text;
    for (auto& parameter : parameters)
        text += cat(text.empty() ? "" : ",", parameter.key, parameter.is_flag ? "" : "=", parameter.value);
    return text.empty() ? text : cat(" with ", quote(text));
}

std::uint64_t kernel_propagation(Propagation propagation) {
    switch (propagation) {
        case Propagation::unchanged:
            return 0;
        case Propagation::is_private:
            return MS_PRIVATE;
        case Propagation::slave:
            return MS_SLAVE;
        case Propagation::shared:
            return MS_SHARED;
        case Propagation::unbindable:
            return MS_UNBINDABLE;
    }
    return 0;
}

NodeFacts::Kind kind_of(mode_t mode) {
    switch (mode & S_IFMT) {
        case S_IFDIR:
            return NodeFacts::Kind::directory;
        case S_IFCHR:
            return NodeFacts::Kind::character;
        case S_IFBLK:
            return NodeFacts::Kind::block;
        case S_IFIFO:
            return NodeFacts::Kind::fifo;
        case S_IFLNK:
            return NodeFacts::Kind::link;
        case S_IFSOCK:
            return NodeFacts::Kind::socket;
        default:
            return NodeFacts::Kind::regular;
    }
}

}  // namespace

Result<Fd> make_mount(std::string_view type, std::string_view source,
                      const std::vector<FsParameter>& parameters, std::uint64_t attributes) {
    Fd context(static_cast<int>(::syscall(SYS_fsopen, std::string(type).c_str(), FSOPEN_CLOEXEC)));
    if (!context) return last_error("open file system", type);
    auto set = [&](unsigned command, const char* key, const char* value) {
        return ::syscall(SYS_fsconfig, context.get(), command, key, value, 0);
    };
    if (!source.empty() && set(FSCONFIG_SET_STRING, "source", std::string(source).c_str()) < 0)
        return refused(context.get(), "set the source of", type);
    for (auto& parameter : parameters) {
        long outcome = parameter.is_flag
                           ? set(FSCONFIG_SET_FLAG, parameter.key.c_str(), nullptr)
                           : set(FSCONFIG_SET_STRING, parameter.key.c_str(), parameter.value.c_str());
        if (outcome < 0) return refused(context.get(), cat("set option ", quote(parameter.key), " of"), type);
    }
    // A file system that reads its options at this step (overlay before Linux 6.5) does not name the wrong
    // one.
    if (set(FSCONFIG_CMD_CREATE, nullptr, nullptr) < 0)
        return refused(context.get(), "create file system", cat(type, shown(parameters)));
    long mount = ::syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, static_cast<unsigned>(attributes));
    if (mount < 0) return refused(context.get(), "mount file system", type);
    return Fd(static_cast<int>(mount));
}

Result<Fd> clone_mount(int fd, Recursive recursive) {
    unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH;
    if (recursive == Recursive::yes) flags |= AT_RECURSIVE;
    long mount = ::syscall(SYS_open_tree, fd, "", flags);
    if (mount < 0) return last_error("clone a mount");
    return Fd(static_cast<int>(mount));
}

Result<> attach_mount(int mount, int target) {
    unsigned flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
    if (::syscall(SYS_move_mount, mount, "", target, "", flags) < 0) return last_error("attach a mount");
    return {};
}

Result<> set_mount_attributes(int fd, std::uint64_t set, std::uint64_t clear, Propagation propagation,
                              Recursive recursive) {
    mount_attr attributes{};
    attributes.attr_set = set;
    attributes.attr_clr = clear;
    // One atime mode is set by clearing the mask first; relatime is the mask cleared.
    if ((set & mount_attribute::atime_mask) != 0) attributes.attr_clr |= mount_attribute::atime_mask;
    attributes.propagation = kernel_propagation(propagation);
    unsigned flags = AT_EMPTY_PATH | (recursive == Recursive::yes ? static_cast<unsigned>(AT_RECURSIVE) : 0U);
    if (::syscall(SYS_mount_setattr, fd, "", flags, &attributes, sizeof attributes) < 0)
        return last_error("set mount attributes");
    return {};
}

Result<> set_mount_mapping(int mount, int user_namespace, Recursive recursive) {
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_IDMAP;
    attributes.userns_fd = static_cast<std::uint64_t>(user_namespace);
    unsigned flags = AT_EMPTY_PATH | (recursive == Recursive::yes ? static_cast<unsigned>(AT_RECURSIVE) : 0U);
    if (::syscall(SYS_mount_setattr, mount, "", flags, &attributes, sizeof attributes) < 0)
        return last_error("map the ids of a mount");
    return {};
}

Result<> set_root_propagation(Propagation propagation) {
    if (::mount(nullptr, "/", nullptr, kernel_propagation(propagation) | MS_REC, nullptr) < 0)
        return last_error("set the propagation of /");
    return {};
}

Result<> mount_by_name(const std::string& source, const std::string& target, const std::string& type,
                       std::uint64_t attributes, const std::string& data) {
    unsigned long flags = 0;
    if ((attributes & mount_attribute::read_only) != 0) flags |= MS_RDONLY;
    if ((attributes & mount_attribute::nosuid) != 0) flags |= MS_NOSUID;
    if ((attributes & mount_attribute::nodev) != 0) flags |= MS_NODEV;
    if ((attributes & mount_attribute::noexec) != 0) flags |= MS_NOEXEC;
    if (type == "bind") flags |= MS_BIND | MS_REC;
    const char* kernel_type = type == "bind" ? nullptr : type.c_str();
    if (::mount(source.c_str(), target.c_str(), kernel_type, flags, data.c_str()) < 0)
        return last_error("mount", cat(type, " on ", target));
    if (type == "bind" && (flags & MS_RDONLY) != 0 &&
        ::mount(nullptr, target.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) < 0)
        return last_error("make read-only", target);
    return {};
}

Result<> unmount(const std::string& target) {
    if (::umount2(target.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && errno != EINVAL && errno != ENOENT)
        return last_error("unmount", target);
    return {};
}

Result<> pivot_to(int root) {
    const Fd old_root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!old_root) return last_error("open the old root");
    TRY(change_directory(root));
    // The new root is put over the old one and the old one is then on top of "."; so no directory in
    // the image has to hold it (pivot_root(2), "pivot_root(".", ".")").
    if (::syscall(SYS_pivot_root, ".", ".") < 0) return last_error("pivot_root");
    // By its descriptor: "." names the new root below it, whose binds may well be shared.
    TRY(change_directory(old_root.get()));
    // Slave first, so that the unmount does not travel to the host.
    if (::mount(nullptr, ".", nullptr, MS_SLAVE | MS_REC, nullptr) < 0)
        return last_error("detach the old root");
    if (::umount2(".", MNT_DETACH) < 0) return last_error("unmount the old root");
    return change_directory("/");
}

Result<> change_directory(int fd) {
    if (::fchdir(fd) < 0) return last_error("change directory to descriptor", cat(fd));
    return {};
}

Result<> change_directory(const std::string& path) {
    if (::chdir(path.c_str()) < 0) return last_error("change directory to", quote(path));
    return {};
}

Result<> chroot_here() {
    if (::chroot(".") < 0) return last_error("chroot");
    return change_directory("/");
}

Result<std::string> current_directory() {
    char buffer[4096];
    // The system call, not glibc's getcwd, which would walk up by itself.
    if (::syscall(SYS_getcwd, buffer, sizeof buffer) < 0) return last_error("get the working directory");
    if (buffer[0] != '/')
        return fail(ErrorKind::permission_denied, "the working directory is outside of the root");
    return std::string(buffer);
}

Result<std::uint64_t> file_system_type(int fd) {
    struct statfs status{};
    if (::fstatfs(fd, &status) < 0) return last_error("statfs");
    return static_cast<std::uint64_t>(status.f_type);
}

Result<NodeFacts> node_facts(int fd) {
    struct stat status{};
    if (::fstat(fd, &status) < 0) return last_error("stat descriptor", cat(fd));
    return NodeFacts{.kind = kind_of(status.st_mode),
                     .device_major = major(status.st_rdev),
                     .device_minor = minor(status.st_rdev),
                     .mode = status.st_mode & 07777,
                     .uid = status.st_uid,
                     .gid = status.st_gid};
}

Result<> make_node(int directory, const std::string& name, NodeFacts::Kind kind, std::uint32_t mode,
                   std::uint64_t major, std::uint64_t minor) {
    mode_t type = kind == NodeFacts::Kind::block  ? S_IFBLK
                  : kind == NodeFacts::Kind::fifo ? S_IFIFO
                                                  : S_IFCHR;
    dev_t device = kind == NodeFacts::Kind::fifo
                       ? 0
                       : makedev(static_cast<unsigned>(major), static_cast<unsigned>(minor));
    if (::mknodat(directory, name.c_str(), type | mode, device) < 0)
        return last_error("create device", quote(name));
    // mknod is subject to the umask.
    if (::fchmodat(directory, name.c_str(), mode, 0) < 0) return last_error("chmod", quote(name));
    return {};
}

Result<> make_link(int directory, const std::string& name, const std::string& target) {
    if (::symlinkat(target.c_str(), directory, name.c_str()) < 0)
        return last_error("create link", quote(name));
    return {};
}

Result<> change_owner(int fd, std::uint32_t uid, std::uint32_t gid) {
    if (::fchownat(fd, "", uid, gid, AT_EMPTY_PATH) < 0) return last_error("chown descriptor", cat(fd));
    return {};
}

Result<> change_mode(int fd, std::uint32_t mode) {
    if (::chmod(descriptor_path(fd).c_str(), mode) < 0) return last_error("chmod descriptor", cat(fd));
    return {};
}

Result<> unlink_at(int directory, const std::string& name) {
    if (::unlinkat(directory, name.c_str(), 0) < 0 && errno != ENOENT)
        return last_error("remove", quote(name));
    return {};
}

}  // namespace tare::posix
