#pragma once

// What a group has used, on one scale for all layouts (bytes, nanoseconds).

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "run/cgroup/cgroup.h"

namespace tare::cgroup {

/// One counter with its bounds.
struct ByteCounter {
    std::uint64_t usage = 0;
    std::uint64_t max = 0;
    std::uint64_t limit = 0;
    std::uint64_t fail_count = 0;
};

/// How long tasks of the group stood still for want of something (kernel, accounting/psi.rst).
struct PressureLine {
    double avg10 = 0;  ///< percent of the last 10 s; likewise 60 and 300
    double avg60 = 0;
    double avg300 = 0;
    std::uint64_t total_microseconds = 0;
};
struct Pressure {
    PressureLine some;
    PressureLine full;
};

struct MemoryUse {
    std::uint64_t usage_bytes = 0;
    std::uint64_t max_usage_bytes = 0;  ///< 0 where the kernel does not say
    std::uint64_t limit_bytes = 0;      ///< the highest number where there is no limit
    std::uint64_t fail_count = 0;
    /// memory+swap, as v1 counts.
    std::uint64_t swap_usage_bytes = 0;
    std::uint64_t swap_limit_bytes = 0;
    ByteCounter kernel;      ///< v1 only
    ByteCounter kernel_tcp;  ///< v1 only
    std::optional<Pressure> pressure;
    /// All of memory.stat.
    std::vector<std::pair<std::string, std::uint64_t>> stat;

    /// A value of `stat`, 0 if it is not there.
    std::uint64_t stat_value(std::string_view key) const;
};

struct CpuUse {
    std::uint64_t total_ns = 0;
    std::uint64_t user_ns = 0;
    std::uint64_t kernel_ns = 0;
    std::vector<std::uint64_t> per_cpu_ns;  ///< v1 only
    std::uint64_t periods = 0;
    std::uint64_t throttled_periods = 0;
    std::uint64_t throttled_ns = 0;
    std::optional<Pressure> pressure;
};

/// v1 only; on v2 it is empty.
struct CpusetUse {
    std::string cpus;  ///< "0-3,5"
    std::string mems;
    /// The files of numbers, without "cpuset.".
    std::vector<std::pair<std::string, std::uint64_t>> flags;
};

/// One line of a block I/O table: "8:0 Read 4096".
struct BlockIoEntry {
    std::uint64_t major = 0;
    std::uint64_t minor = 0;
    std::string operation;  ///< read, write, sync, async, discard, total; lower case
    std::uint64_t value = 0;
};

struct PidsUse {
    std::uint64_t current = 0;
    std::uint64_t limit = 0;  ///< 0: none
};

struct HugepageUse {
    std::string page_size;
    std::uint64_t usage_bytes = 0;
    std::uint64_t max_usage_bytes = 0;
    std::uint64_t fail_count = 0;
};

struct Stats {
    MemoryUse memory;
    CpuUse cpu;
    CpusetUse cpuset;
    std::optional<Pressure> io_pressure;
    PidsUse pids;
    std::vector<BlockIoEntry> service_bytes;
    std::vector<BlockIoEntry> serviced;
    std::vector<HugepageUse> hugepages;
    bool is_v2 = false;
};

/// Reads all counters. Files that are not there leave zeros: a controller may be missing.
/// not_found if the group itself is gone.
Result<Stats> read_stats(const Cgroup& group);

}  // namespace tare::cgroup
