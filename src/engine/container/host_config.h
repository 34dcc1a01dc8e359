#pragma once

// The half of a create request that belongs to this machine: `HostConfig` of the Engine API.
// Zero, "" and {} mean "not set" as on the wire unless a comment says otherwise.

#include "engine/container/config.h"

namespace tare::container {

/// Where a container's port is published.
struct PortBinding {
    std::string host_ip;
    std::string host_port;  ///< "8080", "8000-8010" or "" for any free one
    bool operator==(const PortBinding&) const = default;
};
/// "80/tcp" and its bindings, in the order of the document.
using PortMap = std::vector<std::pair<std::string, std::vector<PortBinding>>>;

struct RestartPolicy {
    std::string name;  ///< "", "no", "always", "unless-stopped" or "on-failure"
    int maximum_retry_count = 0;

    bool is_none() const { return name.empty() || name == "no"; }
    bool operator==(const RestartPolicy&) const = default;
};

struct LogConfig {
    std::string type;  ///< "json-file" (the default), "local" (kept as json-file) or "none"
    StringMap config;  ///< max-size, max-file, labels, tag, …
    bool operator==(const LogConfig&) const = default;
};

/// One element of `Mounts` (`--mount`).
struct MountRequest {
    std::string type;  ///< bind, volume, tmpfs or image
    std::string source;
    std::string target;
    bool read_only = false;
    std::string consistency;  ///< of other systems; kept and without effect
    // BindOptions
    std::string propagation;
    bool non_recursive = false;
    bool create_mountpoint = false;
    bool read_only_non_recursive = false;
    bool read_only_force_recursive = false;
    // VolumeOptions; the subpath also of ImageOptions
    bool no_copy = false;
    StringMap volume_labels;
    std::string driver;
    StringMap driver_options;
    std::string subpath;
    // TmpfsOptions
    std::int64_t tmpfs_size_bytes = 0;
    std::uint32_t tmpfs_mode = 0;
    std::vector<Strings> tmpfs_options;

    bool operator==(const MountRequest&) const = default;
};

struct DeviceMapping {
    std::string path_on_host;
    std::string path_in_container;
    std::string cgroup_permissions;  ///< of "rwm"
    bool operator==(const DeviceMapping&) const = default;
};

/// `--gpus` and CDI devices.
struct DeviceRequest {
    std::string driver;
    std::int64_t count = 0;
    Strings device_ids;
    std::vector<Strings> capabilities;
    StringMap options;
    bool operator==(const DeviceRequest&) const = default;
};

struct Ulimit {
    std::string name;  ///< "nofile"
    std::int64_t soft = 0;
    std::int64_t hard = 0;  ///< -1 is no limit, here and above
    bool operator==(const Ulimit&) const = default;
};

struct WeightDevice {
    std::string path;
    std::uint16_t weight = 0;
    bool operator==(const WeightDevice&) const = default;
};
struct ThrottleDevice {
    std::string path;
    std::uint64_t rate = 0;
    bool operator==(const ThrottleDevice&) const = default;
};

/// What `docker update` may change (with the restart policy): `Resources` of the API.
struct ResourceLimits {
    std::int64_t cpu_shares = 0;
    std::int64_t memory_bytes = 0;
    std::string cgroup_parent;
    std::uint16_t block_io_weight = 0;
    std::vector<WeightDevice> block_io_weight_devices;
    std::vector<ThrottleDevice> read_bps;
    std::vector<ThrottleDevice> write_bps;
    std::vector<ThrottleDevice> read_iops;
    std::vector<ThrottleDevice> write_iops;
    std::int64_t cpu_period = 0;
    std::int64_t cpu_quota = 0;
    std::int64_t cpu_realtime_period = 0;
    std::int64_t cpu_realtime_runtime = 0;
    std::string cpuset_cpus;
    std::string cpuset_mems;
    std::vector<DeviceMapping> devices;
    Strings device_cgroup_rules;  ///< "c 13:* rwm"
    std::vector<DeviceRequest> device_requests;
    std::int64_t memory_reservation_bytes = 0;
    std::int64_t memory_swap_bytes = 0;             ///< memory plus swap; -1 is no limit
    std::optional<std::int64_t> memory_swappiness;  ///< -1 is the kernel's
    std::int64_t kernel_memory_bytes = 0;
    std::optional<bool> oom_kill_disable;
    std::optional<std::int64_t> pids_limit;  ///< <= 0 is no limit
    std::vector<Ulimit> ulimits;
    std::int64_t nano_cpus = 0;

    bool operator==(const ResourceLimits&) const = default;
};

struct HostConfig {
    Strings binds;  ///< "SOURCE:TARGET[:OPTIONS]"
    std::string container_id_file;
    LogConfig log;
    std::string network_mode;  ///< default, bridge, host, none, container:ID or a network
    PortMap port_bindings;
    RestartPolicy restart_policy;
    bool auto_remove = false;
    std::string volume_driver;
    Strings volumes_from;
    std::vector<MountRequest> mounts;
    std::optional<std::pair<std::uint16_t, std::uint16_t>> console_size;  ///< height, width
    StringMap annotations;

    Strings cap_add;
    Strings cap_drop;
    std::string cgroupns_mode;  ///< "", host or private
    Strings dns;
    Strings dns_options;
    Strings dns_search;
    Strings extra_hosts;  ///< "name:address"; the address may be "host-gateway"
    Strings group_add;
    std::string ipc_mode;  ///< "", none, private, shareable, host or container:ID
    std::string cgroup;
    Strings links;
    int oom_score_adj = 0;
    std::string pid_mode;  ///< "", host or container:ID
    bool privileged = false;
    bool publish_all_ports = false;
    bool readonly_rootfs = false;
    Strings security_options;  ///< "seccomp=…" (the profile itself), "no-new-privileges", …
    StringMap storage_options;
    StringMap tmpfs;          ///< path and mount options
    std::string uts_mode;     ///< "" or host
    std::string userns_mode;  ///< "" or host
    std::int64_t shm_size_bytes = 0;
    StringMap sysctls;
    std::string runtime;
    std::string isolation;
    std::optional<bool> init;
    ResourceLimits resources;
    std::optional<Strings> masked_paths;    ///< absent: Docker's list
    std::optional<Strings> readonly_paths;  ///< absent: Docker's list
    Json unknown = Json::object();          ///< members this version does not know

    bool operator==(const HostConfig&) const = default;
};

/// The ID or name behind "container:…"; nothing for another mode.
std::optional<std::string_view> container_of_mode(std::string_view mode);

}  // namespace tare::container
