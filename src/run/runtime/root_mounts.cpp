#include <span>

#include <fcntl.h>

#include "posix/file.h"
#include "run/runtime/mount_options.h"
#include "run/runtime/rootfs.h"

namespace tare::runtime {

namespace {

// The kernel takes no longer string for one parameter of a file system (fsconfig(2)).
constexpr std::size_t kParameterLimit = 255;

/// "a:b\\:c" is the layers "a" and "b\\:c": overlay's list, in which a backslash protects a colon.
std::vector<std::string> layers_of(std::string_view list) {
    std::vector<std::string> layers(1);
    for (std::size_t i = 0; i < list.size(); ++i) {
        if (list[i] == ':') {
            layers.emplace_back();
            continue;
        }
        // A single layer is a plain path and needs no protection.
        if (list[i] == '\\' && i + 1 < list.size()) ++i;
        layers.back() += list[i];
    }
    return layers;
}

/// A list of lower directories that is too long for one parameter goes one by one (Linux 6.8).
std::vector<posix::FsParameter> with_short_values(const std::vector<posix::FsParameter>& parameters) {
    std::vector<posix::FsParameter> out;
    for (auto& parameter : parameters) {
        if (parameter.key != "lowerdir" || parameter.value.size() <= kParameterLimit) {
            out.push_back(parameter);
            continue;
        }
        for (auto& layer : layers_of(parameter.value))
            out.push_back({.key = "lowerdir+", .value = layer});
    }
    return out;
}

Result<posix::Fd> make_root_mount(const oci::Mount& mount) {
    MountOptions options = parse_mount_options(mount.options);
    if (mount.type != "bind" && !options.is_bind)
        return posix::make_mount(mount.type, mount.source, with_short_values(options.parameters),
                                 options.set);
    posix::Fd source = TRY(posix::open_file(mount.source, O_PATH));
    posix::Fd clone = TRY(posix::clone_mount(source.get(), options.recursive));
    TRY(posix::set_mount_attributes(clone.get(), options.set, options.clear, posix::Propagation::is_private,
                                    posix::Recursive::no));
    return clone;
}

}  // namespace

Result<std::vector<posix::Fd>> make_root_mounts(const std::vector<oci::Mount>& mounts, int first) {
    std::vector<posix::Fd> made;
    if (first >= 0) made.push_back(TRY(posix::duplicate(first)));
    for (auto& mount : std::span(mounts).subspan(made.size()))
        made.push_back(TRY_CONTEXT(make_root_mount(mount), "root filesystem"));
    return made;
}

}  // namespace tare::runtime
