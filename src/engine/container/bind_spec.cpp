#include "engine/container/bind_spec.h"

#include <algorithm>
#include <array>

#include "posix/path.h"

namespace tare::container {

namespace {

Error invalid_spec(std::string_view text, std::string_view why) {
    if (why.empty()) return fail(ErrorKind::invalid_argument, "invalid volume specification: '", text, "'");
    return fail(ErrorKind::invalid_argument, "invalid volume specification: '", text, "': ", why);
}

enum class Class { access, label, propagation, copy, consistency };

std::optional<Class> class_of(std::string_view mode) {
    if (mode == "ro" || mode == "rw") return Class::access;
    if (mode == "z" || mode == "Z") return Class::label;
    if (mode == "nocopy") return Class::copy;
    if (mode == "consistent" || mode == "cached" || mode == "delegated" || mode == "default")
        return Class::consistency;
    if (is_propagation(mode)) return Class::propagation;
    return std::nullopt;
}

// Each class of options once; labels mean nothing without SELinux and are passed over, as Docker does.
Result<> apply_mode(MountPoint& mount, std::string_view modes, std::string_view text) {
    if (modes.empty()) return invalid_spec(text, "");
    std::array<bool, 5> seen{};
    for (std::string_view mode : split(modes, ',')) {
        auto kind = class_of(mode);
        if (!kind || std::exchange(seen[static_cast<std::size_t>(*kind)], true))
            return fail(ErrorKind::invalid_argument, "invalid mode: ", modes);
        if (mode == "ro") mount.is_writable = false;
        if (mode == "nocopy") mount.copies_up = false;
        if (*kind != Class::propagation) continue;
        if (mount.type == "volume") return fail(ErrorKind::invalid_argument, "invalid mode: ", modes);
        mount.propagation = mode;
    }
    if (mount.type == "bind" && !mount.copies_up)
        return fail(ErrorKind::invalid_argument, "invalid mode: ", modes);
    mount.mode = modes;
    return {};
}

}  // namespace

bool is_propagation(std::string_view mode) {
    constexpr auto kModes =
        std::to_array<std::string_view>({"private", "rprivate", "slave", "rslave", "shared", "rshared"});
    return std::ranges::find(kModes, mode) != kModes.end();
}

bool is_volume_name(std::string_view name) {
    auto is_alphanumeric = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    return name.size() >= 2 && name.size() <= 255 && is_alphanumeric(name[0]) &&
           std::ranges::all_of(
               name, [&](char c) { return is_alphanumeric(c) || c == '_' || c == '.' || c == '-'; });
}

Result<std::string> mount_target(std::string_view target, std::string_view what) {
    if (!target.starts_with('/'))
        return invalid_spec(what, cat("invalid mount path: '", target, "' mount path must be absolute"));
    std::string clean = posix::clean_path(target);
    if (clean == "/") return invalid_spec(what, "invalid specification: destination can't be '/'");
    return clean;
}

Result<MountPoint> parse_bind(std::string_view text, const std::string& volume_driver) {
    auto parts = split(text, ':');
    if (parts.size() < 2 || parts.size() > 3 || parts[0].empty() || parts[1].empty())
        return invalid_spec(text, "");
    MountPoint mount;
    mount.destination = TRY(mount_target(parts[1], text));
    if (parts[0].starts_with('/')) {
        mount.type = "bind";
        mount.source = posix::clean_path(parts[0]);
        mount.propagation = "rprivate";
        mount.creates_source = true;
    } else {
        if (!is_volume_name(parts[0]))
            return fail(
                ErrorKind::invalid_argument, quote(parts[0]),
                " includes invalid characters for a local volume name, only ",
                "\"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host directory, ",
                "use absolute path");
        mount.type = "volume";
        mount.name = parts[0];
        mount.driver = volume_driver.empty() ? "local" : volume_driver;
        mount.mode = "z";
    }
    if (parts.size() == 3) TRY(apply_mode(mount, parts[2], text));
    return mount;
}

}  // namespace tare::container
