#include "api/docker/stats_json.h"

#include <algorithm>

namespace tare::docker {

namespace {

using supervisor::Stats;

Json cpu_document(const Stats& stats) {
    const auto& cpu = stats.group.cpu;
    Json usage = Json::object().set("total_usage", cpu.total_ns);
    if (!cpu.per_cpu_ns.empty()) usage.set("percpu_usage", Json(cpu.per_cpu_ns));
    usage.set("usage_in_kernelmode", cpu.kernel_ns).set("usage_in_usermode", cpu.user_ns);
    Json document = Json::object().set("cpu_usage", std::move(usage));
    if (stats.system_cpu_ns > 0) document.set("system_cpu_usage", stats.system_cpu_ns);
    if (stats.online_cpus > 0) document.set("online_cpus", stats.online_cpus);
    Json throttling =
        Json::object().set("periods", cpu.periods).set("throttled_periods", cpu.throttled_periods);
    return document.set("throttling_data", std::move(throttling.set("throttled_time", cpu.throttled_ns)));
}

Json memory_document(const Stats& stats, std::uint64_t machine_memory_bytes) {
    const auto& memory = stats.group.memory;
    Json document = Json::object();
    if (!stats.running) return document;
    document.set("usage", memory.usage_bytes);
    if (!stats.group.is_v2) document.set("max_usage", memory.max_usage_bytes);
    Json values = Json::object();
    for (const auto& [key, value] : memory.stat)
        values.set(key, value);
    document.set("stats", std::move(values));
    if (!stats.group.is_v2) document.set("failcnt", memory.fail_count);
    // Without a limit it is the machine's.
    std::uint64_t limit = memory.limit_bytes == 0 ? machine_memory_bytes : memory.limit_bytes;
    return document.set("limit", std::min(limit, machine_memory_bytes));
}

Json block_io_entries(const std::vector<cgroup::BlockIoEntry>& entries) {
    if (entries.empty()) return {};
    Json list = Json::array();
    for (const auto& entry : entries) {
        Json line = Json::object().set("major", entry.major).set("minor", entry.minor);
        list.push(std::move(line.set("op", entry.operation).set("value", entry.value)));
    }
    return list;
}

Json block_io_document(const Stats& stats) {
    Json document = Json::object();
    document.set("io_service_bytes_recursive", block_io_entries(stats.group.service_bytes));
    document.set("io_serviced_recursive", block_io_entries(stats.group.serviced));
    for (std::string_view key : {"io_queue_recursive", "io_service_time_recursive", "io_wait_time_recursive",
                                 "io_merged_recursive", "io_time_recursive", "sectors_recursive"})
        document.set(key, nullptr);
    return document;
}

Json networks_document(const Stats& stats) {
    Json document = Json::object();
    for (const supervisor::InterfaceUse& use : stats.interfaces) {
        Json line = Json::object();
        line.set("rx_bytes", use.received_bytes).set("rx_packets", use.received_packets);
        line.set("rx_errors", use.received_errors).set("rx_dropped", use.received_dropped);
        line.set("tx_bytes", use.sent_bytes).set("tx_packets", use.sent_packets);
        line.set("tx_errors", use.sent_errors).set("tx_dropped", use.sent_dropped);
        document.set(use.name, std::move(line));
    }
    return document;
}

Json pids_document(const Stats& stats) {
    Json document = Json::object();
    if (!stats.running) return document;
    document.set("current", stats.group.pids.current);
    // Without a limit the kernel's is the highest number there is.
    return document.set("limit", stats.group.pids.limit == 0 ? UINT64_MAX : stats.group.pids.limit);
}

}  // namespace

Json stats_document(const Stats& stats, const std::optional<Stats>& previous,
                    std::uint64_t machine_memory_bytes) {
    std::optional<Time> read;
    if (stats.running) read = stats.read_at;
    std::optional<Time> previous_read;
    if (previous && previous->running) previous_read = previous->read_at;
    Json document = Json::object().set("name", "/" + stats.name).set("id", stats.id);
    document.set("read", format_rfc3339(read)).set("preread", format_rfc3339(previous_read));
    document.set("pids_stats", pids_document(stats)).set("blkio_stats", block_io_document(stats));
    document.set("num_procs", 0).set("storage_stats", Json::object());
    document.set("cpu_stats", cpu_document(stats))
        .set("precpu_stats", cpu_document(previous.value_or(Stats())));
    document.set("memory_stats", memory_document(stats, machine_memory_bytes));
    if (!stats.interfaces.empty()) document.set("networks", networks_document(stats));
    return document;
}

}  // namespace tare::docker
