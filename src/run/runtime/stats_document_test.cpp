#include "run/runtime/stats_document.h"

#include <gtest/gtest.h>

namespace tare::runtime {
namespace {

TEST(StatsDocument, has_runcs_members) {
    cgroup::Stats stats;
    stats.cpu.total_ns = 12;
    stats.cpu.per_cpu_ns = {5, 7};
    stats.cpu.periods = 3;
    stats.cpu.pressure = cgroup::Pressure{.some = {.avg10 = 1.5, .total_microseconds = 9}, .full = {}};
    stats.cpuset = {.cpus = "0-1,3", .mems = "0", .flags = {{"cpu_exclusive", 0}}};
    stats.memory.usage_bytes = 4096;
    stats.memory.limit_bytes = 8192;
    stats.memory.kernel = {.usage = 1, .max = 2, .limit = 3, .fail_count = 4};
    stats.memory.stat = {{"cache", 77}};
    stats.pids = {.current = 2, .limit = 0};
    stats.service_bytes = {{.major = 8, .minor = 0, .operation = "read", .value = 512}};
    stats.hugepages = {{.page_size = "2MB", .usage_bytes = 0, .max_usage_bytes = 0, .fail_count = 0}};
    EXPECT_EQ(
        dump(stats_document(stats)),
        R"({"cpu":{"usage":{"total":12,"percpu":[5,7],"kernel":0,"user":0},"throttling":{"periods":3},)"
        R"("psi":{"some":{"avg10":1.5,"avg60":0,"avg300":0,"total":9},)"
        R"("full":{"avg10":0,"avg60":0,"avg300":0,"total":0}}},)"
        R"("cpuset":{"cpus":[0,1,3],"mems":[0],"cpu_exclusive":0},)"
        R"("memory":{"cache":77,"usage":{"limit":8192,"usage":4096,"failcnt":0},"swap":{"limit":0,"failcnt":0},)"
        R"("kernel":{"limit":3,"usage":1,"max":2,"failcnt":4},"kernelTCP":{"limit":0,"failcnt":0},)"
        R"("raw":{"cache":77}},"pids":{"current":2},)"
        R"("blkio":{"ioServiceBytesRecursive":[{"major":8,"op":"Read","value":512}]},)"
        R"("hugetlb":{"2MB":{"failcnt":0}},"intel_rdt":{},"network_interfaces":null})");
}

}  // namespace
}  // namespace tare::runtime
