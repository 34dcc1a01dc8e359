#pragma once

// The flags that `run` and `create` share, and the request that they make.

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "cli/common/flags.h"

namespace tare::cli::docker {

/// What the user asked for. Lists hold the options as written where they are read when the request
/// is built, so that mistakes are told in docker's order.
struct CreateOptions {
    // Streams and the process.
    std::vector<std::string> attach, env, env_files;
    bool interactive = false, tty = false;
    std::string entrypoint, user, working_directory, hostname, domainname, stop_signal;
    std::int64_t stop_timeout = 0;
    bool init = false;

    // Names and labels.
    std::string name, cid_file, platform, pull = "missing", runtime;
    std::vector<std::string> labels, label_files, annotations;
    bool auto_remove = false, quiet = false, skip_trust = true;

    // Files.
    std::vector<std::string> volumes, volumes_from, mounts, tmpfs, storage_options;
    std::string volume_driver;
    bool read_only = false, use_api_socket = false;
    std::int64_t shm_bytes = 0;

    // Network.
    std::vector<std::string> publish, expose, networks, network_aliases, links, link_local_ips, dns,
        dns_options, dns_search, extra_hosts;
    bool publish_all = false;
    std::string ipv4, ipv6, mac_address;

    // Rights.
    std::vector<std::string> cap_add, cap_drop, devices, device_rules, group_add, security_options, sysctls,
        gpus;
    bool privileged = false;
    std::string cgroup_parent, cgroupns, ipc, pid, userns, uts, isolation;

    // Resources.
    std::int64_t memory = 0, memory_reservation = 0, memory_swap = 0, kernel_memory = 0, swappiness = -1;
    std::int64_t cpu_period = 0, cpu_quota = 0, cpu_rt_period = 0, cpu_rt_runtime = 0, cpu_shares = 0,
                 nano_cpus = 0;
    std::int64_t cpu_count = 0, cpu_percent = 0, io_max_bandwidth = 0, pids_limit = 0, oom_score_adj = 0;
    std::uint64_t blkio_weight = 0, io_max_iops = 0;
    std::string cpuset_cpus, cpuset_mems;
    std::vector<std::string> blkio_weight_devices, read_bps, write_bps, read_iops, write_iops, ulimits;
    bool oom_kill_disable = false;

    // Life cycle.
    std::string restart = "no", log_driver;
    std::vector<std::string> log_options;
    std::string health_command;
    std::chrono::nanoseconds health_interval{}, health_timeout{}, health_start_period{},
        health_start_interval{};
    std::int64_t health_retries = 0;
    bool no_healthcheck = false;

    // The arguments.
    std::string image;
    std::vector<std::string> command;
};

/// Declares all of them. Borrows `options`.
void define_create_flags(FlagSet& flags, CreateOptions& options);

/// The body of POST /containers/create. `flags` tells which flags were given. invalid_argument in
/// docker's words for the first mistake.
Result<Json> create_request(const CreateOptions& options, const FlagSet& flags,
                            const std::string& working_directory);

}  // namespace tare::cli::docker
