// HostConfig and the update request out of Docker's JSON.

#include <array>

#include "engine/container/config_json.h"
#include "engine/container/json_read.h"

namespace tare::container {

namespace {

// All members of HostConfig with those of Resources, which Docker writes among them.
constexpr auto kHostMembers = std::to_array<std::string_view>({"Binds",
                                                               "ContainerIDFile",
                                                               "LogConfig",
                                                               "NetworkMode",
                                                               "PortBindings",
                                                               "RestartPolicy",
                                                               "AutoRemove",
                                                               "VolumeDriver",
                                                               "VolumesFrom",
                                                               "Mounts",
                                                               "ConsoleSize",
                                                               "Annotations",
                                                               "CapAdd",
                                                               "CapDrop",
                                                               "CgroupnsMode",
                                                               "Dns",
                                                               "DnsOptions",
                                                               "DnsSearch",
                                                               "ExtraHosts",
                                                               "GroupAdd",
                                                               "IpcMode",
                                                               "Cgroup",
                                                               "Links",
                                                               "OomScoreAdj",
                                                               "PidMode",
                                                               "Privileged",
                                                               "PublishAllPorts",
                                                               "ReadonlyRootfs",
                                                               "SecurityOpt",
                                                               "StorageOpt",
                                                               "Tmpfs",
                                                               "UTSMode",
                                                               "UsernsMode",
                                                               "ShmSize",
                                                               "Sysctls",
                                                               "Runtime",
                                                               "Isolation",
                                                               "Init",
                                                               "MaskedPaths",
                                                               "ReadonlyPaths",
                                                               "CpuShares",
                                                               "Memory",
                                                               "CgroupParent",
                                                               "BlkioWeight",
                                                               "BlkioWeightDevice",
                                                               "BlkioDeviceReadBps",
                                                               "BlkioDeviceWriteBps",
                                                               "BlkioDeviceReadIOps",
                                                               "BlkioDeviceWriteIOps",
                                                               "CpuPeriod",
                                                               "CpuQuota",
                                                               "CpuRealtimePeriod",
                                                               "CpuRealtimeRuntime",
                                                               "CpusetCpus",
                                                               "CpusetMems",
                                                               "Devices",
                                                               "DeviceCgroupRules",
                                                               "DeviceRequests",
                                                               "MemoryReservation",
                                                               "MemorySwap",
                                                               "MemorySwappiness",
                                                               "KernelMemory",
                                                               "OomKillDisable",
                                                               "PidsLimit",
                                                               "Ulimits",
                                                               "NanoCpus",
                                                               "CpuCount",
                                                               "CpuPercent",
                                                               "IOMaximumIOps",
                                                               "IOMaximumBandwidth"});

Result<RestartPolicy> read_restart_policy(const JsonView& view) {
    RestartPolicy policy;
    policy.name = TRY(view.string_or("Name", ""));
    policy.maximum_retry_count = TRY(view.integer_or("MaximumRetryCount", 0));
    return policy;
}

Result<std::vector<Strings>> read_lists(const JsonView& view, std::string_view key) {
    std::vector<Strings> lists;
    TRY(view.each(key, [&](const JsonView& list) -> Result<> {
        lists.push_back(TRY(list.as_strings()));
        return {};
    }));
    return lists;
}

Result<> read_mount_options(MountRequest& mount, const JsonView& view) {
    if (auto bind = TRY(view.object("BindOptions"))) {
        mount.propagation = TRY(bind->string_or("Propagation", ""));
        mount.non_recursive = TRY(bind->boolean_or("NonRecursive", false));
        mount.create_mountpoint = TRY(bind->boolean_or("CreateMountpoint", false));
        mount.read_only_non_recursive = TRY(bind->boolean_or("ReadOnlyNonRecursive", false));
        mount.read_only_force_recursive = TRY(bind->boolean_or("ReadOnlyForceRecursive", false));
    }
    if (auto volume = TRY(view.object("VolumeOptions"))) {
        mount.no_copy = TRY(volume->boolean_or("NoCopy", false));
        mount.volume_labels = TRY(volume->string_map("Labels"));
        mount.subpath = TRY(volume->string_or("Subpath", ""));
        if (auto driver = TRY(volume->object("DriverConfig"))) {
            mount.driver = TRY(driver->string_or("Name", ""));
            mount.driver_options = TRY(driver->string_map("Options"));
        }
    }
    if (auto image = TRY(view.object("ImageOptions"))) mount.subpath = TRY(image->string_or("Subpath", ""));
    if (auto tmpfs = TRY(view.object("TmpfsOptions"))) {
        mount.tmpfs_size_bytes = TRY(tmpfs->integer_or<std::int64_t>("SizeBytes", 0));
        mount.tmpfs_mode = TRY(tmpfs->integer_or<std::uint32_t>("Mode", 0));
        mount.tmpfs_options = TRY(read_lists(*tmpfs, "Options"));
    }
    return {};
}

Result<MountRequest> read_mount(const JsonView& view) {
    TRY(view.expect_object());
    MountRequest mount;
    mount.type = TRY(view.string_or("Type", ""));
    mount.source = TRY(view.string_or("Source", ""));
    mount.target = TRY(view.string_or("Target", ""));
    mount.read_only = TRY(view.boolean_or("ReadOnly", false));
    mount.consistency = TRY(view.string_or("Consistency", ""));
    TRY(read_mount_options(mount, view));
    return mount;
}

Result<std::vector<ThrottleDevice>> read_throttles(const JsonView& view, std::string_view key) {
    std::vector<ThrottleDevice> devices;
    TRY(view.each(key, [&](const JsonView& device) -> Result<> {
        auto& throttle = devices.emplace_back();
        throttle.path = TRY(device.string_or("Path", ""));
        throttle.rate = TRY(device.integer_or<std::uint64_t>("Rate", 0));
        return {};
    }));
    return devices;
}

Result<> read_block_io(ResourceLimits& limits, const JsonView& view) {
    limits.block_io_weight = TRY(view.integer_or<std::uint16_t>("BlkioWeight", 0));
    TRY(view.each("BlkioWeightDevice", [&](const JsonView& device) -> Result<> {
        auto& weight = limits.block_io_weight_devices.emplace_back();
        weight.path = TRY(device.string_or("Path", ""));
        weight.weight = TRY(device.integer_or<std::uint16_t>("Weight", 0));
        return {};
    }));
    limits.read_bps = TRY(read_throttles(view, "BlkioDeviceReadBps"));
    limits.write_bps = TRY(read_throttles(view, "BlkioDeviceWriteBps"));
    limits.read_iops = TRY(read_throttles(view, "BlkioDeviceReadIOps"));
    limits.write_iops = TRY(read_throttles(view, "BlkioDeviceWriteIOps"));
    return {};
}

Result<> read_devices(ResourceLimits& limits, const JsonView& view) {
    TRY(view.each("Devices", [&](const JsonView& device) -> Result<> {
        auto& mapping = limits.devices.emplace_back();
        mapping.path_on_host = TRY(device.string_or("PathOnHost", ""));
        mapping.path_in_container = TRY(device.string_or("PathInContainer", ""));
        mapping.cgroup_permissions = TRY(device.string_or("CgroupPermissions", ""));
        return {};
    }));
    limits.device_cgroup_rules = TRY(view.strings("DeviceCgroupRules"));
    return view.each("DeviceRequests", [&](const JsonView& request) -> Result<> {
        auto& wanted = limits.device_requests.emplace_back();
        wanted.driver = TRY(request.string_or("Driver", ""));
        wanted.count = TRY(request.integer_or<std::int64_t>("Count", 0));
        wanted.device_ids = TRY(request.strings("DeviceIDs"));
        wanted.capabilities = TRY(read_lists(request, "Capabilities"));
        wanted.options = TRY(request.string_map("Options"));
        return {};
    });
}

Result<> read_cpu(ResourceLimits& limits, const JsonView& view) {
    limits.cpu_shares = TRY(view.integer_or<std::int64_t>("CpuShares", 0));
    limits.cpu_period = TRY(view.integer_or<std::int64_t>("CpuPeriod", 0));
    limits.cpu_quota = TRY(view.integer_or<std::int64_t>("CpuQuota", 0));
    limits.cpu_realtime_period = TRY(view.integer_or<std::int64_t>("CpuRealtimePeriod", 0));
    limits.cpu_realtime_runtime = TRY(view.integer_or<std::int64_t>("CpuRealtimeRuntime", 0));
    limits.cpuset_cpus = TRY(view.string_or("CpusetCpus", ""));
    limits.cpuset_mems = TRY(view.string_or("CpusetMems", ""));
    limits.nano_cpus = TRY(view.integer_or<std::int64_t>("NanoCpus", 0));
    return {};
}

Result<> read_memory(ResourceLimits& limits, const JsonView& view) {
    limits.memory_bytes = TRY(view.integer_or<std::int64_t>("Memory", 0));
    limits.memory_reservation_bytes = TRY(view.integer_or<std::int64_t>("MemoryReservation", 0));
    limits.memory_swap_bytes = TRY(view.integer_or<std::int64_t>("MemorySwap", 0));
    limits.memory_swappiness = TRY(view.optional_integer<std::int64_t>("MemorySwappiness"));
    limits.kernel_memory_bytes = TRY(view.integer_or<std::int64_t>("KernelMemory", 0));
    limits.oom_kill_disable = TRY(view.optional_boolean("OomKillDisable"));
    return {};
}

Result<ResourceLimits> read_resources(const JsonView& view) {
    ResourceLimits limits;
    TRY(read_cpu(limits, view));
    TRY(read_memory(limits, view));
    TRY(read_block_io(limits, view));
    TRY(read_devices(limits, view));
    limits.cgroup_parent = TRY(view.string_or("CgroupParent", ""));
    limits.pids_limit = TRY(view.optional_integer<std::int64_t>("PidsLimit"));
    TRY(view.each("Ulimits", [&](const JsonView& ulimit) -> Result<> {
        auto& limit = limits.ulimits.emplace_back();
        limit.name = TRY(ulimit.string_or("Name", ""));
        limit.soft = TRY(ulimit.integer_or<std::int64_t>("Soft", 0));
        limit.hard = TRY(ulimit.integer_or<std::int64_t>("Hard", 0));
        return {};
    }));
    return limits;
}

Result<> read_console_size(HostConfig& host, const JsonView& view) {
    std::vector<std::uint16_t> numbers;
    TRY(view.each("ConsoleSize", [&](const JsonView& number) -> Result<> {
        numbers.push_back(TRY(number.as_integer<std::uint16_t>()));
        return {};
    }));
    if (numbers.empty()) return {};
    if (numbers.size() != 2) return view.error("ConsoleSize: expected height and width");
    if (numbers[0] != 0 || numbers[1] != 0) host.console_size = {numbers[0], numbers[1]};
    return {};
}

Result<> read_namespaces(HostConfig& host, const JsonView& view) {
    host.network_mode = TRY(view.string_or("NetworkMode", ""));
    host.cgroupns_mode = TRY(view.string_or("CgroupnsMode", ""));
    host.ipc_mode = TRY(view.string_or("IpcMode", ""));
    host.pid_mode = TRY(view.string_or("PidMode", ""));
    host.uts_mode = TRY(view.string_or("UTSMode", ""));
    host.userns_mode = TRY(view.string_or("UsernsMode", ""));
    host.cgroup = TRY(view.string_or("Cgroup", ""));
    host.isolation = TRY(view.string_or("Isolation", ""));
    return {};
}

Result<> read_security(HostConfig& host, const JsonView& view) {
    host.cap_add = TRY(read_string_or_list(view, "CapAdd"))
    .value_or(Strings());
    host.cap_drop = TRY(read_string_or_list(view, "CapDrop"))
    .value_or(Strings());
    host.group_add = TRY(view.strings("GroupAdd"));
    host.oom_score_adj = TRY(view.integer_or("OomScoreAdj", 0));
    host.privileged = TRY(view.boolean_or("Privileged", false));
    host.readonly_rootfs = TRY(view.boolean_or("ReadonlyRootfs", false));
    host.security_options = TRY(view.strings("SecurityOpt"));
    host.sysctls = TRY(view.string_map("Sysctls"));
    host.masked_paths = TRY(read_optional_list(view, "MaskedPaths"));
    host.readonly_paths = TRY(read_optional_list(view, "ReadonlyPaths"));
    return {};
}

Result<> read_networking(HostConfig& host, const JsonView& view) {
    host.port_bindings = TRY(read_port_map(view, "PortBindings"));
    host.publish_all_ports = TRY(view.boolean_or("PublishAllPorts", false));
    host.dns = TRY(view.strings("Dns"));
    host.dns_options = TRY(view.strings("DnsOptions"));
    host.dns_search = TRY(view.strings("DnsSearch"));
    host.extra_hosts = TRY(view.strings("ExtraHosts"));
    host.links = TRY(view.strings("Links"));
    return {};
}

Result<> read_storage(HostConfig& host, const JsonView& view) {
    host.binds = TRY(view.strings("Binds"));
    host.volume_driver = TRY(view.string_or("VolumeDriver", ""));
    host.volumes_from = TRY(view.strings("VolumesFrom"));
    TRY(view.each("Mounts", [&](const JsonView& mount) -> Result<> {
        host.mounts.push_back(TRY(read_mount(mount)));
        return {};
    }));
    host.storage_options = TRY(view.string_map("StorageOpt"));
    host.tmpfs = TRY(view.string_map("Tmpfs"));
    host.shm_size_bytes = TRY(view.integer_or<std::int64_t>("ShmSize", 0));
    return {};
}

}  // namespace

Result<PortMap> read_port_map(const JsonView& view, std::string_view key) {
    PortMap ports;
    TRY(view.each_member(key, [&](const std::string& port, const JsonView& list) -> Result<> {
        std::vector<PortBinding> bindings;
        if (!list.json().is_null() && !list.json().is_array()) return list.error("expected a list");
        if (const Json::Array* elements = list.json().as_array())
            for (const Json& element : *elements) {
                JsonView binding(element, list.path());
                TRY(binding.expect_object());
                auto& bound = bindings.emplace_back();
                bound.host_ip = TRY(binding.string_or("HostIp", ""));
                bound.host_port = TRY(binding.string_or("HostPort", ""));
            }
        ports.emplace_back(port, std::move(bindings));
        return {};
    }));
    return ports;
}

Result<HostConfig> parse_host_config(const JsonView& view) {
    TRY(view.expect_object());
    HostConfig host;
    host.container_id_file = TRY(view.string_or("ContainerIDFile", ""));
    if (auto log = TRY(view.object("LogConfig"))) {
        host.log.type = TRY(log->string_or("Type", ""));
        host.log.config = TRY(log->string_map("Config"));
    }
    if (auto policy = TRY(view.object("RestartPolicy")))
        host.restart_policy = TRY(read_restart_policy(*policy));
    host.auto_remove = TRY(view.boolean_or("AutoRemove", false));
    TRY(read_console_size(host, view));
    host.annotations = TRY(view.string_map("Annotations"));
    host.runtime = TRY(view.string_or("Runtime", ""));
    host.init = TRY(view.optional_boolean("Init"));
    TRY(read_namespaces(host, view));
    TRY(read_security(host, view));
    TRY(read_networking(host, view));
    TRY(read_storage(host, view));
    host.resources = TRY(read_resources(view));
    host.unknown = read_unknown(view, kHostMembers);
    return host;
}

Result<UpdateRequest> parse_update_request(const JsonView& body) {
    TRY(body.expect_object());
    UpdateRequest request;
    request.resources = TRY(read_resources(body));
    if (auto policy = TRY(body.object("RestartPolicy"))) {
        request.restart_policy = TRY(read_restart_policy(*policy));
        if (request.restart_policy->name.empty()) request.restart_policy.reset();
    }
    return request;
}

}  // namespace tare::container
