// HostConfig as Docker writes it, in its order: "null" for lists that nobody gave.

#include "engine/container/config_json.h"
#include "engine/container/json_read.h"

namespace tare::container {

namespace {

template <class T, class Convert>
Json list_json(const std::vector<T>& list, Convert convert) {
    Json json = Json::array();
    for (const T& element : list)
        json.push(convert(element));
    return json;
}

Json lists_json(const std::vector<Strings>& lists) {
    return list_json(lists, [](const Strings& list) { return Json(list); });
}

Json throttles_json(const std::vector<ThrottleDevice>& devices) {
    return list_json(devices, [](const ThrottleDevice& device) {
        return Json::object().set("Path", device.path).set("Rate", device.rate);
    });
}

Json devices_json(const std::vector<DeviceMapping>& devices) {
    return list_json(devices, [](const DeviceMapping& device) {
        return Json::object()
            .set("PathOnHost", device.path_on_host)
            .set("PathInContainer", device.path_in_container)
            .set("CgroupPermissions", device.cgroup_permissions);
    });
}

Json device_requests_json(const std::vector<DeviceRequest>& requests) {
    if (requests.empty()) return {};
    return list_json(requests, [](const DeviceRequest& request) {
        return Json::object()
            .set("Driver", request.driver)
            .set("Count", request.count)
            .set("DeviceIDs", list_or_null(request.device_ids))
            .set("Capabilities", lists_json(request.capabilities))
            .set("Options", to_json(request.options));
    });
}

Json ulimits_json(const std::vector<Ulimit>& ulimits) {
    return list_json(ulimits, [](const Ulimit& ulimit) {
        return Json::object().set("Name", ulimit.name).set("Hard", ulimit.hard).set("Soft", ulimit.soft);
    });
}

void add_resources(Json& json, const ResourceLimits& limits) {
    json.set("CpuShares", limits.cpu_shares).set("Memory", limits.memory_bytes);
    json.set("NanoCpus", limits.nano_cpus).set("CgroupParent", limits.cgroup_parent);
    json.set("BlkioWeight", limits.block_io_weight);
    json.set("BlkioWeightDevice", list_json(limits.block_io_weight_devices, [](const WeightDevice& device) {
                 return Json::object().set("Path", device.path).set("Weight", device.weight);
             }));
    json.set("BlkioDeviceReadBps", throttles_json(limits.read_bps));
    json.set("BlkioDeviceWriteBps", throttles_json(limits.write_bps));
    json.set("BlkioDeviceReadIOps", throttles_json(limits.read_iops));
    json.set("BlkioDeviceWriteIOps", throttles_json(limits.write_iops));
    json.set("CpuPeriod", limits.cpu_period).set("CpuQuota", limits.cpu_quota);
    json.set("CpuRealtimePeriod", limits.cpu_realtime_period);
    json.set("CpuRealtimeRuntime", limits.cpu_realtime_runtime);
    json.set("CpusetCpus", limits.cpuset_cpus).set("CpusetMems", limits.cpuset_mems);
    json.set("Devices", devices_json(limits.devices));
    json.set("DeviceCgroupRules", list_or_null(limits.device_cgroup_rules));
    json.set("DeviceRequests", device_requests_json(limits.device_requests));
    if (limits.kernel_memory_bytes != 0) json.set("KernelMemory", limits.kernel_memory_bytes);
    json.set("MemoryReservation", limits.memory_reservation_bytes);
    json.set("MemorySwap", limits.memory_swap_bytes);
    json.set("MemorySwappiness", limits.memory_swappiness ? Json(*limits.memory_swappiness) : Json());
    json.set("OomKillDisable", limits.oom_kill_disable ? Json(*limits.oom_kill_disable) : Json());
    json.set("PidsLimit", limits.pids_limit ? Json(*limits.pids_limit) : Json());
    json.set("Ulimits", ulimits_json(limits.ulimits));
    // Of other systems; clients expect the members.
    json.set("CpuCount", 0).set("CpuPercent", 0).set("IOMaximumIOps", 0).set("IOMaximumBandwidth", 0);
}

void add_security(Json& json, const HostConfig& host) {
    json.set("CapAdd", list_or_null(host.cap_add)).set("CapDrop", list_or_null(host.cap_drop));
    json.set("CgroupnsMode", host.cgroupns_mode).set("Dns", Json(host.dns));
    json.set("DnsOptions", Json(host.dns_options)).set("DnsSearch", Json(host.dns_search));
    json.set("ExtraHosts", list_or_null(host.extra_hosts)).set("GroupAdd", list_or_null(host.group_add));
    json.set("IpcMode", host.ipc_mode).set("Cgroup", host.cgroup).set("Links", list_or_null(host.links));
    json.set("OomScoreAdj", host.oom_score_adj).set("PidMode", host.pid_mode);
    json.set("Privileged", host.privileged).set("PublishAllPorts", host.publish_all_ports);
    json.set("ReadonlyRootfs", host.readonly_rootfs);
    json.set("SecurityOpt", list_or_null(host.security_options));
    if (!host.storage_options.empty()) json.set("StorageOpt", to_json(host.storage_options));
    if (!host.tmpfs.empty()) json.set("Tmpfs", to_json(host.tmpfs));
    json.set("UTSMode", host.uts_mode).set("UsernsMode", host.userns_mode);
    json.set("ShmSize", host.shm_size_bytes);
    if (!host.sysctls.empty()) json.set("Sysctls", to_json(host.sysctls));
    json.set("Runtime", host.runtime).set("Isolation", host.isolation);
}

Json bind_options_json(const MountRequest& mount) {
    Json options = Json::object();
    if (!mount.propagation.empty()) options.set("Propagation", mount.propagation);
    if (mount.non_recursive) options.set("NonRecursive", true);
    if (mount.create_mountpoint) options.set("CreateMountpoint", true);
    if (mount.read_only_non_recursive) options.set("ReadOnlyNonRecursive", true);
    if (mount.read_only_force_recursive) options.set("ReadOnlyForceRecursive", true);
    return options;
}

Json volume_options_json(const MountRequest& mount) {
    Json options = Json::object();
    if (mount.no_copy) options.set("NoCopy", true);
    if (!mount.volume_labels.empty()) options.set("Labels", to_json(mount.volume_labels));
    if (!mount.driver.empty() || !mount.driver_options.empty()) {
        Json driver = Json::object().set("Name", mount.driver);
        if (!mount.driver_options.empty()) driver.set("Options", to_json(mount.driver_options));
        options.set("DriverConfig", std::move(driver));
    }
    if (!mount.subpath.empty()) options.set("Subpath", mount.subpath);
    return options;
}

Json tmpfs_options_json(const MountRequest& mount) {
    Json options = Json::object();
    if (mount.tmpfs_size_bytes != 0) options.set("SizeBytes", mount.tmpfs_size_bytes);
    if (mount.tmpfs_mode != 0) options.set("Mode", mount.tmpfs_mode);
    if (!mount.tmpfs_options.empty()) options.set("Options", lists_json(mount.tmpfs_options));
    return options;
}

void set_unless_empty(Json& json, std::string_view key, Json object) {
    if (!object.as_object()->empty()) json.set(key, std::move(object));
}

}  // namespace

Json to_json(const RestartPolicy& policy) {
    return Json::object().set("Name", policy.name).set("MaximumRetryCount", policy.maximum_retry_count);
}

Json to_json(const LogConfig& log) {
    return Json::object().set("Type", log.type).set("Config", to_json(log.config));
}

Json to_json(const PortMap& ports) {
    Json json = Json::object();
    for (const auto& [port, bindings] : ports)
        json.set(port, bindings.empty() ? Json() : list_json(bindings, [](const PortBinding& binding) {
                     return Json::object().set("HostIp", binding.host_ip).set("HostPort", binding.host_port);
                 }));
    return json;
}

Json to_json(const MountRequest& mount) {
    Json json = Json::object().set("Type", mount.type);
    if (!mount.source.empty()) json.set("Source", mount.source);
    json.set("Target", mount.target);
    if (mount.read_only) json.set("ReadOnly", true);
    if (!mount.consistency.empty()) json.set("Consistency", mount.consistency);
    set_unless_empty(json, "BindOptions", bind_options_json(mount));
    if (mount.type == "image") {
        if (!mount.subpath.empty()) json.set("ImageOptions", Json::object().set("Subpath", mount.subpath));
    } else {
        set_unless_empty(json, "VolumeOptions", volume_options_json(mount));
    }
    set_unless_empty(json, "TmpfsOptions", tmpfs_options_json(mount));
    return json;
}

Json to_json(const HostConfig& host) {
    Json json = Json::object();
    json.set("Binds", list_or_null(host.binds)).set("ContainerIDFile", host.container_id_file);
    json.set("LogConfig", to_json(host.log)).set("NetworkMode", host.network_mode);
    json.set("PortBindings", to_json(host.port_bindings));
    json.set("RestartPolicy", to_json(host.restart_policy)).set("AutoRemove", host.auto_remove);
    json.set("VolumeDriver", host.volume_driver).set("VolumesFrom", list_or_null(host.volumes_from));
    const auto [height, width] = host.console_size.value_or(std::pair<std::uint16_t, std::uint16_t>());
    json.set("ConsoleSize", Json::array().push(height).push(width));
    if (!host.annotations.empty()) json.set("Annotations", to_json(host.annotations));
    add_security(json, host);
    add_resources(json, host.resources);
    if (!host.mounts.empty())
        json.set("Mounts", list_json(host.mounts, [](const MountRequest& mount) { return to_json(mount); }));
    json.set("MaskedPaths", host.masked_paths ? Json(*host.masked_paths) : Json());
    json.set("ReadonlyPaths", host.readonly_paths ? Json(*host.readonly_paths) : Json());
    if (host.init) json.set("Init", *host.init);
    add_unknown(json, host.unknown);
    return json;
}

}  // namespace tare::container
