#include "engine/volume/local_options.h"

#include <algorithm>
#include <array>

#include "posix/mount.h"

namespace tare::volume {

namespace {

struct FlagOption {
    std::string_view name;
    std::uint64_t set;
};
constexpr std::array kFlags{FlagOption{"ro", posix::mount_attribute::read_only},
                            FlagOption{"nosuid", posix::mount_attribute::nosuid},
                            FlagOption{"nodev", posix::mount_attribute::nodev},
                            FlagOption{"noexec", posix::mount_attribute::noexec},
                            FlagOption{"noatime", posix::mount_attribute::noatime},
                            FlagOption{"rw", 0},
                            FlagOption{"suid", 0},
                            FlagOption{"dev", 0},
                            FlagOption{"exec", 0},
                            FlagOption{"relatime", 0},
                            FlagOption{"defaults", 0},
                            FlagOption{"bind", 0},
                            FlagOption{"rbind", 0}};

std::string option(const DriverOptions& options, const std::string& key) {
    auto found = options.find(key);
    return found == options.end() ? "" : found->second;
}

Error refuse_network(const std::string& type) {
    Error error = fail(ErrorKind::unimplemented, "volume of type ", quote(type),
                       ": network file systems are not mounted for volumes");
    return error.set_hint(
        "mount it on the host and use a bind: --opt type=none --opt o=bind --opt device=PATH");
}

/// Sorts "ro,size=10m" into flags of the mount and options of the file system.
bool read_flags(const std::string& list, LocalMount& mount) {
    bool is_bind = false;
    for (auto word : split(list, ',')) {
        if (word.empty()) continue;
        if (word == "bind" || word == "rbind") is_bind = true;
        auto flag = std::ranges::find(kFlags, word, &FlagOption::name);
        if (flag == kFlags.end()) {
            mount.data += cat(mount.data.empty() ? "" : ",", word);
        } else {
            mount.attributes |= flag->set;
        }
    }
    mount.is_read_only = (mount.attributes & posix::mount_attribute::read_only) != 0;
    return is_bind;
}

}  // namespace

Result<LocalMount> parse_local_options(const DriverOptions& options) {
    for (auto& [key, value] : options)
        if (key != "type" && key != "device" && key != "o")
            return fail(ErrorKind::invalid_argument, "invalid option: ", quote(key));
    LocalMount mount{.type = option(options, "type"), .device = option(options, "device")};
    std::string list = option(options, "o");
    if (mount.type.empty() && mount.device.empty() && list.empty()) return mount;
    if (mount.type.starts_with("nfs") || mount.type == "cifs" || mount.type == "smb3" ||
        mount.type == "ceph" || mount.type.starts_with("fuse"))
        return refuse_network(mount.type);
    bool is_bind = read_flags(list, mount);
    if (mount.device.empty()) return fail(ErrorKind::invalid_argument, "missing required option: \"device\"");
    if (is_bind || mount.type == "bind" || mount.type == "none") {
        if (!mount.device.starts_with('/'))
            return fail(ErrorKind::invalid_argument,
                        "option \"device\" of a bind must be an absolute path, not ", quote(mount.device));
        if (!mount.data.empty())
            return fail(ErrorKind::invalid_argument, "option \"o\" of a bind: unknown ", quote(mount.data));
        mount.kind = LocalMount::Kind::bind;
        return mount;
    }
    if (mount.type.empty()) return fail(ErrorKind::invalid_argument, "missing required option: \"type\"");
    if (mount.type != "tmpfs" && !mount.device.starts_with("/dev/"))
        return fail(ErrorKind::invalid_argument, "volume of type ", quote(mount.type), ": device ",
                    quote(mount.device), " is no block device");
    mount.kind = LocalMount::Kind::file_system;
    return mount;
}

}  // namespace tare::volume
