#pragma once

// What this machine can do, read once at start; a value, so that tests can be another machine.

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace tare::container {

struct HostFacts {
    std::string architecture;    ///< Go's name: amd64, arm64
    std::string kernel_release;  ///< "6.1.0-18-amd64"
    unsigned cpus = 1;           ///< online
    std::uint64_t memory_bytes = 0;
    /// Bit n: capability n is there to be given (this kernel knows it, and the daemon may have it).
    std::uint64_t capabilities = (std::uint64_t{1} << 41) - 1;
    bool is_cgroup_v2 = true;
    bool is_cgroup_hybrid = false;  ///< v1 with v2 at its side
    bool has_swap_limit = true;
    /// /sys/devices/system/cpu/cpuN/thermal_throttle of this machine: masked, it tells load of others.
    std::vector<std::string> thermal_throttle_paths;
    std::string hostname;  ///< what a container in the host's UTS or network namespace is called
    bool has_apparmor = false;
    std::string apparmor_profile;  ///< of containers that name none; empty if there is none
    bool has_selinux = false;
    bool has_hugetlb = true;
    std::string cpuset_cpus;  ///< what may be asked for, "0-3"
    std::string cpuset_mems;

    /// Of a daemon, not of the machine, but used alike.
    std::string cgroup_parent = "/tare";
    std::string init_binary;                       ///< tare-init, for --init; empty if not installed
    std::vector<std::string> runtimes = {"tare"};  ///< the names that HostConfig.Runtime may have
    std::string default_runtime = "tare";
};

/// Reads /proc and /sys. A fact that cannot be read keeps its default.
HostFacts read_host_facts();

}  // namespace tare::container
