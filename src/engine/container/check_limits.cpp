// Limits against each other and against the machine.

#include <algorithm>

#include "engine/container/check_parts.h"
#include "engine/container/spec_parts.h"
#include "engine/container/validate.h"
#include "posix/cpu_list.h"
#include "posix/credentials.h"

namespace tare::container {

namespace {

constexpr std::int64_t kLeastMemoryBytes = 6LL << 20;
constexpr std::int64_t kNanoCpusPerCpu = 1'000'000'000;

template <class... Parts>
Error invalid(const Parts&... parts) {
    return fail(ErrorKind::invalid_argument, parts...);
}

Result<> check_memory(ResourceLimits& limits, const HostFacts& host, Strings& warnings) {
    const std::int64_t memory = limits.memory_bytes;
    if (memory != 0 && memory < kLeastMemoryBytes) return invalid("Minimum memory limit allowed is 6MB");
    if (memory > 0 && limits.memory_swap_bytes > 0 && limits.memory_swap_bytes < memory)
        return invalid("Minimum memoryswap limit should be larger than memory limit, see usage");
    if (memory == 0 && limits.memory_swap_bytes > 0)
        return invalid("You should always set the Memory limit when using Memoryswap limit, see usage");
    if (limits.memory_swappiness && (*limits.memory_swappiness < -1 || *limits.memory_swappiness > 100))
        return invalid("invalid value: ", *limits.memory_swappiness,
                       ", valid memory swappiness range is 0-100");
    const std::int64_t reservation = limits.memory_reservation_bytes;
    if (reservation != 0 && reservation < kLeastMemoryBytes)
        return invalid("Minimum memory reservation allowed is 6MB");
    if (memory > 0 && reservation > 0 && memory < reservation)
        return invalid("Minimum memory limit can not be less than memory reservation limit, see usage");
    if (memory > 0 && !host.has_swap_limit && limits.memory_swap_bytes != -1) {
        warnings.push_back(
            "Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory "
            "limited without swap.");
        limits.memory_swap_bytes = -1;
    }
    return {};
}

// v2 has no such knobs; Docker says so and goes on.
void drop_v1_limits(ResourceLimits& limits, Strings& warnings) {
    if (limits.memory_swappiness && *limits.memory_swappiness >= 0) {
        warnings.push_back(
            "Your kernel does not support memory swappiness capabilities or the cgroup is not mounted. "
            "Memory "
            "swappiness discarded.");
        limits.memory_swappiness.reset();
    }
    if (limits.oom_kill_disable.value_or(false))
        warnings.push_back("Your kernel does not support OomKillDisable. OomKillDisable discarded.");
    limits.oom_kill_disable.reset();
}

// The kernel has given it up on v1 too.
void drop_kernel_memory(ResourceLimits& limits, Strings& warnings) {
    if (limits.kernel_memory_bytes != 0)
        warnings.push_back("Specifying a kernel memory limit is deprecated and has no effect.");
    limits.kernel_memory_bytes = 0;
}

Result<> check_cpu(const ResourceLimits& limits, const HostFacts& host) {
    if (limits.nano_cpus != 0 && limits.cpu_period != 0)
        return invalid("Conflicting options: Nano CPUs and CPU Period cannot both be set");
    if (limits.nano_cpus != 0 && limits.cpu_quota != 0)
        return invalid("Conflicting options: Nano CPUs and CPU Quota cannot both be set");
    if (limits.nano_cpus < 0 || limits.nano_cpus > kNanoCpusPerCpu * std::int64_t{host.cpus})
        return invalid("range of CPUs is from 0.01 to ", host.cpus, ".00, as there are only ", host.cpus,
                       " CPUs available");
    if (limits.cpu_shares < 0)
        return invalid("invalid CPU shares (", limits.cpu_shares, "): value must be a positive integer");
    if (limits.cpu_period != 0 && (limits.cpu_period < 1000 || limits.cpu_period > 1'000'000))
        return invalid(
            "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)");
    if (limits.cpu_quota > 0 && limits.cpu_quota < 1000)
        return invalid("CPU cfs quota can not be less than 1ms (i.e. 1000)");
    if (limits.cpu_realtime_period != 0 && limits.cpu_realtime_runtime > limits.cpu_realtime_period)
        return invalid("cpu real-time runtime cannot be higher than cpu real-time period");
    return {};
}

Result<> check_list(const std::string& asked, const std::string& available, std::string_view name,
                    std::string_view what) {
    auto wanted = posix::parse_cpu_list(asked);
    if (!wanted) return invalid("Invalid value ", asked, " for cpuset ", name);
    auto present = posix::parse_cpu_list(available);
    if (!present || present->empty() || std::ranges::includes(*present, *wanted)) return {};
    return invalid("Requested ", what, " are not available - requested ", asked, ", available: ", available);
}

Result<> check_block_io(const ResourceLimits& limits) {
    auto in_range = [](std::uint16_t weight) { return weight == 0 || (weight >= 10 && weight <= 1000); };
    if (!in_range(limits.block_io_weight)) return invalid("Range of blkio weight is from 10 to 1000");
    for (const WeightDevice& device : limits.block_io_weight_devices)
        if (!in_range(device.weight)) return invalid("Range of blkio weight is from 10 to 1000");
    return {};
}

Result<> check_ulimits(const std::vector<Ulimit>& ulimits) {
    for (const Ulimit& ulimit : ulimits) {
        std::string type = "RLIMIT_";
        for (char c : ulimit.name)
            type += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
        if (!posix::rlimit_number(type)) return invalid("invalid ulimit type: ", ulimit.name);
        if (ulimit.hard >= 0 && (ulimit.soft < 0 || ulimit.soft > ulimit.hard))
            return invalid("ulimit soft limit must be less than or equal to hard limit: ", ulimit.soft, " > ",
                           ulimit.hard);
    }
    return {};
}

std::string list_text(const std::vector<Strings>& lists) {
    std::string text = "[";
    for (const Strings& list : lists)
        text += cat(text.size() > 1 ? " " : "", "[", join(list, " "), "]");
    return text + "]";
}

template <class T>
void take(T& target, const T& value) {
    if (value != T()) target = value;
}

Result<> check_changed_cpu(const ResourceLimits& old, const ResourceLimits& asked) {
    auto conflict = [](std::string_view what, std::string_view because) {
        return invalid("Conflicting options: ", what, " cannot be updated as ", because,
                       " has already been set");
    };
    if (asked.nano_cpus != 0 && old.cpu_period > 0) return conflict("Nano CPUs", "CPU Period");
    if (asked.nano_cpus != 0 && old.cpu_quota > 0) return conflict("Nano CPUs", "CPU Quota");
    if (asked.cpu_period != 0 && old.nano_cpus > 0) return conflict("CPU Period", "NanoCPUs");
    if (asked.cpu_quota != 0 && old.nano_cpus > 0) return conflict("CPU Quota", "NanoCPUs");
    return {};
}

}  // namespace

Result<> check_limits(ResourceLimits& limits, const HostFacts& host, Strings& warnings) {
    TRY(check_memory(limits, host, warnings));
    if (host.is_cgroup_v2) drop_v1_limits(limits, warnings);
    if (limits.oom_kill_disable.value_or(false) && limits.memory_bytes == 0)
        warnings.push_back(
            "OOM killer is disabled for the container, but no memory limit is set, this can result in the "
            "system running out of resources.");
    drop_kernel_memory(limits, warnings);
    TRY(check_cpu(limits, host));
    TRY(check_list(limits.cpuset_cpus, host.cpuset_cpus, "cpus", "CPUs"));
    TRY(check_list(limits.cpuset_mems, host.cpuset_mems, "mems", "memory nodes"));
    TRY(check_block_io(limits));
    return check_ulimits(limits.ulimits);
}

Result<> check_devices(const ResourceLimits& limits) {
    for (const DeviceMapping& device : limits.devices)
        if (device.cgroup_permissions.find_first_not_of("rwm") != std::string::npos)
            return invalid("invalid device mode: ", device.cgroup_permissions);
    for (const std::string& rule : limits.device_cgroup_rules)
        TRY(parse_device_rule(rule));
    for (const DeviceRequest& request : limits.device_requests) {
        if (request.driver == "cdi")
            return invalid("CDI device injection failed: unresolvable CDI devices ",
                           join(request.device_ids, ", "));
        return invalid("could not select device driver ", quote(request.driver),
                       " with capabilities: ", list_text(request.capabilities));
    }
    return {};
}

Result<ResourceLimits> check_update(const ResourceLimits& old, const UpdateRequest& request,
                                    const HostFacts& host) {
    const ResourceLimits& asked = request.resources;
    TRY(check_changed_cpu(old, asked));
    if (asked.memory_bytes > 0 && asked.memory_swap_bytes == 0 && old.memory_swap_bytes > 0 &&
        asked.memory_bytes > old.memory_swap_bytes)
        return invalid("Memory limit should be smaller than already set memoryswap limit, update the ",
                       "memoryswap at the same time");
    ResourceLimits limits = old;
    take(limits.cpu_shares, asked.cpu_shares);
    take(limits.nano_cpus, asked.nano_cpus);
    take(limits.cpu_period, asked.cpu_period);
    take(limits.cpu_quota, asked.cpu_quota);
    take(limits.cpu_realtime_period, asked.cpu_realtime_period);
    take(limits.cpu_realtime_runtime, asked.cpu_realtime_runtime);
    take(limits.cpuset_cpus, asked.cpuset_cpus);
    take(limits.cpuset_mems, asked.cpuset_mems);
    take(limits.block_io_weight, asked.block_io_weight);
    take(limits.memory_bytes, asked.memory_bytes);
    take(limits.memory_reservation_bytes, asked.memory_reservation_bytes);
    take(limits.memory_swap_bytes, asked.memory_swap_bytes);
    take(limits.pids_limit, asked.pids_limit);
    Strings warnings;
    TRY(check_limits(limits, host, warnings));
    return limits;
}

}  // namespace tare::container
