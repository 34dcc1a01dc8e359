#include "run/runtime/idmapped_mounts.h"

#include <chrono>
#include <optional>

#include <fcntl.h>
#include <signal.h>

#include "posix/credentials.h"
#include "posix/file.h"
#include "posix/mount.h"
#include "posix/namespace.h"
#include "posix/process.h"
#include "posix/socket.h"
#include "run/runtime/id_maps.h"
#include "run/runtime/mount_options.h"

namespace tare::runtime {

namespace {

/// A user namespace needs a process for as long as its maps are written; afterwards the descriptor holds it.
Result<posix::Fd> make_user_namespace(const std::vector<oci::IdMapping>& uids,
                                      const std::vector<oci::IdMapping>& gids) {
    auto [ours, theirs] = TRY(posix::make_socket_pair(posix::SocketKind::packets));
    auto holder = TRY(posix::fork_into_namespaces(posix::namespace_bit::user));
    if (!holder) {
        ours.reset();
        // Until we are killed, or whoever wants us is gone.
        (void)posix::wait_readable(theirs.get(), Deadline::never());
        posix::exit_now(0);
    }
    auto mapped = write_id_maps(holder.pid(), uids, gids);
    auto made = posix::open_file(cat("/proc/", holder.pid(), "/ns/user"), O_RDONLY);
    TRY(holder.kill(SIGKILL));
    TRY(holder.wait(Deadline::after(std::chrono::seconds(10))));
    TRY(std::move(mapped));
    return made;
}

/// The user namespace that holds the mappings of `mount`: its own, else the container's.
Result<posix::Fd> mapping_of(const oci::RuntimeSpec& spec, const oci::Mount& mount) {
    if (!mount.uid_mappings.empty()) return make_user_namespace(mount.uid_mappings, mount.gid_mappings);
    const oci::Linux& section = spec.linux_section;
    const oci::Namespace* user = section.find(oci::NamespaceKind::user);
    if (!user)
        return fail(ErrorKind::invalid_argument,
                    "idmap needs uidMappings and gidMappings, or a user namespace");
    if (!user->path.empty()) return posix::open_file(user->path, O_RDONLY);
    return make_user_namespace(section.uid_mappings, section.gid_mappings);
}

Result<posix::Fd> make_one(const oci::RuntimeSpec& spec, const oci::Mount& mount,
                           const MountOptions& options) {
    if (!options.is_bind && mount.type != "bind")
        return fail(ErrorKind::invalid_argument, "id-mapped mounts are only supported for bind-mounts");
    posix::Fd source = TRY(posix::open_file(mount.source, O_PATH));
    posix::Fd clone = TRY(posix::clone_mount(source.get(), options.recursive));
    posix::Fd mapping = TRY(mapping_of(spec, mount));
    TRY(posix::set_mount_mapping(clone.get(), mapping.get(), options.mapping.value_or(posix::Recursive::no)));
    return clone;
}

}  // namespace

Result<std::vector<posix::Fd>> make_idmapped_mounts(const oci::RuntimeSpec& spec) {
    std::vector<posix::Fd> made(spec.mounts.size());
    for (std::size_t i = 0; i < made.size(); ++i) {
        const oci::Mount& mount = spec.mounts[i];
        MountOptions options = parse_mount_options(mount.options);
        if (!options.mapping && mount.uid_mappings.empty()) continue;
        made[i] = TRY_CONTEXT(make_one(spec, mount, options), cat("mount ", quote(mount.destination)));
    }
    return made;
}

}  // namespace tare::runtime
