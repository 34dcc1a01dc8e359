#pragma once

// What a container has used up to now, as `docker stats` computes with it.

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "run/cgroup/stats.h"

namespace tare::supervisor {

/// Counters of one interface inside the container.
struct InterfaceUse {
    std::string name;
    std::uint64_t received_bytes = 0;
    std::uint64_t received_packets = 0;
    std::uint64_t received_errors = 0;
    std::uint64_t received_dropped = 0;
    std::uint64_t sent_bytes = 0;
    std::uint64_t sent_packets = 0;
    std::uint64_t sent_errors = 0;
    std::uint64_t sent_dropped = 0;
};

struct Stats {
    Time read_at;
    std::string id;
    std::string name;
    bool running = false;
    cgroup::Stats group;
    std::vector<InterfaceUse> interfaces;
    std::uint64_t system_cpu_ns = 0;  ///< of the whole machine, as Docker counts (/proc/stat)
    std::uint32_t online_cpus = 0;
};

}  // namespace tare::supervisor
