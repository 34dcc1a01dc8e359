// CreateOptions -> the body of POST /containers/create.

#include <algorithm>

#include "cli/common/key_value.h"
#include "cli/common/mount_spec.h"
#include "cli/common/network_spec.h"
#include "cli/common/port_spec.h"
#include "cli/common/resource_spec.h"
#include "cli/docker/create_options.h"
#include "cli/docker/each_name.h"
#include "posix/file.h"

namespace tare::cli::docker {

namespace {

constexpr std::size_t kMaxProfileBytes = std::size_t{4} << 20;

Error bad(std::string message) {
    return Error(ErrorKind::invalid_argument, std::move(message));
}

bool has(const std::vector<std::string>& list, std::string_view value) {
    return std::ranges::find(list, value) != list.end();
}

template <class Parse>
Result<Json> each(const std::vector<std::string>& options, Parse parse) {
    Json out = Json::array();
    for (const std::string& option : options)
        out.push(TRY(parse(option)));
    return out;
}

struct Mounts {
    Json binds = Json::array();
    Json volumes = Json::object();
};

Result<Mounts> mounts_of(const CreateOptions& options, const std::string& working_directory) {
    Mounts mounts;
    for (const std::string& option : options.volumes) {
        VolumeOption volume = TRY(parse_volume(option, working_directory));
        if (volume.type == VolumeOption::Type::anonymous) {
            mounts.volumes.set(volume.target, Json::object());
        } else {
            mounts.binds.push(volume.bind);
        }
    }
    return mounts;
}

struct Ports {
    Json exposed;
    Json bindings;
};

Result<Ports> ports_of(const CreateOptions& options) {
    std::vector<PortMapping> mappings;
    for (const std::string& option : options.publish)
        for (PortMapping& mapping : TRY(parse_publish(option)))
            mappings.push_back(std::move(mapping));
    std::vector<std::string> exposed;
    for (const std::string& option : options.expose)
        for (std::string& port : TRY(parse_expose(option)))
            exposed.push_back(std::move(port));
    return Ports{exposed_ports_json(mappings, exposed), port_bindings_json(mappings)};
}

struct Devices {
    Json mappings = Json::array();
    Json requests = Json::array();
};

Result<Devices> devices_of(const CreateOptions& options) {
    Devices devices;
    Json cdi = Json::array();
    for (const std::string& option : options.devices) {
        if (is_cdi_device(option)) {
            cdi.push(option);
        } else {
            devices.mappings.push(TRY(parse_device(option)));
        }
    }
    if (!cdi.as_array()->empty()) {
        Json request = Json::object();
        request.set("Driver", "cdi").set("Count", 0).set("DeviceIDs", cdi);
        devices.requests.push(std::move(request));
    }
    if (!options.gpus.empty())
        return bad(
            "could not select device driver \"\" with capabilities: [[gpu]]: name the device by CDI "
            "(--device vendor.com/class=name)");
    return devices;
}

// A container: mode must name the container, everything else must be one of the known words.
enum class ContainerMode { refused, allowed };

Result<> check_mode(std::string_view flag, std::string_view mode,
                    std::initializer_list<std::string_view> known, ContainerMode container,
                    std::string_view what) {
    constexpr std::string_view kContainer = "container:";
    if (mode.empty() || std::ranges::find(known, mode) != known.end()) return {};
    const bool names_one = mode.starts_with(kContainer) && mode.size() > kContainer.size();
    if (container == ContainerMode::allowed && names_one) return {};
    return bad(cat("--", flag, ": invalid ", what, " mode"));
}

Result<> check_modes(const CreateOptions& options) {
    TRY(check_mode("pid", options.pid, {"host"}, ContainerMode::allowed, "PID"));
    TRY(check_mode("uts", options.uts, {"host"}, ContainerMode::refused, "UTS"));
    TRY(check_mode("userns", options.userns, {"host"}, ContainerMode::refused, "USER"));
    return check_mode("cgroupns", options.cgroupns, {"host", "private"}, ContainerMode::refused, "CGROUP");
}

struct Security {
    Json options = Json::array();
    bool unconfined_paths = false;
};

// A seccomp profile is sent by content: the daemon need not see this machine's files.
Result<Security> security_of(const CreateOptions& options) {
    Security security;
    for (const std::string& option : options.security_options) {
        auto [key, value] = cut(option, '=');
        if (!value && key != "no-new-privileges") {
            auto parts = cut(option, ':');
            key = parts.before;
            value = parts.after;
        }
        if ((!value || value->empty()) && key != "no-new-privileges")
            return bad(cat("Invalid --security-opt: ", quote(option)));
        if (key == "seccomp" && *value != "unconfined" && *value != "builtin") {
            auto text = posix::read_file(std::string(*value), kMaxProfileBytes);
            if (!text && text.error().is(ErrorKind::not_found))
                return bad(cat("opening seccomp profile (", *value, ") failed: open ", *value,
                               ": no such file or directory"));
            if (!text)
                return bad(cat("opening seccomp profile (", *value, ") failed: ", text.error().message()));
            auto profile = parse_json(*text, {.what = "seccomp profile"});
            if (!profile)
                return bad(cat("compacting json for seccomp profile (", *value,
                               ") failed: ", profile.error().message()));
            security.options.push(cat("seccomp=", dump(*profile)));
        } else if (option == "systempaths=unconfined") {
            security.unconfined_paths = true;
        } else {
            security.options.push(option);
        }
    }
    return security;
}

Result<Json> health_of(const CreateOptions& options) {
    const bool has_settings = !options.health_command.empty() || options.health_interval.count() != 0 ||
                              options.health_timeout.count() != 0 ||
                              options.health_start_period.count() != 0 ||
                              options.health_start_interval.count() != 0 || options.health_retries != 0;
    if (options.no_healthcheck && has_settings)
        return bad("--no-healthcheck conflicts with --health-* options");
    if (options.no_healthcheck) return Json::object().set("Test", Json::array().push("NONE"));
    if (!has_settings) return Json();
    for (auto [name, value] : {std::pair("interval", options.health_interval.count()),
                               {"timeout", options.health_timeout.count()},
                               {"retries", options.health_retries},
                               {"start-period", options.health_start_period.count()},
                               {"start-interval", options.health_start_interval.count()}})
        if (value < 0) return bad(cat("--health-", name, " cannot be negative"));
    Json health = Json::object();
    if (!options.health_command.empty())
        health.set("Test", Json::array().push("CMD-SHELL").push(options.health_command));
    if (options.health_interval.count() != 0) health.set("Interval", options.health_interval.count());
    if (options.health_timeout.count() != 0) health.set("Timeout", options.health_timeout.count());
    if (options.health_start_period.count() != 0)
        health.set("StartPeriod", options.health_start_period.count());
    if (options.health_start_interval.count() != 0)
        health.set("StartInterval", options.health_start_interval.count());
    if (options.health_retries != 0) health.set("Retries", options.health_retries);
    return health;
}

// The flags --ip, --link, … belong to the first network.
Result<> add_container_options(NetworkOption& network, const CreateOptions& options) {
    auto conflict = [](std::string_view flag, std::string_view what) {
        return bad(cat("conflicting options: cannot specify both ", flag, " and per-network ", what));
    };
    if (!network.aliases.empty() && !options.network_aliases.empty())
        return conflict("--network-alias", "alias");
    if (!network.links.empty() && !options.links.empty()) return conflict("--link", "links");
    if (!network.ipv4.empty() && !options.ipv4.empty()) return conflict("--ip", "IPv4 address");
    if (!network.ipv6.empty() && !options.ipv6.empty()) return conflict("--ip6", "IPv6 address");
    if (!network.mac_address.empty() && !options.mac_address.empty())
        return conflict("--mac-address", "MAC address");
    if (!network.link_local_ips.empty() && !options.link_local_ips.empty())
        return conflict("--link-local-ip", "link-local IP addresses");
    if (!options.network_aliases.empty()) network.aliases = options.network_aliases;
    if (is_user_defined_network(network.target) && !options.links.empty()) network.links = options.links;
    if (!options.ipv4.empty()) network.ipv4 = options.ipv4;
    if (!options.ipv6.empty()) network.ipv6 = options.ipv6;
    if (!options.mac_address.empty()) network.mac_address = options.mac_address;
    if (!options.link_local_ips.empty()) network.link_local_ips = options.link_local_ips;
    return {};
}

struct Networks {
    std::string mode = "default";
    Json endpoints = Json::object();
    std::string mac_address;  ///< of the main one
};

Result<Networks> networks_of(const CreateOptions& options) {
    std::vector<NetworkOption> networks;
    for (const std::string& option : options.networks)
        networks.push_back(TRY(parse_network(option)));
    if (networks.empty()) networks.push_back({.target = "default"});
    Networks out{.mode = networks[0].target};
    bool user_defined = false;
    bool built_in = false;
    for (std::size_t i = 0; i < networks.size(); ++i) {
        (is_user_defined_network(networks[i].target) ? user_defined : built_in) = true;
        if (i == 0) TRY(add_container_options(networks[i], options));
        if (i == 0) out.mac_address = networks[i].mac_address;
        Json settings = TRY(endpoint_settings(networks[i]));
        if (out.endpoints.find(networks[i].target) != nullptr)
            return bad(cat("network ", quote(networks[i].target), " is specified multiple times"));
        // A lone network without settings is left to the daemon: older ones want it that way.
        if (networks.size() == 1 && settings.as_object()->empty()) continue;
        out.endpoints.set(networks[i].target, std::move(settings));
    }
    if (user_defined && built_in)
        return bad("conflicting options: cannot attach both user-defined and non-user-defined network-modes");
    return out;
}

Result<> add_resources(Json& host, const CreateOptions& options, const FlagSet& flags) {
    if (options.swappiness != -1 && (options.swappiness < 0 || options.swappiness > 100))
        return bad(cat("invalid value: ", options.swappiness, ". Valid memory swappiness range is 0-100"));
    host.set("CpuShares", options.cpu_shares)
        .set("Memory", options.memory)
        .set("NanoCpus", options.nano_cpus);
    host.set("CgroupParent", options.cgroup_parent).set("BlkioWeight", options.blkio_weight);
    host.set("BlkioWeightDevice", TRY(each(options.blkio_weight_devices, parse_weight_device)));
    auto bytes = [](const std::string& text) { return parse_throttle_device(text, RateUnit::bytes); };
    auto operations = [](const std::string& text) {
        return parse_throttle_device(text, RateUnit::operations);
    };
    host.set("BlkioDeviceReadBps", TRY(each(options.read_bps, bytes)));
    host.set("BlkioDeviceWriteBps", TRY(each(options.write_bps, bytes)));
    host.set("BlkioDeviceReadIOps", TRY(each(options.read_iops, operations)));
    host.set("BlkioDeviceWriteIOps", TRY(each(options.write_iops, operations)));
    host.set("CpuPeriod", options.cpu_period).set("CpuQuota", options.cpu_quota);
    host.set("CpuRealtimePeriod", options.cpu_rt_period).set("CpuRealtimeRuntime", options.cpu_rt_runtime);
    host.set("CpusetCpus", options.cpuset_cpus).set("CpusetMems", options.cpuset_mems);
    Devices devices = TRY(devices_of(options));
    host.set("Devices", std::move(devices.mappings)).set("DeviceCgroupRules", Json(options.device_rules));
    if (!devices.requests.as_array()->empty()) host.set("DeviceRequests", std::move(devices.requests));
    host.set("MemoryReservation", options.memory_reservation).set("MemorySwap", options.memory_swap);
    if (options.kernel_memory != 0) host.set("KernelMemory", options.kernel_memory);
    host.set("MemorySwappiness", options.swappiness).set("OomKillDisable", options.oom_kill_disable);
    if (flags.is_set("pids-limit")) host.set("PidsLimit", options.pids_limit);
    host.set("Ulimits", TRY(each(options.ulimits, parse_ulimit)));
    return {};
}

Result<Json> storage_options_of(const CreateOptions& options) {
    for (const std::string& option : options.storage_options)
        if (!cut(option, '=').after) return bad("invalid storage option");
    return key_value_object(options.storage_options);
}

Json tmpfs_of(const CreateOptions& options) {
    Json tmpfs = Json::object();
    for (const std::string& option : options.tmpfs) {
        auto [target, settings] = cut(option, ':');
        tmpfs.set(target, settings.value_or(""));
    }
    return tmpfs;
}

Result<Json> log_config_of(const CreateOptions& options) {
    if (options.log_driver == "none" && !options.log_options.empty())
        return bad(cat("invalid logging opts for driver ", options.log_driver));
    Json log = Json::object();
    log.set("Type", options.log_driver).set("Config", key_value_object(options.log_options));
    return log;
}

Result<Json> mount_list_of(const CreateOptions& options, const std::string& working_directory) {
    Json mounts = Json::array();
    for (const std::string& option : options.mounts)
        mounts.push(TRY(parse_mount(option, working_directory)));
    return mounts;
}

Result<Json> host_config(const CreateOptions& options, const FlagSet& flags,
                         const std::string& working_directory, Json binds, Json port_bindings,
                         const std::string& network_mode) {
    Json host = Json::object();
    host.set("Binds", std::move(binds)).set("ContainerIDFile", options.cid_file);
    host.set("LogConfig", TRY(log_config_of(options))).set("NetworkMode", network_mode);
    host.set("PortBindings", std::move(port_bindings));
    Json restart = TRY(parse_restart_policy(options.restart));
    if (std::string name = text_at(restart, "Name"); options.auto_remove && !name.empty() && name != "no")
        return bad("conflicting options: cannot specify both --restart and --rm");
    host.set("RestartPolicy", std::move(restart)).set("AutoRemove", options.auto_remove);
    host.set("VolumeDriver", options.volume_driver).set("VolumesFrom", Json(options.volumes_from));
    host.set("CapAdd", Json(options.cap_add)).set("CapDrop", Json(options.cap_drop));
    host.set("CgroupnsMode", options.cgroupns)
        .set("Dns", Json(options.dns))
        .set("DnsOptions", Json(options.dns_options));
    host.set("DnsSearch", Json(options.dns_search)).set("ExtraHosts", Json(options.extra_hosts));
    host.set("GroupAdd", Json(options.group_add))
        .set("IpcMode", options.ipc)
        .set("Links", Json(options.links));
    host.set("OomScoreAdj", options.oom_score_adj)
        .set("PidMode", options.pid)
        .set("Privileged", options.privileged);
    host.set("PublishAllPorts", options.publish_all).set("ReadonlyRootfs", options.read_only);
    Security security = TRY(security_of(options));
    host.set("SecurityOpt", std::move(security.options)).set("StorageOpt", TRY(storage_options_of(options)));
    host.set("Tmpfs", tmpfs_of(options)).set("UTSMode", options.uts).set("UsernsMode", options.userns);
    host.set("ShmSize", options.shm_bytes).set("Sysctls", key_value_object(options.sysctls));
    if (!options.runtime.empty()) host.set("Runtime", options.runtime);
    host.set("Isolation", options.isolation);
    TRY(add_resources(host, options, flags));
    host.set("Mounts", TRY(mount_list_of(options, working_directory)));
    if (security.unconfined_paths) host.set("MaskedPaths", Json::array()).set("ReadonlyPaths", Json::array());
    if (flags.is_set("init")) host.set("Init", options.init);
    if (!options.annotations.empty()) host.set("Annotations", key_value_object(options.annotations));
    return host;
}

Result<> add_process(Json& config, const CreateOptions& options, const FlagSet& flags) {
    const bool attach_input = options.interactive || has(options.attach, "stdin");
    const bool attach_all = options.attach.empty();
    config.set("Hostname", options.hostname).set("Domainname", options.domainname).set("User", options.user);
    config.set("AttachStdin", attach_input);
    config.set("AttachStdout", attach_all || has(options.attach, "stdout"));
    config.set("AttachStderr", attach_all || has(options.attach, "stderr"));
    config.set("Tty", options.tty).set("OpenStdin", options.interactive);
    config.set("StdinOnce", options.interactive && attach_input);
    std::vector<std::string> env = TRY(read_key_value_files(options.env_files, environment));
    env.insert(env.end(), options.env.begin(), options.env.end());
    config.set("Env", Json(env));
    config.set("Cmd", options.command.empty() ? Json() : Json(options.command)).set("Image", options.image);
    if (flags.is_set("entrypoint")) config.set("Entrypoint", Json::array().push(options.entrypoint));
    config.set("WorkingDir", options.working_directory);
    if (!options.stop_signal.empty()) config.set("StopSignal", options.stop_signal);
    if (flags.is_set("stop-timeout")) config.set("StopTimeout", options.stop_timeout);
    return {};
}

}  // namespace

Result<Json> create_request(const CreateOptions& options, const FlagSet& flags,
                            const std::string& working_directory) {
    if (!options.mac_address.empty() && !is_mac_address(options.mac_address))
        return bad(cat(options.mac_address, " is not a valid mac address"));
    Mounts mounts = TRY(mounts_of(options, working_directory));
    Ports ports = TRY(ports_of(options));
    Json config = Json::object();
    TRY(add_process(config, options, flags));
    std::vector<std::string> labels = TRY(read_key_value_files(options.label_files, nullptr));
    labels.insert(labels.end(), options.labels.begin(), options.labels.end());
    TRY(check_modes(options));
    Json health = TRY(health_of(options));
    config.set("ExposedPorts", std::move(ports.exposed)).set("Volumes", std::move(mounts.volumes));
    config.set("Labels", key_value_object(labels));
    if (!health.is_null()) config.set("Healthcheck", std::move(health));
    Networks networks = TRY(networks_of(options));
    if (!networks.mac_address.empty()) config.set("MacAddress", networks.mac_address);
    config.set("HostConfig", TRY(host_config(options, flags, working_directory, std::move(mounts.binds),
                                             std::move(ports.bindings), networks.mode)));
    config.set("NetworkingConfig", Json::object().set("EndpointsConfig", std::move(networks.endpoints)));
    return config;
}

}  // namespace tare::cli::docker
