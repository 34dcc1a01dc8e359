#include "run/cgroup/stats.h"

#include <charconv>
#include <limits>

#include "posix/file.h"

namespace tare::cgroup {

namespace {

constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t kNanosecondsPerMicrosecond = 1000;
/// v1's cpuacct.stat counts in USER_HZ, which is 100 on every architecture that Linux has.
constexpr std::uint64_t kNanosecondsPerTick = 10'000'000;

std::string read(const std::string& directory, std::string_view file) {
    if (directory.empty()) return {};
    return posix::read_file(cat(directory, "/", file), std::size_t{1} << 20).value_or("");
}

std::uint64_t number(std::string_view text) {
    auto trimmed = trim(text);
    if (trimmed == "max") return kNoLimit;
    return parse_integer<std::uint64_t>(trimmed).value_or(0);
}

using Table = std::vector<std::pair<std::string, std::uint64_t>>;

/// "key value" lines.
Table table(std::string_view text) {
    Table out;
    for (auto line : split(text, '\n')) {
        auto words = split_words(line);
        if (words.size() == 2) out.emplace_back(words[0], number(words[1]));
    }
    return out;
}

std::uint64_t value_in(const Table& entries, std::string_view key) {
    for (auto& [name, value] : entries)
        if (name == key) return value;
    return 0;
}

/// "8:0" into numbers; false for a line that is none (v1 ends its tables with "Total N").
bool parse_device(std::string_view text, BlockIoEntry& entry) {
    auto [major, minor] = cut(text, ':');
    if (!minor) return false;
    auto first = parse_integer<std::uint64_t>(major);
    auto second = parse_integer<std::uint64_t>(*minor);
    if (!first || !second) return false;
    entry.major = *first;
    entry.minor = *second;
    return true;
}

/// v1: "8:0 Read 4096".
std::vector<BlockIoEntry> block_io_v1(std::string_view text) {
    std::vector<BlockIoEntry> out;
    for (auto line : split(text, '\n')) {
        auto words = split_words(line);
        BlockIoEntry entry;
        if (words.size() != 3 || !parse_device(words[0], entry)) continue;
        entry.operation = to_lower(words[1]);
        entry.value = number(words[2]);
        out.push_back(std::move(entry));
    }
    return out;
}

/// v2: "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6".
void block_io_v2(std::string_view text, Stats& stats) {
    for (auto line : split(text, '\n')) {
        auto words = split_words(line);
        BlockIoEntry entry;
        if (words.empty() || !parse_device(words[0], entry)) continue;
        for (std::size_t i = 1; i < words.size(); ++i) {
            auto [key, value] = cut(words[i], '=');
            if (!value) continue;
            entry.operation = key.starts_with('r') ? "read" : key.starts_with('w') ? "write" : "discard";
            entry.value = number(*value);
            if (key.ends_with("bytes")) stats.service_bytes.push_back(entry);
            if (key.ends_with("ios")) stats.serviced.push_back(entry);
        }
    }
}

void read_cpu_v1(const Cgroup& group, CpuUse& cpu) {
    std::string account = group.directory_of("cpuacct");
    cpu.total_ns = number(read(account, "cpuacct.usage"));
    Table ticks = table(read(account, "cpuacct.stat"));
    cpu.user_ns = value_in(ticks, "user") * kNanosecondsPerTick;
    cpu.kernel_ns = value_in(ticks, "system") * kNanosecondsPerTick;
    std::string per_cpu = read(account, "cpuacct.usage_percpu");
    for (auto word : split_words(per_cpu))
        cpu.per_cpu_ns.push_back(number(word));
    Table throttling = table(read(group.directory_of("cpu"), "cpu.stat"));
    cpu.periods = value_in(throttling, "nr_periods");
    cpu.throttled_periods = value_in(throttling, "nr_throttled");
    cpu.throttled_ns = value_in(throttling, "throttled_time");
}

void read_cpu_v2(const std::string& directory, CpuUse& cpu) {
    Table stat = table(read(directory, "cpu.stat"));
    cpu.total_ns = value_in(stat, "usage_usec") * kNanosecondsPerMicrosecond;
    cpu.user_ns = value_in(stat, "user_usec") * kNanosecondsPerMicrosecond;
    cpu.kernel_ns = value_in(stat, "system_usec") * kNanosecondsPerMicrosecond;
    cpu.periods = value_in(stat, "nr_periods");
    cpu.throttled_periods = value_in(stat, "nr_throttled");
    cpu.throttled_ns = value_in(stat, "throttled_usec") * kNanosecondsPerMicrosecond;
}

/// "some avg10=0.00 avg60=0.00 avg300=0.00 total=0" and the same of "full"; nothing if the kernel has no such
/// file, or keeps it closed (psi=0).
std::optional<Pressure> pressure(const std::string& directory, std::string_view file) {
    const std::string text = read(directory, file);
    if (text.empty()) return std::nullopt;
    Pressure out;
    for (auto line : split(text, '\n')) {
        auto words = split_words(line);
        if (words.empty()) continue;
        PressureLine& target = words[0] == "full" ? out.full : out.some;
        for (auto word : words) {
            auto [key, value] = cut(word, '=');
            if (!value) continue;
            if (key == "total") target.total_microseconds = number(*value);
            double* average = key == "avg10"    ? &target.avg10
                              : key == "avg60"  ? &target.avg60
                              : key == "avg300" ? &target.avg300
                                                : nullptr;
            if (average) std::from_chars(value->data(), value->data() + value->size(), *average);
        }
    }
    return out;
}

void read_cpuset_v1(const std::string& directory, CpusetUse& cpuset) {
    if (directory.empty()) return;
    const auto list = [&](std::string_view file) { return std::string(trim(read(directory, file))); };
    cpuset.cpus = list("cpuset.cpus");
    cpuset.mems = list("cpuset.mems");
    for (auto name : {"cpu_exclusive", "mem_exclusive", "mem_hardwall", "memory_migrate", "memory_pressure",
                      "memory_spread_page", "memory_spread_slab", "sched_load_balance"})
        cpuset.flags.emplace_back(name, number(read(directory, cat("cpuset.", name))));
}

ByteCounter counter_v1(const std::string& directory, std::string_view stem) {
    return {.usage = number(read(directory, cat(stem, ".usage_in_bytes"))),
            .max = number(read(directory, cat(stem, ".max_usage_in_bytes"))),
            .limit = number(read(directory, cat(stem, ".limit_in_bytes"))),
            .fail_count = number(read(directory, cat(stem, ".failcnt")))};
}

void read_memory_v1(const std::string& directory, MemoryUse& memory) {
    memory.usage_bytes = number(read(directory, "memory.usage_in_bytes"));
    memory.max_usage_bytes = number(read(directory, "memory.max_usage_in_bytes"));
    memory.limit_bytes = number(read(directory, "memory.limit_in_bytes"));
    memory.fail_count = number(read(directory, "memory.failcnt"));
    memory.swap_usage_bytes = number(read(directory, "memory.memsw.usage_in_bytes"));
    memory.swap_limit_bytes = number(read(directory, "memory.memsw.limit_in_bytes"));
    memory.kernel = counter_v1(directory, "memory.kmem");
    memory.kernel_tcp = counter_v1(directory, "memory.kmem.tcp");
    memory.stat = table(read(directory, "memory.stat"));
}

std::uint64_t saturating_sum(std::uint64_t a, std::uint64_t b) {
    return a > kNoLimit - b ? kNoLimit : a + b;
}

void read_memory_v2(const std::string& directory, MemoryUse& memory) {
    memory.usage_bytes = number(read(directory, "memory.current"));
    memory.max_usage_bytes = number(read(directory, "memory.peak"));
    memory.limit_bytes = number(read(directory, "memory.max"));
    memory.fail_count = value_in(table(read(directory, "memory.events")), "oom");
    // v2 counts swap alone; callers get memory+swap on either layout.
    memory.swap_usage_bytes =
        saturating_sum(memory.usage_bytes, number(read(directory, "memory.swap.current")));
    memory.swap_limit_bytes = saturating_sum(memory.limit_bytes, number(read(directory, "memory.swap.max")));
    memory.stat = table(read(directory, "memory.stat"));
}

void read_hugepages(const std::string& directory, bool is_v2, std::vector<HugepageUse>& out) {
    std::string_view usage = is_v2 ? ".current" : ".usage_in_bytes";
    auto names = posix::list_directory(directory);
    if (!names) return;
    for (auto& name : *names) {
        if (!name.starts_with("hugetlb.") || !name.ends_with(usage) ||
            name.find(".rsvd") != std::string::npos)
            continue;
        std::string stem = name.substr(0, name.size() - usage.size());
        out.push_back({.page_size = stem.substr(8),
                       .usage_bytes = number(read(directory, name)),
                       .max_usage_bytes = number(read(directory, stem + ".max_usage_in_bytes")),
                       .fail_count = is_v2 ? value_in(table(read(directory, stem + ".events")), "max")
                                           : number(read(directory, stem + ".failcnt"))});
    }
}

}  // namespace

std::uint64_t MemoryUse::stat_value(std::string_view key) const {
    return value_in(stat, key);
}

Result<Stats> read_stats(const Cgroup& group) {
    if (!group.exists()) return fail(ErrorKind::not_found, "read cgroup statistics: the group is gone");
    Stats stats;
    stats.is_v2 = group.is_v2_only();
    if (stats.is_v2) {
        read_cpu_v2(group.v2_directory(), stats.cpu);
        read_memory_v2(group.v2_directory(), stats.memory);
        block_io_v2(read(group.v2_directory(), "io.stat"), stats);
        stats.cpu.pressure = pressure(group.v2_directory(), "cpu.pressure");
        stats.memory.pressure = pressure(group.v2_directory(), "memory.pressure");
        stats.io_pressure = pressure(group.v2_directory(), "io.pressure");
    } else {
        read_cpu_v1(group, stats.cpu);
        read_memory_v1(group.directory_of("memory"), stats.memory);
        read_cpuset_v1(group.directory_of("cpuset"), stats.cpuset);
        std::string io = group.directory_of("blkio");
        stats.service_bytes = block_io_v1(read(io, "blkio.throttle.io_service_bytes_recursive"));
        stats.serviced = block_io_v1(read(io, "blkio.throttle.io_serviced_recursive"));
    }
    std::string pids = group.directory_of("pids");
    stats.pids.current = number(read(pids, "pids.current"));
    std::uint64_t limit = number(read(pids, "pids.max"));
    stats.pids.limit = limit == kNoLimit ? 0 : limit;
    std::string huge = group.directory_of("hugetlb");
    read_hugepages(huge,
                   posix::exists(huge + "/cgroup.procs") && !group.v2_directory().empty() &&
                       huge == group.v2_directory(),
                   stats.hugepages);
    return stats;
}

}  // namespace tare::cgroup
