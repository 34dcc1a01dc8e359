#include "run/runtime/stats_document.h"

#include "posix/cpu_list.h"

namespace tare::runtime {

namespace {

void set_unless_zero(Json& document, std::string_view key, std::uint64_t value) {
    if (value != 0) document.set(key, value);
}

Json pressure_line(const cgroup::PressureLine& line) {
    return Json::object()
        .set("avg10", line.avg10)
        .set("avg60", line.avg60)
        .set("avg300", line.avg300)
        .set("total", line.total_microseconds);
}

void set_pressure(Json& document, const std::optional<cgroup::Pressure>& pressure) {
    if (!pressure) return;
    document.set(
        "psi",
        Json::object().set("some", pressure_line(pressure->some)).set("full", pressure_line(pressure->full)));
}

Json cpu_document(const cgroup::CpuUse& cpu) {
    Json usage = Json::object();
    set_unless_zero(usage, "total", cpu.total_ns);
    if (!cpu.per_cpu_ns.empty()) {
        Json per_cpu = Json::array();
        for (std::uint64_t nanoseconds : cpu.per_cpu_ns)
            per_cpu.push(nanoseconds);
        usage.set("percpu", std::move(per_cpu));
    }
    usage.set("kernel", cpu.kernel_ns).set("user", cpu.user_ns);
    Json throttling = Json::object();
    set_unless_zero(throttling, "periods", cpu.periods);
    set_unless_zero(throttling, "throttledPeriods", cpu.throttled_periods);
    set_unless_zero(throttling, "throttledTime", cpu.throttled_ns);
    Json document = Json::object().set("usage", std::move(usage)).set("throttling", std::move(throttling));
    set_pressure(document, cpu.pressure);
    return document;
}

Json list_of(std::string_view cpus) {
    Json list = Json::array();
    for (unsigned cpu : posix::parse_cpu_list(cpus).value_or(std::set<unsigned>()))
        list.push(cpu);
    return list;
}

Json cpuset_document(const cgroup::CpusetUse& cpuset) {
    Json document = Json::object();
    if (!cpuset.cpus.empty()) document.set("cpus", list_of(cpuset.cpus));
    if (!cpuset.mems.empty()) document.set("mems", list_of(cpuset.mems));
    for (auto& [name, value] : cpuset.flags)
        document.set(name, value);
    return document;
}

Json memory_entry(std::uint64_t usage, std::uint64_t max, std::uint64_t limit, std::uint64_t fail_count) {
    Json entry = Json::object().set("limit", limit);
    set_unless_zero(entry, "usage", usage);
    set_unless_zero(entry, "max", max);
    return entry.set("failcnt", fail_count);
}

Json memory_entry(const cgroup::ByteCounter& counter) {
    return memory_entry(counter.usage, counter.max, counter.limit, counter.fail_count);
}

Json memory_document(const cgroup::MemoryUse& memory, bool is_v2) {
    Json document = Json::object();
    set_unless_zero(document, "cache", memory.stat_value(is_v2 ? "file" : "cache"));
    document.set("usage", memory_entry(memory.usage_bytes, memory.max_usage_bytes, memory.limit_bytes,
                                       memory.fail_count));
    document.set("swap", memory_entry(memory.swap_usage_bytes, 0, memory.swap_limit_bytes, 0));
    document.set("kernel", memory_entry(memory.kernel));
    document.set("kernelTCP", memory_entry(memory.kernel_tcp));
    Json raw = Json::object();
    for (auto& [key, value] : memory.stat)
        raw.set(key, value);
    document.set("raw", std::move(raw));
    set_pressure(document, memory.pressure);
    return document;
}

void set_block_io(Json& document, std::string_view key, const std::vector<cgroup::BlockIoEntry>& entries) {
    if (entries.empty()) return;
    Json list = Json::array();
    for (auto& entry : entries) {
        Json line = Json::object();
        set_unless_zero(line, "major", entry.major);
        set_unless_zero(line, "minor", entry.minor);
        std::string operation = entry.operation;
        if (!operation.empty()) operation[0] = static_cast<char>(operation[0] - 'a' + 'A');
        line.set("op", operation);
        set_unless_zero(line, "value", entry.value);
        list.push(std::move(line));
    }
    document.set(key, std::move(list));
}

Json hugepages_document(const std::vector<cgroup::HugepageUse>& pages) {
    Json document = Json::object();
    for (auto& size : pages) {
        Json entry = Json::object();
        set_unless_zero(entry, "usage", size.usage_bytes);
        set_unless_zero(entry, "max", size.max_usage_bytes);
        document.set(size.page_size, entry.set("failcnt", size.fail_count));
    }
    return document;
}

}  // namespace

Json stats_document(const cgroup::Stats& stats) {
    Json pids = Json::object();
    set_unless_zero(pids, "current", stats.pids.current);
    set_unless_zero(pids, "limit", stats.pids.limit);
    Json block_io = Json::object();
    set_block_io(block_io, "ioServiceBytesRecursive", stats.service_bytes);
    set_block_io(block_io, "ioServicedRecursive", stats.serviced);
    set_pressure(block_io, stats.io_pressure);
    Json document = Json::object().set("cpu", cpu_document(stats.cpu));
    document.set("cpuset", cpuset_document(stats.cpuset));
    document.set("memory", memory_document(stats.memory, stats.is_v2)).set("pids", std::move(pids));
    document.set("blkio", std::move(block_io)).set("hugetlb", hugepages_document(stats.hugepages));
    return document.set("intel_rdt", Json::object()).set("network_interfaces", nullptr);
}

}  // namespace tare::runtime
