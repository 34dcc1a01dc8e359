#pragma once

// Mounts by descriptor: source and target are never names that are resolved twice (security rule R2).
// Kernel interface: fsopen(2), fsconfig(2), fsmount(2), open_tree(2), move_mount(2), mount_setattr(2).

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "posix/fd.h"

namespace tare::posix {

/// MOUNT_ATTR_* bits.
namespace mount_attribute {
inline constexpr std::uint64_t read_only = 0x00000001;
inline constexpr std::uint64_t nosuid = 0x00000002;
inline constexpr std::uint64_t nodev = 0x00000004;
inline constexpr std::uint64_t noexec = 0x00000008;
inline constexpr std::uint64_t noatime = 0x00000010;
inline constexpr std::uint64_t strictatime = 0x00000020;
inline constexpr std::uint64_t nodiratime = 0x00000080;
inline constexpr std::uint64_t nosymfollow = 0x00200000;
/// The atime modes exclude each other: the kernel wants all of these bits cleared before one is set.
inline constexpr std::uint64_t atime_mask = 0x00000070;
}  // namespace mount_attribute

enum class Propagation { unchanged, is_private, slave, shared, unbindable };
enum class Recursive { no, yes };

/// A parameter of a file system: key and value, or a flag (no value).
struct FsParameter {
    std::string key;
    std::string value;
    bool is_flag = false;
};

/// Makes a detached mount of a new instance of a file system; the kernel's own reason is in the error.
Result<Fd> make_mount(std::string_view type, std::string_view source,
                      const std::vector<FsParameter>& parameters, std::uint64_t attributes);
/// A detached copy of the mount at `fd` (a bind mount before it is attached).
Result<Fd> clone_mount(int fd, Recursive recursive);
/// Attaches a detached mount on what `target` (O_PATH) refers to.
Result<> attach_mount(int mount, int target);
/// Sets and clears attributes and sets the propagation of the mount `fd` is the root of.
Result<> set_mount_attributes(int fd, std::uint64_t set, std::uint64_t clear, Propagation propagation,
                              Recursive recursive);
/// Shows the owners of a detached mount's files as the user namespace behind `user_namespace` maps them
/// (MOUNT_ATTR_IDMAP; Linux 5.12). invalid_argument if the file system cannot, or it is mapped already.
Result<> set_mount_mapping(int mount, int user_namespace, Recursive recursive);
/// The whole tree below "/" of this mount namespace.
Result<> set_root_propagation(Propagation propagation);

/// mount(2) and umount2(2) by name, for trees of ours (a bundle's rootfs).
Result<> mount_by_name(const std::string& source, const std::string& target, const std::string& type,
                       std::uint64_t attributes, const std::string& data);
/// Unmounts what is on top of `target`, at once for new lookups (MNT_DETACH); nothing mounted there is
/// success.
Result<> unmount(const std::string& target);

/// Makes `root` (the root of a mount) the root of this mount namespace and lets go of the old one.
Result<> pivot_to(int root);
/// fchdir(2), chroot(2) to the current directory.
Result<> change_directory(int fd);
Result<> change_directory(const std::string& path);
Result<> chroot_here();
/// getcwd(2) as the kernel sees it; an error if it lies outside the root ("(unreachable)").
Result<std::string> current_directory();

/// statfs(2): the file system's magic number.
Result<std::uint64_t> file_system_type(int fd);
inline constexpr std::uint64_t kProcMagic = 0x9fa0;
inline constexpr std::uint64_t kSysfsMagic = 0x62656572;

/// What fstat(2) says of a descriptor, as far as mounts and devices need it.
struct NodeFacts {
    enum class Kind { directory, regular, character, block, fifo, link, socket } kind = Kind::regular;
    std::uint64_t device_major = 0;  ///< of a device node
    std::uint64_t device_minor = 0;
    std::uint32_t mode = 0;
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
};
Result<NodeFacts> node_facts(int fd);

/// Creates a device node (or fifo) `name` in `directory`; already_exists if there is one.
Result<> make_node(int directory, const std::string& name, NodeFacts::Kind kind, std::uint32_t mode,
                   std::uint64_t major, std::uint64_t minor);
Result<> make_link(int directory, const std::string& name, const std::string& target);
Result<> change_owner(int fd, std::uint32_t uid, std::uint32_t gid);
Result<> change_mode(int fd, std::uint32_t mode);
Result<> unlink_at(int directory, const std::string& name);

}  // namespace tare::posix
