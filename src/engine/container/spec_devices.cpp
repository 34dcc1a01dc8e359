// Device nodes of a container and which it may use. Rules start from deny-all (security rule R9).

#include <algorithm>

#include <fcntl.h>

#include "engine/container/spec_parts.h"
#include "posix/file.h"
#include "posix/path.h"
#include "posix/tree.h"

namespace tare::container {

namespace {

// As deep as device trees go (/dev/bus/usb/001/002); a loop of bind mounts ends here.
constexpr int kDepth = 16;

bool is_device(const posix::FileStatus& status) {
    return status.is(posix::FileType::character_device) || status.is(posix::FileType::block_device);
}

oci::Device device_of(const posix::FileStatus& status, std::string path) {
    return {.path = std::move(path),
            .type = status.is(posix::FileType::block_device) ? 'b' : 'c',
            .major = status.device_major,
            .minor = status.device_minor,
            .file_mode = status.permissions,
            .uid = status.uid,
            .gid = status.gid};
}

// What below the host's /dev is not a device of the host: terminals and mounts of others.
bool is_left_out(std::string_view name) {
    for (std::string_view other : {"pts", "shm", "fd", "mqueue", ".lxc", ".lxd-mounts", ".udev", "console"})
        if (name == other) return true;
    return false;
}

Result<> collect(int directory, const std::string& path, std::vector<oci::Device>& devices, int depth) {
    if (depth == 0) return {};
    for (const std::string& name : TRY(posix::sorted_entries(directory))) {
        if (is_left_out(name)) continue;
        auto status = TRY(posix::status_at(directory, name));
        if (!status) continue;  // gone meanwhile
        const std::string entry = cat(path, "/", name);
        if (is_device(*status)) {
            devices.push_back(device_of(*status, entry));
        } else if (status->is(posix::FileType::directory)) {
            posix::Fd below = TRY(posix::open_directory_at(directory, name));
            TRY(collect(below.get(), entry, devices, depth - 1));
        }
    }
    return {};
}

oci::DeviceRule rule_for(const oci::Device& device, std::string access) {
    return {.allow = true,
            .type = device.type,
            .major = device.major,
            .minor = device.minor,
            .access = std::move(access)};
}

// One mapping: a device, or all of a directory at the same place below the other one.
Result<> add_mapping(oci::RuntimeSpec& spec, const DeviceMapping& mapping) {
    auto failed = [&](const Error& error) {
        return Error(error).prepend(cat("error gathering device information while adding custom device ",
                                        quote(mapping.path_on_host)));
    };
    auto opened = posix::open_file(mapping.path_on_host, O_PATH);
    if (!opened) return failed(opened.error());
    auto status = TRY(posix::status_of(opened->get()));
    const std::string target =
        mapping.path_in_container.empty() ? mapping.path_on_host : mapping.path_in_container;
    std::vector<oci::Device> found;
    if (is_device(status)) {
        found.push_back(device_of(status, target));
    } else if (status.is(posix::FileType::directory)) {
        auto collected = collect(opened->get(), target, found, kDepth);
        if (!collected) return failed(collected.error());
    }
    if (found.empty()) return failed(fail(ErrorKind::invalid_argument, "not a device node"));
    const std::string access = mapping.cgroup_permissions.empty() ? "rwm" : mapping.cgroup_permissions;
    for (oci::Device& device : found) {
        spec.linux_section.resources.devices.push_back(rule_for(device, access));
        std::erase_if(spec.linux_section.devices, [&](const auto& it) { return it.path == device.path; });
        spec.linux_section.devices.push_back(std::move(device));
    }
    return {};
}

std::optional<std::optional<std::int64_t>> parse_number(std::string_view text) {
    if (text == "*") return std::optional<std::int64_t>();
    auto number = parse_integer<std::uint32_t>(text);
    if (!number) return std::nullopt;
    return std::optional<std::int64_t>(*number);
}

bool is_access(std::string_view text) {
    return !text.empty() && text.size() <= 3 && text.find_first_not_of("rwm") == std::string_view::npos;
}

std::vector<oci::DeviceRule> default_rules() {
    auto allow = [](std::int64_t major, std::int64_t minor) {
        return oci::DeviceRule{.allow = true, .type = 'c', .major = major, .minor = minor, .access = "rwm"};
    };
    return {{.allow = false, .type = 'a', .major = {}, .minor = {}, .access = "rwm"},
            allow(1, 5),
            allow(1, 3),
            allow(1, 9),
            allow(1, 8),
            allow(5, 0),
            allow(5, 1),
            {.allow = false, .type = 'c', .major = 10, .minor = 229, .access = "rwm"}};
}

}  // namespace

Result<oci::DeviceRule> parse_device_rule(std::string_view text) {
    auto invalid = [&] {
        return fail(ErrorKind::invalid_argument, "invalid device cgroup rule format: '", text, "'");
    };
    auto words = split(text, ' ');
    if (words.size() != 3 || words[0].size() != 1 ||
        std::string_view("acb").find(words[0][0]) == std::string_view::npos || !is_access(words[2]))
        return invalid();
    auto [major_text, minor_text] = cut(words[1], ':');
    auto major = parse_number(major_text);
    auto minor = minor_text ? parse_number(*minor_text) : std::nullopt;
    if (!major || !minor) return invalid();
    return oci::DeviceRule{.allow = true,
                           .type = words[0][0],
                           .major = *major,
                           .minor = *minor,
                           .access = std::string(words[2])};
}

Result<> add_devices(oci::RuntimeSpec& spec, const HostConfig& host_config) {
    auto& rules = spec.linux_section.resources.devices;
    if (host_config.privileged) {
        posix::Fd dev = TRY(posix::open_file("/dev", O_PATH | O_DIRECTORY));
        TRY(collect(dev.get(), "/dev", spec.linux_section.devices, kDepth));
        rules = {{.allow = true, .type = 'a', .major = {}, .minor = {}, .access = "rwm"}};
    } else {
        rules = default_rules();
    }
    for (const DeviceMapping& mapping : host_config.resources.devices) {
        // A privileged container has the host's devices already; those at another place are added.
        if (host_config.privileged && mapping.path_on_host == mapping.path_in_container) continue;
        TRY(add_mapping(spec, mapping));
    }
    for (const std::string& rule : host_config.resources.device_cgroup_rules)
        rules.push_back(TRY(parse_device_rule(rule)));
    return {};
}

}  // namespace tare::container
