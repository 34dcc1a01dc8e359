#pragma once

// What a control group has used, as containerd's clients read it in the answer of Stats.
// Source: containerd/cgroups, cgroup1/stats/metrics.proto and cgroup2/stats/metrics.proto; the names of the
// fields are theirs. Times of v1 are nanoseconds, of v2 microseconds; sizes are bytes.

#include "run/task/message.h"

namespace tare::shimv2 {

namespace metrics_v1 {
struct HugetlbStat {
    using IsMessage = void;
    std::uint64_t usage = 0;
    std::uint64_t max = 0;
    std::uint64_t failcnt = 0;
    std::string pagesize;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.usage)(2, self.max)(3, self.failcnt)(4, self.pagesize);
    }
};

struct PidsStat {
    using IsMessage = void;
    std::uint64_t current = 0;
    std::uint64_t limit = 0;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.current)(2, self.limit);
    }
};

struct CPUUsage {
    using IsMessage = void;
    std::uint64_t total = 0;
    std::uint64_t kernel = 0;
    std::uint64_t user = 0;
    std::vector<std::uint64_t> per_cpu;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.total)(2, self.kernel)(3, self.user)(4, self.per_cpu);
    }
};

struct Throttle {
    using IsMessage = void;
    std::uint64_t periods = 0;
    std::uint64_t throttled_periods = 0;
    std::uint64_t throttled_time = 0;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.periods)(2, self.throttled_periods)(3, self.throttled_time);
    }
};

struct CPUStat {
    using IsMessage = void;
    CPUUsage usage;
    Throttle throttling;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.usage)(2, self.throttling);
    }
};

struct MemoryEntry {
    using IsMessage = void;
    std::uint64_t limit = 0;
    std::uint64_t usage = 0;
    std::uint64_t max = 0;
    std::uint64_t failcnt = 0;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.limit)(2, self.usage)(3, self.max)(4, self.failcnt);
    }
};

struct MemoryStat {
    using IsMessage = void;
    std::uint64_t cache = 0;
    std::uint64_t rss = 0;
    std::uint64_t rss_huge = 0;
    std::uint64_t mapped_file = 0;
    std::uint64_t dirty = 0;
    std::uint64_t writeback = 0;
    std::uint64_t pg_pg_in = 0;
    std::uint64_t pg_pg_out = 0;
    std::uint64_t pg_fault = 0;
    std::uint64_t pg_maj_fault = 0;
    std::uint64_t inactive_anon = 0;
    std::uint64_t active_anon = 0;
    std::uint64_t inactive_file = 0;
    std::uint64_t active_file = 0;
    std::uint64_t unevictable = 0;
    std::uint64_t hierarchical_memory_limit = 0;
    std::uint64_t hierarchical_swap_limit = 0;
    std::uint64_t total_cache = 0;
    std::uint64_t total_rss = 0;
    std::uint64_t total_rss_huge = 0;
    std::uint64_t total_mapped_file = 0;
    std::uint64_t total_dirty = 0;
    std::uint64_t total_writeback = 0;
    std::uint64_t total_pg_pg_in = 0;
    std::uint64_t total_pg_pg_out = 0;
    std::uint64_t total_pg_fault = 0;
    std::uint64_t total_pg_maj_fault = 0;
    std::uint64_t total_inactive_anon = 0;
    std::uint64_t total_active_anon = 0;
    std::uint64_t total_inactive_file = 0;
    std::uint64_t total_active_file = 0;
    std::uint64_t total_unevictable = 0;
    MemoryEntry usage;
    MemoryEntry swap;
    MemoryEntry kernel;
    MemoryEntry kernel_tcp;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.cache)(2, self.rss)(3, self.rss_huge)(4, self.mapped_file);
        fields(5, self.dirty)(6, self.writeback)(7, self.pg_pg_in)(8, self.pg_pg_out);
        fields(9, self.pg_fault)(10, self.pg_maj_fault)(11, self.inactive_anon)(12, self.active_anon);
        fields(13, self.inactive_file)(14, self.active_file)(15, self.unevictable)(
            16, self.hierarchical_memory_limit);
        fields(17, self.hierarchical_swap_limit)(18, self.total_cache)(19, self.total_rss)(
            20, self.total_rss_huge);
        fields(21, self.total_mapped_file)(22, self.total_dirty)(23, self.total_writeback)(
            24, self.total_pg_pg_in);
        fields(25, self.total_pg_pg_out)(26, self.total_pg_fault)(27, self.total_pg_maj_fault)(
            28, self.total_inactive_anon);
        fields(29, self.total_active_anon)(30, self.total_inactive_file)(31, self.total_active_file)(
            32, self.total_unevictable);
        fields(33, self.usage)(34, self.swap)(35, self.kernel)(36, self.kernel_tcp);
    }
};

struct BlkIOEntry {
    using IsMessage = void;
    std::string op;
    std::string device;
    std::uint64_t major = 0;
    std::uint64_t minor = 0;
    std::uint64_t value = 0;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.op)(2, self.device)(3, self.major)(4, self.minor);
        fields(5, self.value);
    }
};

struct BlkIOStat {
    using IsMessage = void;
    std::vector<BlkIOEntry> io_service_bytes_recursive;
    std::vector<BlkIOEntry> io_serviced_recursive;
    std::vector<BlkIOEntry> io_queued_recursive;
    std::vector<BlkIOEntry> io_service_time_recursive;
    std::vector<BlkIOEntry> io_wait_time_recursive;
    std::vector<BlkIOEntry> io_merged_recursive;
    std::vector<BlkIOEntry> io_time_recursive;
    std::vector<BlkIOEntry> sectors_recursive;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.io_service_bytes_recursive)(2, self.io_serviced_recursive)(
            3, self.io_queued_recursive)(4, self.io_service_time_recursive);
        fields(5, self.io_wait_time_recursive)(6, self.io_merged_recursive)(7, self.io_time_recursive)(
            8, self.sectors_recursive);
    }
};

struct RdmaEntry {
    using IsMessage = void;
    std::string device;
    std::uint32_t hca_handles = 0;
    std::uint32_t hca_objects = 0;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.device)(2, self.hca_handles)(3, self.hca_objects);
    }
};

struct RdmaStat {
    using IsMessage = void;
    std::vector<RdmaEntry> current;
    std::vector<RdmaEntry> limit;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.current)(2, self.limit);
    }
};

struct NetworkStat {
    using IsMessage = void;
    std::string name;
    std::uint64_t rx_bytes = 0;
    std::uint64_t rx_packets = 0;
    std::uint64_t rx_errors = 0;
    std::uint64_t rx_dropped = 0;
    std::uint64_t tx_bytes = 0;
    std::uint64_t tx_packets = 0;
    std::uint64_t tx_errors = 0;
    std::uint64_t tx_dropped = 0;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.name)(2, self.rx_bytes)(3, self.rx_packets)(4, self.rx_errors);
        fields(5, self.rx_dropped)(6, self.tx_bytes)(7, self.tx_packets)(8, self.tx_errors);
        fields(9, self.tx_dropped);
    }
};

struct CgroupStats {
    using IsMessage = void;
    std::uint64_t nr_sleeping = 0;
    std::uint64_t nr_running = 0;
    std::uint64_t nr_stopped = 0;
    std::uint64_t nr_uninterruptible = 0;
    std::uint64_t nr_io_wait = 0;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.nr_sleeping)(2, self.nr_running)(3, self.nr_stopped)(4, self.nr_uninterruptible);
        fields(5, self.nr_io_wait);
    }
};

struct MemoryOomControl {
    using IsMessage = void;
    std::uint64_t oom_kill_disable = 0;
    std::uint64_t under_oom = 0;
    std::uint64_t oom_kill = 0;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.oom_kill_disable)(2, self.under_oom)(3, self.oom_kill);
    }
};

struct Metrics {
    using IsMessage = void;
    static constexpr std::string_view kType = "io.containerd.cgroups.v1.Metrics";
    std::vector<HugetlbStat> hugetlb;
    PidsStat pids;
    CPUStat cpu;
    MemoryStat memory;
    BlkIOStat blkio;
    RdmaStat rdma;
    std::vector<NetworkStat> network;
    CgroupStats cgroup_stats;
    MemoryOomControl memory_oom_control;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.hugetlb)(2, self.pids)(3, self.cpu)(4, self.memory);
        fields(5, self.blkio)(6, self.rdma)(7, self.network)(8, self.cgroup_stats);
        fields(9, self.memory_oom_control);
    }
};

}  // namespace metrics_v1

namespace metrics_v2 {
struct PidsStat {
    using IsMessage = void;
    std::uint64_t current = 0;
    std::uint64_t limit = 0;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.current)(2, self.limit);
    }
};

struct PSIData {
    using IsMessage = void;
    double avg10 = 0;
    double avg60 = 0;
    double avg300 = 0;
    std::uint64_t total = 0;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.avg10)(2, self.avg60)(3, self.avg300)(4, self.total);
    }
};

struct PSIStats {
    using IsMessage = void;
    PSIData some;
    PSIData full;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.some)(2, self.full);
    }
};

struct CPUStat {
    using IsMessage = void;
    std::uint64_t usage_usec = 0;
    std::uint64_t user_usec = 0;
    std::uint64_t system_usec = 0;
    std::uint64_t nr_periods = 0;
    std::uint64_t nr_throttled = 0;
    std::uint64_t throttled_usec = 0;
    PSIStats psi;
    std::uint64_t nr_bursts = 0;
    std::uint64_t burst_usec = 0;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.usage_usec)(2, self.user_usec)(3, self.system_usec)(4, self.nr_periods);
        fields(5, self.nr_throttled)(6, self.throttled_usec)(7, self.psi)(8, self.nr_bursts);
        fields(9, self.burst_usec);
    }
};

struct MemoryStat {
    using IsMessage = void;
    std::uint64_t anon = 0;
    std::uint64_t file = 0;
    std::uint64_t kernel_stack = 0;
    std::uint64_t slab = 0;
    std::uint64_t sock = 0;
    std::uint64_t shmem = 0;
    std::uint64_t file_mapped = 0;
    std::uint64_t file_dirty = 0;
    std::uint64_t file_writeback = 0;
    std::uint64_t anon_thp = 0;
    std::uint64_t inactive_anon = 0;
    std::uint64_t active_anon = 0;
    std::uint64_t inactive_file = 0;
    std::uint64_t active_file = 0;
    std::uint64_t unevictable = 0;
    std::uint64_t slab_reclaimable = 0;
    std::uint64_t slab_unreclaimable = 0;
    std::uint64_t pgfault = 0;
    std::uint64_t pgmajfault = 0;
    std::uint64_t workingset_refault = 0;
    std::uint64_t workingset_activate = 0;
    std::uint64_t workingset_nodereclaim = 0;
    std::uint64_t pgrefill = 0;
    std::uint64_t pgscan = 0;
    std::uint64_t pgsteal = 0;
    std::uint64_t pgactivate = 0;
    std::uint64_t pgdeactivate = 0;
    std::uint64_t pglazyfree = 0;
    std::uint64_t pglazyfreed = 0;
    std::uint64_t thp_fault_alloc = 0;
    std::uint64_t thp_collapse_alloc = 0;
    std::uint64_t usage = 0;
    std::uint64_t usage_limit = 0;
    std::uint64_t swap_usage = 0;
    std::uint64_t swap_limit = 0;
    std::uint64_t max_usage = 0;
    std::uint64_t swap_max_usage = 0;
    PSIStats psi;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.anon)(2, self.file)(3, self.kernel_stack)(4, self.slab);
        fields(5, self.sock)(6, self.shmem)(7, self.file_mapped)(8, self.file_dirty);
        fields(9, self.file_writeback)(10, self.anon_thp)(11, self.inactive_anon)(12, self.active_anon);
        fields(13, self.inactive_file)(14, self.active_file)(15, self.unevictable)(16, self.slab_reclaimable);
        fields(17, self.slab_unreclaimable)(18, self.pgfault)(19, self.pgmajfault)(20,
                                                                                   self.workingset_refault);
        fields(21, self.workingset_activate)(22, self.workingset_nodereclaim)(23, self.pgrefill)(24,
                                                                                                 self.pgscan);
        fields(25, self.pgsteal)(26, self.pgactivate)(27, self.pgdeactivate)(28, self.pglazyfree);
        fields(29, self.pglazyfreed)(30, self.thp_fault_alloc)(31, self.thp_collapse_alloc)(32, self.usage);
        fields(33, self.usage_limit)(34, self.swap_usage)(35, self.swap_limit)(36, self.max_usage);
        fields(37, self.swap_max_usage)(38, self.psi);
    }
};

struct RdmaEntry {
    using IsMessage = void;
    std::string device;
    std::uint32_t hca_handles = 0;
    std::uint32_t hca_objects = 0;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.device)(2, self.hca_handles)(3, self.hca_objects);
    }
};

struct RdmaStat {
    using IsMessage = void;
    std::vector<RdmaEntry> current;
    std::vector<RdmaEntry> limit;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.current)(2, self.limit);
    }
};

struct IOEntry {
    using IsMessage = void;
    std::uint64_t major = 0;
    std::uint64_t minor = 0;
    std::uint64_t rbytes = 0;
    std::uint64_t wbytes = 0;
    std::uint64_t rios = 0;
    std::uint64_t wios = 0;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.major)(2, self.minor)(3, self.rbytes)(4, self.wbytes);
        fields(5, self.rios)(6, self.wios);
    }
};

struct IOStat {
    using IsMessage = void;
    std::vector<IOEntry> usage;
    PSIStats psi;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.usage)(2, self.psi);
    }
};

struct HugeTlbStat {
    using IsMessage = void;
    std::uint64_t current = 0;
    std::uint64_t max = 0;
    std::string pagesize;
    std::uint64_t failcnt = 0;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.current)(2, self.max)(3, self.pagesize)(4, self.failcnt);
    }
};

struct MemoryEvents {
    using IsMessage = void;
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    std::uint64_t max = 0;
    std::uint64_t oom = 0;
    std::uint64_t oom_kill = 0;
    std::uint64_t oom_group_kill = 0;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.low)(2, self.high)(3, self.max)(4, self.oom);
        fields(5, self.oom_kill)(6, self.oom_group_kill);
    }
};

struct NetworkStat {
    using IsMessage = void;
    std::string name;
    std::uint64_t rx_bytes = 0;
    std::uint64_t rx_packets = 0;
    std::uint64_t rx_errors = 0;
    std::uint64_t rx_dropped = 0;
    std::uint64_t tx_bytes = 0;
    std::uint64_t tx_packets = 0;
    std::uint64_t tx_errors = 0;
    std::uint64_t tx_dropped = 0;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.name)(2, self.rx_bytes)(3, self.rx_packets)(4, self.rx_errors);
        fields(5, self.rx_dropped)(6, self.tx_bytes)(7, self.tx_packets)(8, self.tx_errors);
        fields(9, self.tx_dropped);
    }
};

struct Metrics {
    using IsMessage = void;
    static constexpr std::string_view kType = "io.containerd.cgroups.v2.Metrics";
    PidsStat pids;
    CPUStat cpu;
    MemoryStat memory;
    RdmaStat rdma;
    IOStat io;
    std::vector<HugeTlbStat> hugetlb;
    MemoryEvents memory_events;
    std::vector<NetworkStat> network;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.pids)(2, self.cpu)(4, self.memory)(5, self.rdma);
        fields(6, self.io)(7, self.hugetlb)(8, self.memory_events)(9, self.network);
    }
};

}  // namespace metrics_v2

}  // namespace tare::shimv2
