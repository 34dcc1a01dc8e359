// What all the ways to ask for a mount come to.

#include <algorithm>

#include "engine/container/bind_spec.h"
#include "engine/container/tmpfs_options.h"
#include "engine/container/validate.h"
#include "posix/file.h"
#include "posix/path.h"

namespace tare::container {

namespace {

template <class... Parts>
Error invalid_mount(const MountRequest& mount, const Parts&... parts) {
    return fail(ErrorKind::invalid_argument, "invalid mount config for type \"", mount.type,
                "\": ", parts...);
}

// Which source wrote a mount point: within one source, two for the same place are a mistake; a later source
// takes the place of an earlier one.
class Plan {
  public:
    void begin_source() { of_this_source_.clear(); }

    Result<> add(MountPoint mount) {
        if (std::ranges::find(of_this_source_, mount.destination) != of_this_source_.end())
            return fail(ErrorKind::invalid_argument, "Duplicate mount point: ", mount.destination);
        of_this_source_.push_back(mount.destination);
        std::erase_if(points_, [&](const MountPoint& old) { return old.destination == mount.destination; });
        points_.push_back(std::move(mount));
        return {};
    }

    bool has(std::string_view destination) const {
        return std::ranges::find(points_, destination, &MountPoint::destination) != points_.end();
    }

    std::vector<MountPoint> take() { return std::move(points_); }

  private:
    std::vector<MountPoint> points_;
    Strings of_this_source_;
};

Result<> add_volumes_from(Plan& plan, const HostConfig& host_config,
                          const std::function<Result<Container>(const std::string&)>& resolve) {
    for (const std::string& text : host_config.volumes_from) {
        plan.begin_source();
        auto [reference, mode] = cut(text, ':');
        if (reference.empty() || (mode && *mode != "ro" && *mode != "rw" && *mode != "z" && *mode != "Z"))
            return fail(ErrorKind::invalid_argument, "invalid volumes-from specification: ", text);
        auto other = resolve(std::string(reference));
        // A request that cannot be: of "not found" clients think that the image is, and pull it.
        if (!other) return Error(ErrorKind::invalid_argument, other.error().message());
        for (MountPoint mount : other->mount_points) {
            if (!mount.is_listed) continue;
            if (mode && *mode == "ro") mount.is_writable = false;
            // It is the other container's volume, filled by it and removed with it.
            mount.is_anonymous = false;
            mount.copies_up = false;
            TRY(plan.add(std::move(mount)));
        }
    }
    return {};
}

Result<> apply_bind(MountPoint& point, const MountRequest& mount) {
    if (mount.source.empty()) return invalid_mount(mount, "field Source must not be empty");
    if (!mount.source.starts_with('/'))
        return invalid_mount(mount, "invalid mount path: '", mount.source, "' mount path must be absolute");
    if (!mount.propagation.empty() && !is_propagation(mount.propagation))
        return invalid_mount(mount, "invalid propagation mode: ", mount.propagation);
    point.source = posix::clean_path(mount.source);
    point.creates_source = mount.create_mountpoint;
    if (!mount.create_mountpoint && !posix::exists(point.source))
        return invalid_mount(mount, "bind source path does not exist: ", point.source);
    point.propagation = mount.propagation.empty() ? "rprivate" : mount.propagation;
    point.is_recursive = !mount.non_recursive;
    point.is_read_only_recursive = !mount.read_only_non_recursive && !mount.non_recursive;
    point.must_be_read_only_recursive = mount.read_only_force_recursive;
    return {};
}

Result<> apply_volume(MountPoint& point, const MountRequest& mount) {
    if (!mount.source.empty() && !is_volume_name(mount.source))
        return invalid_mount(mount, quote(mount.source),
                             " includes invalid characters for a local volume name, only ",
                             "\"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host ",
                             "directory, use absolute path");
    point.name = mount.source.empty() ? TRY(generate_id()) : mount.source;
    point.is_anonymous = mount.source.empty();
    point.driver = mount.driver.empty() ? "local" : mount.driver;
    point.copies_up = !mount.no_copy && mount.subpath.empty();
    point.mode = "z";
    if (mount.subpath.starts_with('/') || cat("/", mount.subpath, "/").find("/../") != std::string::npos)
        return invalid_mount(mount, "subpath must be a relative path within the volume");
    point.subpath = mount.subpath;
    return {};
}

// The options of another type would be passed over.
Result<> check_options(const MountRequest& mount) {
    const bool has_bind_options = !mount.propagation.empty() || mount.non_recursive ||
                                  mount.create_mountpoint || mount.read_only_non_recursive ||
                                  mount.read_only_force_recursive;
    const bool has_volume_options = mount.no_copy || !mount.volume_labels.empty() || !mount.driver.empty() ||
                                    !mount.driver_options.empty();
    const bool has_tmpfs_options =
        mount.tmpfs_size_bytes != 0 || mount.tmpfs_mode != 0 || !mount.tmpfs_options.empty();
    auto must_not = [&](std::string_view field) {
        return invalid_mount(mount, "field ", field, " must not be specified");
    };
    if (has_bind_options && mount.type != "bind") return must_not("BindOptions");
    if (has_volume_options && mount.type != "volume") return must_not("VolumeOptions");
    if (has_tmpfs_options && mount.type != "tmpfs") return must_not("TmpfsOptions");
    if (!mount.subpath.empty() && mount.type != "volume" && mount.type != "image") return must_not("Subpath");
    return {};
}

Result<MountPoint> point_of(const MountRequest& mount) {
    if (mount.target.empty()) return invalid_mount(mount, "field Target must not be empty");
    MountPoint point{.type = mount.type, .is_writable = !mount.read_only};
    auto target = mount_target(mount.target, mount.target);
    if (!target) return invalid_mount(mount, target.error().message());
    point.destination = std::move(*target);
    if (mount.type == "bind") {
        TRY(apply_bind(point, mount));
    } else if (mount.type == "volume") {
        TRY(apply_volume(point, mount));
    } else if (mount.type == "tmpfs") {
        if (!mount.source.empty()) return invalid_mount(mount, "field Source must not be specified");
        point.tmpfs_options = tmpfs_options_of(mount);
        auto merged = merge_tmpfs_options(point.tmpfs_options);
        if (!merged) return invalid_mount(mount, merged.error().message());
    } else if (mount.type == "image") {
        if (mount.source.empty()) return invalid_mount(mount, "field Source must not be empty");
        if (!mount.subpath.empty())
            return fail(ErrorKind::unimplemented, "mounts of type image are not served yet");
        point.name = mount.source;
        point.is_writable = false;
    } else {
        return invalid_mount(mount, "mount type unknown");
    }
    TRY(check_options(mount));
    return point;
}

Result<> add_tmpfs(Plan& plan, const HostConfig& host_config) {
    for (const auto& [path, options] : host_config.tmpfs) {
        MountPoint point;
        point.type = "tmpfs";
        point.destination = TRY(mount_target(path, path));
        point.is_listed = false;
        for (std::string_view option : split(options, ','))
            if (!option.empty()) point.tmpfs_options.emplace_back(option);
        point.is_writable = std::ranges::find(point.tmpfs_options, "ro") == point.tmpfs_options.end();
        TRY(plan.add(std::move(point)));
    }
    return {};
}

// Of the image and of `-v /path`: a volume of its own where nothing else is mounted.
Result<> add_anonymous(Plan& plan, const Config& config, const HostConfig& host_config) {
    plan.begin_source();
    for (const std::string& path : config.volumes) {
        MountPoint point;
        point.type = "volume";
        point.destination = TRY(mount_target(path, path));
        if (plan.has(point.destination)) continue;
        point.name = TRY(generate_id());
        point.driver = host_config.volume_driver.empty() ? "local" : host_config.volume_driver;
        point.is_anonymous = true;
        TRY(plan.add(std::move(point)));
    }
    return {};
}

}  // namespace

Result<std::vector<MountPoint>> plan_mount_points(
    const Config& config, const HostConfig& host_config,
    const std::function<Result<Container>(const std::string& reference)>& volumes_from) {
    Plan plan;
    TRY(add_volumes_from(plan, host_config, volumes_from));
    plan.begin_source();
    for (const std::string& bind : host_config.binds)
        TRY(plan.add(TRY(parse_bind(bind, host_config.volume_driver))));
    TRY(add_tmpfs(plan, host_config));
    for (const MountRequest& mount : host_config.mounts)
        TRY(plan.add(TRY(point_of(mount))));
    TRY(add_anonymous(plan, config, host_config));
    return plan.take();
}

}  // namespace tare::container
