#pragma once

// `linux.resources` of config.json: what a container may use. Read by the runtime, written into
// cgroups by run/cgroup, built by engine/container.
// Source: runtime-spec, config-linux.md, "Control groups".

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"

namespace tare::oci {

/// One entry of `linux.resources.devices`. Absent numbers mean every number ("*").
struct DeviceRule {
    bool allow = false;
    char type = 'a';  ///< 'a' (all), 'c' or 'b'
    std::optional<std::int64_t> major;
    std::optional<std::int64_t> minor;
    std::string access;  ///< of "rwm"; empty means all three
};

struct MemoryResources {
    std::optional<std::int64_t> limit;        ///< bytes; -1 is no limit (here and below)
    std::optional<std::int64_t> reservation;  ///< soft limit, bytes
    std::optional<std::int64_t> swap;         ///< memory plus swap, bytes
    std::optional<std::int64_t> kernel;       ///< bytes; kernels since 5.16 ignore it
    std::optional<std::int64_t> kernel_tcp;
    std::optional<std::uint64_t> swappiness;  ///< 0 to 100
    std::optional<bool> disable_oom_killer;
    std::optional<bool> use_hierarchy;
    std::optional<bool> check_before_update;  ///< refuse a limit below the present usage
};

struct CpuResources {
    std::optional<std::uint64_t> shares;
    std::optional<std::int64_t> quota;    ///< microseconds a period; <= 0 is no limit
    std::optional<std::uint64_t> burst;   ///< microseconds
    std::optional<std::uint64_t> period;  ///< microseconds
    std::optional<std::int64_t> realtime_runtime;
    std::optional<std::uint64_t> realtime_period;
    std::optional<std::int64_t> idle;
    std::string cpus;  ///< "0-3,5"
    std::string mems;
};

struct WeightDevice {
    std::int64_t major = 0;
    std::int64_t minor = 0;
    std::optional<std::uint16_t> weight;
    std::optional<std::uint16_t> leaf_weight;
};

struct ThrottleDevice {
    std::int64_t major = 0;
    std::int64_t minor = 0;
    std::uint64_t rate = 0;  ///< bytes or operations a second; 0 is no limit
};

struct BlockIoResources {
    std::optional<std::uint16_t> weight;  ///< 10 to 1000
    std::optional<std::uint16_t> leaf_weight;
    std::vector<WeightDevice> weight_devices;
    std::vector<ThrottleDevice> read_bps;
    std::vector<ThrottleDevice> write_bps;
    std::vector<ThrottleDevice> read_iops;
    std::vector<ThrottleDevice> write_iops;
};

struct HugepageLimit {
    std::string page_size;  ///< "2MB", "1GB"
    std::uint64_t limit = 0;
};

struct RdmaLimit {
    std::optional<std::uint32_t> hca_handles;
    std::optional<std::uint32_t> hca_objects;
};

struct NetworkResources {
    std::optional<std::uint32_t> class_id;
    std::vector<std::pair<std::string, std::uint32_t>> priorities;  ///< interface, priority
};

struct LinuxResources {
    std::vector<DeviceRule> devices;
    MemoryResources memory;
    CpuResources cpu;
    std::optional<std::int64_t> pids_limit;  ///< <= 0 is no limit
    BlockIoResources block_io;
    std::vector<HugepageLimit> hugepage_limits;
    NetworkResources network;
    std::vector<std::pair<std::string, RdmaLimit>> rdma;
    /// Files of cgroup v2 and what is written into them, as they are.
    std::vector<std::pair<std::string, std::string>> unified;
};

/// Reads `linux.resources`; invalid_argument with the field's path.
Result<LinuxResources> parse_resources(const JsonView& view);
/// Writes what is set, in the spec's form.
Json to_json(const LinuxResources& resources);

}  // namespace tare::oci
