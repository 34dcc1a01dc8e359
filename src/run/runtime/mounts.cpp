#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <string>

#include <fcntl.h>

#include "base/fault.h"
#include "posix/file.h"
#include "posix/path.h"
#include "posix/tree_copy.h"
#include "run/runtime/mount_options.h"
#include "run/runtime/rootfs.h"

namespace tare::runtime {

namespace {

using posix::Recursive;
namespace attribute = posix::mount_attribute;

/// The files below /proc that a bind may cover (lxcfs, criu), as runc lists them.
constexpr std::array<std::string_view, 10> kProcFiles = {"/proc/cpuinfo",
                                                         "/proc/diskstats",
                                                         "/proc/meminfo",
                                                         "/proc/stat",
                                                         "/proc/swaps",
                                                         "/proc/uptime",
                                                         "/proc/loadavg",
                                                         "/proc/slabinfo",
                                                         "/proc/sys/kernel/ns_last_pid",
                                                         "/proc/sys/crypto/fips_enabled"};

Error inside_proc(std::string_view destination) {
    return fail(ErrorKind::invalid_argument, quote(destination),
                " cannot be mounted because it is inside /proc");
}

/// What may be mounted into procfs.
bool is_proc_target(std::string_view destination) {
    return destination == "/proc" || std::ranges::find(kProcFiles, destination) != kProcFiles.end();
}

/// Security RT3, RT4: nothing of an image or a volume may stand in for procfs.
Result<> check_proc_target(const oci::Mount& mount, const std::string& destination, bool is_bind) {
    if (destination != "/proc" && !destination.starts_with("/proc/")) return {};
    if (destination == "/proc") {
        if (mount.type == "proc" || is_bind) return {};
        return fail(ErrorKind::invalid_argument, quote(mount.destination),
                    " cannot be mounted because it is not of type proc");
    }
    if (is_bind && is_proc_target(destination)) return {};
    return inside_proc(mount.destination);
}

/// The mount point below the root, made if missing: a directory, or a file where a file is bound.
Result<posix::Fd> open_target(const RootContext& context, const std::string& destination,
                              bool wants_directory) {
    if (destination == "/proc" || destination == "/sys") {
        // A link here would send procfs, and all that is protected in it, elsewhere.
        auto entry = posix::open_in_root(context.root.get(), destination, O_PATH | O_NOFOLLOW);
        if (entry && TRY(posix::node_facts(entry->get())).kind != posix::NodeFacts::Kind::directory)
            return fail(ErrorKind::invalid_argument, destination,
                        " of the root filesystem is not a directory");
    }
    auto target = wants_directory ? posix::make_directories_in_root(context.root.get(), destination)
                                  : posix::make_file_in_root(context.root.get(), destination);
    if (!target || is_proc_target(destination)) return target;
    // A link of the image may have led there although the name did not say so.
    if (TRY(posix::file_system_type(target->get())) == posix::kProcMagic) return inside_proc(destination);
    return target;
}

Result<> set_options(int mount, const MountOptions& options) {
    if (options.set != 0 || options.clear != 0)
        TRY(posix::set_mount_attributes(mount, options.set, options.clear, posix::Propagation::unchanged,
                                        Recursive::no));
    if (options.recursive_set != 0 || options.recursive_clear != 0)
        TRY(posix::set_mount_attributes(mount, options.recursive_set, options.recursive_clear,
                                        posix::Propagation::unchanged, Recursive::yes));
    return {};
}

/// After attaching: attaching takes over the propagation of the place.
Result<> set_propagation(int mount, const MountOptions& options) {
    if (options.propagation == posix::Propagation::unchanged) return {};
    return posix::set_mount_attributes(mount, 0, 0, options.propagation, options.propagation_recursive);
}

/// `detached` is the mount itself if it is id-mapped or shared; -1: it is a clone of `source`.
Result<> mount_bind(const RootContext& context, const posix::Fd& source, int detached,
                    const std::string& destination, const MountOptions& options) {
    bool is_directory = TRY(posix::node_facts(source.get()))
    .kind == posix::NodeFacts::Kind::directory;
    posix::Fd mount = detached >= 0 ? TRY(posix::duplicate(detached))
                                  : TRY(posix::clone_mount(source.get(), options.recursive));
                                  if (destination == "/proc" &&
                                      TRY(posix::file_system_type(mount.get())) != posix::kProcMagic)
                                      return fail(
                                          ErrorKind::invalid_argument,
                                          "\"/proc\" cannot be mounted because it is not of type proc");
                                  TRY(set_options(mount.get(), options));
                                  posix::Fd target = TRY(open_target(context, destination, is_directory));
                                  TRY(fault::point("mount.target.opened"));
                                  TRY(posix::attach_mount(mount.get(), target.get()));
                                  return set_propagation(mount.get(), options);
}

/// A tmpfs over a directory of the image keeps that directory's mode, unless the options say another: what
/// an image made private, or open to all (/tmp), stays so. As runc does.
Result<> adopt_mode(const RootContext& context, const std::string& destination, MountOptions& options) {
    if (std::ranges::any_of(options.parameters, [](auto& parameter) { return parameter.key == "mode"; }))
        return {};
    auto covered = posix::open_in_root(context.root.get(), destination, O_PATH);
    if (!covered) return {};
    auto facts = TRY(posix::node_facts(covered->get()));
    if (facts.kind != posix::NodeFacts::Kind::directory) return {};
    std::array<char, 8> octal{};
    auto [end, error] = std::to_chars(octal.begin(), octal.end(), facts.mode & 07777U, 8);
    if (error == std::errc())
        options.parameters.push_back({.key = "mode", .value = std::string(octal.begin(), end)});
    return {};
}

/// tmpcopyup: what the tmpfs is about to cover is in it as well. Its root keeps the mode and owner that the
/// options gave it.
Result<> copy_up(const posix::Fd& covered, const posix::Fd& tmpfs) {
    auto facts = TRY(posix::node_facts(tmpfs.get()));
    TRY(posix::copy_tree(covered.get(), tmpfs.get()));
    TRY(posix::change_owner(tmpfs.get(), facts.uid, facts.gid));
    return posix::change_mode(tmpfs.get(), facts.mode & 07777U);
}

Result<> mount_new(const RootContext& context, const oci::Mount& entry, const std::string& destination,
                   MountOptions options) {
    if (entry.type == "tmpfs") TRY(adopt_mode(context, destination, options));
    posix::Fd mount = TRY(posix::make_mount(entry.type, entry.source, options.parameters, options.set));
    if (options.recursive_set != 0) TRY(set_options(mount.get(), options));
    posix::Fd target = TRY(open_target(context, destination, true));
    if (options.copies_up && entry.type == "tmpfs") TRY(copy_up(target, mount));
    TRY(fault::point("mount.target.opened"));
    TRY(posix::attach_mount(mount.get(), target.get()));
    return set_propagation(mount.get(), options);
}

/// The container's own group where it has no cgroup namespace, its hierarchy's root (which then is that
/// group) where it has one.
Result<posix::Fd> cgroup_view(const RootContext& context, const std::string& directory,
                              const std::vector<std::string>& controllers) {
    if (!context.has_cgroup_namespace) {
        posix::Fd own = TRY(posix::open_file(directory, O_PATH | O_DIRECTORY));
        return posix::clone_mount(own.get(), Recursive::no);
    }
    if (controllers.empty()) return posix::make_mount("cgroup2", "cgroup", {}, 0);
    std::vector<posix::FsParameter> parameters;
    for (auto& controller : controllers) {
        bool is_named = controller.starts_with("name=");
        if (is_named) {
            parameters.push_back({.key = "none", .is_flag = true});
            parameters.push_back({.key = "name", .value = controller.substr(5)});
        } else {
            parameters.push_back({.key = controller, .is_flag = true});
        }
    }
    return posix::make_mount("cgroup", "cgroup", parameters, 0);
}

Result<> mount_cgroup_v2(const RootContext& context, const std::string& destination,
                         const MountOptions& options) {
    posix::Fd mount = TRY(cgroup_view(context, context.cgroup->v2_directory(), {}));
    TRY(set_options(mount.get(), options));
    posix::Fd target = TRY(open_target(context, destination, true));
    return posix::attach_mount(mount.get(), target.get());
}

/// A tmpfs with a directory a hierarchy, and links from controllers to the hierarchy they share.
Result<> mount_cgroup_v1(const RootContext& context, const std::string& destination,
                         const MountOptions& options) {
    auto hierarchies = TRY(cgroup::Hierarchies::discover());
    posix::Fd tmpfs = TRY(posix::make_mount("tmpfs", "tmpfs", {{.key = "mode", .value = "755"}},
                                            options.set & ~attribute::read_only));
    posix::Fd target = TRY(open_target(context, destination, true));
    TRY(posix::attach_mount(tmpfs.get(), target.get()));
    for (auto& hierarchy : hierarchies.all()) {
        if (hierarchy.is_v2) continue;
        std::string name = hierarchy.mount_point.substr(hierarchy.mount_point.rfind('/') + 1);
        posix::Fd directory = TRY(posix::make_directories_in_root(tmpfs.get(), name));
        std::string own = context.cgroup->directory_of(hierarchy.controllers.front());
        posix::Fd mount = TRY_CONTEXT(cgroup_view(context, own, hierarchy.controllers), cat("cgroup ", name));
        TRY(set_options(mount.get(), options));
        TRY(posix::attach_mount(mount.get(), directory.get()));
        for (auto& controller : hierarchy.controllers)
            if (controller != name && !controller.starts_with("name="))
                TRY(posix::make_link(tmpfs.get(), controller, name));
    }
    if ((options.set & attribute::read_only) != 0)
        TRY(posix::set_mount_attributes(tmpfs.get(), attribute::read_only, 0, posix::Propagation::unchanged,
                                        Recursive::no));
    return {};
}

/// A user namespace may not make a sysfs of a network namespace that it does not own, nor an mqueue
/// of a foreign ipc namespace: the host's view is bound in its place.
bool may_bind_instead(const RootContext& context, const oci::Mount& entry, const Error& error) {
    return context.has_user_namespace && (entry.type == "sysfs" || entry.type == "mqueue") &&
           error.is(ErrorKind::permission_denied);
}

Result<> mount_one(const RootContext& context, std::size_t index) {
    const oci::Mount& entry = context.spec.mounts[index];
    MountOptions options = parse_mount_options(entry.options);
    std::string destination = posix::clean_path(entry.destination);
    bool is_bind = options.is_bind || entry.type == "bind";
    TRY(check_proc_target(entry, destination, is_bind));
    if (is_bind) {
        if (!options.parameters.empty())
            return fail(ErrorKind::invalid_argument,
                        "bind mounts cannot have any filesystem-specific options applied: ",
                        quote(options.parameters.front().key));
        const int mapped = context.idmapped_mounts ? (*context.idmapped_mounts)[index].get() : -1;
        const int detached = mapped >= 0 ? mapped : context.shared_binds[index].get();
        return mount_bind(context, context.bind_sources[index], detached, destination, options);
    }
    if (entry.type == "cgroup" || entry.type == "cgroup2") {
        if (!context.cgroup || context.cgroup->paths().empty()) return {};
        return context.cgroup->is_v2_only() ? mount_cgroup_v2(context, destination, options)
                                            : mount_cgroup_v1(context, destination, options);
    }
    auto made = mount_new(context, entry, destination, options);
    if (made || !may_bind_instead(context, entry, made.error())) return made;
    posix::Fd host =
        TRY(posix::open_file(entry.type == "sysfs" ? "/sys" : "/dev/mqueue", O_PATH | O_DIRECTORY));
    options.recursive = Recursive::yes;
    options.parameters.clear();
    return mount_bind(context, host, -1, destination, options);
}

}  // namespace

Result<> make_mounts(RootContext& context) {
    for (std::size_t i = 0; i < context.spec.mounts.size(); ++i)
        TRY_CONTEXT(mount_one(context, i), cat("mount ", quote(context.spec.mounts[i].destination)));
    return {};
}

}  // namespace tare::runtime
