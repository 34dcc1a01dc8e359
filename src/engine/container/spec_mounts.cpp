// What is mounted where: Docker's defaults, the daemon's files, and what the user asked for.

#include <algorithm>

#include <fcntl.h>

#include "engine/container/spec_parts.h"
#include "engine/container/tmpfs_options.h"
#include "posix/file.h"
#include "posix/path.h"
#include "posix/process.h"

namespace tare::container {

namespace {

constexpr std::int64_t kDefaultShmBytes = 64LL << 20;

std::vector<oci::Mount> default_mounts() {
    return {
        {"/proc", "proc", "proc", {"nosuid", "noexec", "nodev"}},
        {"/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}},
        {"/dev/pts",
         "devpts",
         "devpts",
         {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}},
        {"/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"}},
        {"/sys/fs/cgroup", "cgroup", "cgroup", {"ro", "nosuid", "noexec", "nodev"}},
        {"/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}},
    };
}

// The shared memory that the IPC mode means; nothing where the container has none.
std::optional<oci::Mount> shared_memory_mount(const SpecInput& input) {
    const HostConfig& host_config = input.container.host_config;
    if (host_config.ipc_mode == "none") return std::nullopt;
    if (host_config.ipc_mode == "host")
        return oci::Mount{"/dev/shm", "bind", "/dev/shm", {"rbind", "rprivate"}};
    if (!input.shared_memory.empty())
        return oci::Mount{"/dev/shm", "bind", input.shared_memory, {"rbind", "rprivate"}};
    const std::int64_t bytes = host_config.shm_size_bytes > 0 ? host_config.shm_size_bytes : kDefaultShmBytes;
    return oci::Mount{
        "/dev/shm", "tmpfs", "shm", {"nosuid", "noexec", "nodev", "mode=1777", cat("size=", bytes)}};
}

void make_writable(std::vector<oci::Mount>& mounts, std::string_view destination) {
    for (oci::Mount& mount : mounts)
        if (mount.destination == destination) std::erase(mount.options, "ro");
}

// The files that the daemon keeps for the container; a mount of the user's over one of them comes later and
// wins.
std::vector<oci::Mount> file_mounts(const Container& container) {
    std::vector<oci::Mount> mounts;
    auto add = [&](const std::string& source, std::string_view destination) {
        if (!source.empty())
            mounts.push_back({std::string(destination), "bind", source, {"rbind", "rprivate"}});
    };
    add(container.resolv_conf_path, "/etc/resolv.conf");
    add(container.hostname_path, "/etc/hostname");
    add(container.hosts_path, "/etc/hosts");
    return mounts;
}

// A path below a volume, opened now so that whoever else writes to the volume cannot exchange it; the
// mount's source is the open descriptor.
Result<std::string> pin_subpath(const SpecInput& input, const MountPoint& mount) {
    if (input.pinned == nullptr)
        return fail(ErrorKind::unimplemented, "mount ", quote(mount.destination), ": subpath");
    posix::Fd volume = TRY(posix::open_file(mount.source, O_PATH | O_DIRECTORY));
    auto source = posix::open_beneath_no_links(volume.get(), mount.subpath, O_PATH);
    if (!source) return source.error().prepend(cat("subpath ", quote(mount.subpath), " of ", mount.name));
    const std::string path = cat("/proc/", posix::own_pid(), "/fd/", source->get());
    input.pinned->push_back(std::move(*source));
    return path;
}

Result<oci::Mount> bind_mount(const SpecInput& input, const MountPoint& mount) {
    std::string source = mount.source;
    if (!mount.subpath.empty()) source = TRY(pin_subpath(input, mount));
    oci::Mount bind{mount.destination, "bind", std::move(source), {}};
    bind.options.push_back(mount.is_recursive ? "rbind" : "bind");
    if (!mount.is_writable) bind.options.push_back(mount.is_read_only_recursive ? "rro" : "ro");
    bind.options.push_back(mount.propagation.empty() ? "rprivate" : mount.propagation);
    return bind;
}

Result<std::vector<oci::Mount>> image_mount(const SpecInput& input, const MountPoint& mount) {
    if (!input.image_mounts)
        return fail(ErrorKind::unimplemented, "mount ", quote(mount.destination), ": images");
    std::vector<oci::Mount> mounts = TRY(input.image_mounts(mount));
    for (oci::Mount& layer : mounts) {
        layer.destination = mount.destination;
        if (std::ranges::find(layer.options, "ro") == layer.options.end()) layer.options.push_back("ro");
    }
    return mounts;
}

Result<std::vector<oci::Mount>> user_mounts(const SpecInput& input) {
    std::vector<oci::Mount> mounts;
    for (const MountPoint& mount : input.container.mount_points) {
        if (mount.type == "tmpfs") {
            auto options = TRY(merge_tmpfs_options(mount.tmpfs_options));
            mounts.push_back({mount.destination, "tmpfs", "tmpfs", std::move(options)});
        } else if (mount.type == "image") {
            for (oci::Mount& layer : TRY(image_mount(input, mount)))
                mounts.push_back(std::move(layer));
        } else {
            mounts.push_back(TRY(bind_mount(input, mount)));
        }
    }
    return mounts;
}

bool has_destination(const std::vector<oci::Mount>& mounts, std::string_view destination) {
    return std::ranges::find(mounts, destination, &oci::Mount::destination) != mounts.end();
}

// A default gives way to a mount of the user's; of a /dev of theirs, everything below it.
void drop_superseded(std::vector<oci::Mount>& defaults, const std::vector<oci::Mount>& users) {
    const bool has_dev = has_destination(users, "/dev");
    std::erase_if(defaults, [&](const oci::Mount& mount) {
        return has_destination(users, mount.destination) ||
               (has_dev && mount.destination.starts_with("/dev/"));
    });
}

std::ptrdiff_t depth(const oci::Mount& mount) {
    return std::ranges::count(mount.destination, '/');
}

// A root that reaches the outside must not be private itself, or nothing would get through.
void set_root_propagation(oci::RuntimeSpec& spec, const std::vector<MountPoint>& mounts) {
    std::string& propagation = spec.linux_section.rootfs_propagation;
    for (const MountPoint& mount : mounts) {
        if (mount.propagation == "shared" || mount.propagation == "rshared") propagation = "shared";
        if ((mount.propagation == "slave" || mount.propagation == "rslave") && propagation != "shared")
            propagation = "rslave";
    }
}

}  // namespace

Result<> add_mounts(oci::RuntimeSpec& spec, const SpecInput& input, const SecurityOptions& security) {
    const HostConfig& host_config = input.container.host_config;
    std::vector<oci::Mount> mounts = default_mounts();
    if (auto shm = shared_memory_mount(input)) mounts.push_back(std::move(*shm));
    if (host_config.privileged) make_writable(mounts, "/sys");
    if (host_config.privileged || (security.writable_cgroups && host_config.cgroupns_mode == "private"))
        make_writable(mounts, "/sys/fs/cgroup");

    std::vector<oci::Mount> users = file_mounts(input.container);
    if (runs_init(host_config)) {
        if (input.host.init_binary.empty())
            return fail(ErrorKind::failed_precondition, "--init: tare-init is not installed");
        users.push_back({std::string(kInitInContainer), "bind", input.host.init_binary, {"bind", "ro"}});
    }
    std::vector<oci::Mount> asked = TRY(user_mounts(input));
    drop_superseded(users, asked);
    users.insert(users.end(), asked.begin(), asked.end());
    std::ranges::stable_sort(users, std::less(), depth);
    drop_superseded(mounts, users);
    mounts.insert(mounts.end(), users.begin(), users.end());
    spec.mounts = std::move(mounts);
    set_root_propagation(spec, input.container.mount_points);
    return {};
}

}  // namespace tare::container
