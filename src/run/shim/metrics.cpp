#include "run/shim/metrics.h"

namespace tare::shim {

namespace {

namespace v1 = shimv2::metrics_v1;
namespace v2 = shimv2::metrics_v2;

constexpr std::uint64_t kNanosecondsOfMicrosecond = 1000;

template <class Metrics>
shimv2::Any any_of(const Metrics& metrics) {
    return {.type_url = std::string(Metrics::kType), .value = shimv2::encode(metrics)};
}

/// "total_inactive_file" of memory.stat is total_inactive_file of the message: the same names.
v1::MemoryStat memory_v1(const cgroup::MemoryUse& use) {
    v1::MemoryStat out;
    struct Field {
        std::string_view key;
        std::uint64_t v1::MemoryStat::* member;
    };
    using Stat = v1::MemoryStat;
    constexpr Field fields[] = {
        {"cache", &Stat::cache},
        {"rss", &Stat::rss},
        {"rss_huge", &Stat::rss_huge},
        {"mapped_file", &Stat::mapped_file},
        {"dirty", &Stat::dirty},
        {"writeback", &Stat::writeback},
        {"pgpgin", &Stat::pg_pg_in},
        {"pgpgout", &Stat::pg_pg_out},
        {"pgfault", &Stat::pg_fault},
        {"pgmajfault", &Stat::pg_maj_fault},
        {"inactive_anon", &Stat::inactive_anon},
        {"active_anon", &Stat::active_anon},
        {"inactive_file", &Stat::inactive_file},
        {"active_file", &Stat::active_file},
        {"unevictable", &Stat::unevictable},
        {"hierarchical_memory_limit", &Stat::hierarchical_memory_limit},
        {"hierarchical_memsw_limit", &Stat::hierarchical_swap_limit},
        {"total_cache", &Stat::total_cache},
        {"total_rss", &Stat::total_rss},
        {"total_rss_huge", &Stat::total_rss_huge},
        {"total_mapped_file", &Stat::total_mapped_file},
        {"total_dirty", &Stat::total_dirty},
        {"total_writeback", &Stat::total_writeback},
        {"total_pgpgin", &Stat::total_pg_pg_in},
        {"total_pgpgout", &Stat::total_pg_pg_out},
        {"total_pgfault", &Stat::total_pg_fault},
        {"total_pgmajfault", &Stat::total_pg_maj_fault},
        {"total_inactive_anon", &Stat::total_inactive_anon},
        {"total_active_anon", &Stat::total_active_anon},
        {"total_inactive_file", &Stat::total_inactive_file},
        {"total_active_file", &Stat::total_active_file},
        {"total_unevictable", &Stat::total_unevictable},
    };
    for (auto& field : fields)
        out.*field.member = use.stat_value(field.key);
    out.usage = {.limit = use.limit_bytes,
                 .usage = use.usage_bytes,
                 .max = use.max_usage_bytes,
                 .failcnt = use.fail_count};
    out.swap = {.limit = use.swap_limit_bytes, .usage = use.swap_usage_bytes};
    return out;
}

std::vector<v1::BlkIOEntry> block_io_v1(const std::vector<cgroup::BlockIoEntry>& entries) {
    std::vector<v1::BlkIOEntry> out;
    for (auto& entry : entries)
        out.push_back(
            {.op = entry.operation, .major = entry.major, .minor = entry.minor, .value = entry.value});
    return out;
}

v1::Metrics metrics_v1(const cgroup::Stats& stats, std::uint64_t oom_kills) {
    v1::Metrics out;
    for (auto& each : stats.hugepages)
        out.hugetlb.push_back({.usage = each.usage_bytes,
                               .max = each.max_usage_bytes,
                               .failcnt = each.fail_count,
                               .pagesize = each.page_size});
    out.pids = {.current = stats.pids.current, .limit = stats.pids.limit};
    out.cpu.usage = {.total = stats.cpu.total_ns,
                     .kernel = stats.cpu.kernel_ns,
                     .user = stats.cpu.user_ns,
                     .per_cpu = stats.cpu.per_cpu_ns};
    out.cpu.throttling = {.periods = stats.cpu.periods,
                          .throttled_periods = stats.cpu.throttled_periods,
                          .throttled_time = stats.cpu.throttled_ns};
    out.memory = memory_v1(stats.memory);
    out.blkio.io_service_bytes_recursive = block_io_v1(stats.service_bytes);
    out.blkio.io_serviced_recursive = block_io_v1(stats.serviced);
    out.memory_oom_control.oom_kill = oom_kills;
    return out;
}

v2::MemoryStat memory_v2(const cgroup::MemoryUse& use) {
    v2::MemoryStat out;
    struct Field {
        std::string_view key;
        std::uint64_t v2::MemoryStat::* member;
    };
    using Stat = v2::MemoryStat;
    constexpr Field fields[] = {
        {"anon", &Stat::anon},
        {"file", &Stat::file},
        {"kernel_stack", &Stat::kernel_stack},
        {"slab", &Stat::slab},
        {"sock", &Stat::sock},
        {"shmem", &Stat::shmem},
        {"file_mapped", &Stat::file_mapped},
        {"file_dirty", &Stat::file_dirty},
        {"file_writeback", &Stat::file_writeback},
        {"anon_thp", &Stat::anon_thp},
        {"inactive_anon", &Stat::inactive_anon},
        {"active_anon", &Stat::active_anon},
        {"inactive_file", &Stat::inactive_file},
        {"active_file", &Stat::active_file},
        {"unevictable", &Stat::unevictable},
        {"slab_reclaimable", &Stat::slab_reclaimable},
        {"slab_unreclaimable", &Stat::slab_unreclaimable},
        {"pgfault", &Stat::pgfault},
        {"pgmajfault", &Stat::pgmajfault},
        {"workingset_refault", &Stat::workingset_refault},
        {"workingset_activate", &Stat::workingset_activate},
        {"workingset_nodereclaim", &Stat::workingset_nodereclaim},
        {"pgrefill", &Stat::pgrefill},
        {"pgscan", &Stat::pgscan},
        {"pgsteal", &Stat::pgsteal},
        {"pgactivate", &Stat::pgactivate},
        {"pgdeactivate", &Stat::pgdeactivate},
        {"pglazyfree", &Stat::pglazyfree},
        {"pglazyfreed", &Stat::pglazyfreed},
        {"thp_fault_alloc", &Stat::thp_fault_alloc},
        {"thp_collapse_alloc", &Stat::thp_collapse_alloc},
    };
    for (auto& field : fields)
        out.*field.member = use.stat_value(field.key);
    out.usage = use.usage_bytes;
    out.usage_limit = use.limit_bytes;
    out.max_usage = use.max_usage_bytes;
    // Ours counts memory and swap together, this message swap alone.
    out.swap_usage = use.swap_usage_bytes > use.usage_bytes ? use.swap_usage_bytes - use.usage_bytes : 0;
    out.swap_limit = use.swap_limit_bytes > use.limit_bytes ? use.swap_limit_bytes - use.limit_bytes : 0;
    return out;
}

/// A table of lines by device and operation as one entry a device.
v2::IOStat io_v2(const cgroup::Stats& stats) {
    v2::IOStat out;
    auto entry_of = [&](const cgroup::BlockIoEntry& line) -> v2::IOEntry& {
        for (auto& entry : out.usage)
            if (entry.major == line.major && entry.minor == line.minor) return entry;
        out.usage.push_back({.major = line.major, .minor = line.minor});
        return out.usage.back();
    };
    for (auto& line : stats.service_bytes) {
        if (line.operation == "read") entry_of(line).rbytes = line.value;
        if (line.operation == "write") entry_of(line).wbytes = line.value;
    }
    for (auto& line : stats.serviced) {
        if (line.operation == "read") entry_of(line).rios = line.value;
        if (line.operation == "write") entry_of(line).wios = line.value;
    }
    return out;
}

v2::Metrics metrics_v2(const cgroup::Stats& stats, std::uint64_t oom_kills) {
    v2::Metrics out;
    out.pids = {.current = stats.pids.current, .limit = stats.pids.limit};
    out.cpu.usage_usec = stats.cpu.total_ns / kNanosecondsOfMicrosecond;
    out.cpu.user_usec = stats.cpu.user_ns / kNanosecondsOfMicrosecond;
    out.cpu.system_usec = stats.cpu.kernel_ns / kNanosecondsOfMicrosecond;
    out.cpu.nr_periods = stats.cpu.periods;
    out.cpu.nr_throttled = stats.cpu.throttled_periods;
    out.cpu.throttled_usec = stats.cpu.throttled_ns / kNanosecondsOfMicrosecond;
    out.memory = memory_v2(stats.memory);
    out.io = io_v2(stats);
    for (auto& each : stats.hugepages)
        out.hugetlb.push_back({.current = each.usage_bytes,
                               .max = each.max_usage_bytes,
                               .pagesize = each.page_size,
                               .failcnt = each.fail_count});
    out.memory_events.oom_kill = oom_kills;
    return out;
}

}  // namespace

shimv2::Any metrics_of(const cgroup::Stats& stats, std::uint64_t oom_kills) {
    if (stats.is_v2) return any_of(metrics_v2(stats, oom_kills));
    return any_of(metrics_v1(stats, oom_kills));
}

}  // namespace tare::shim
