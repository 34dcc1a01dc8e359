// Limits as the runtime writes them into cgroups.

#include <fcntl.h>

#include "engine/container/spec.h"
#include "posix/file.h"
#include "posix/tree.h"

namespace tare::container {

namespace {

constexpr std::int64_t kCpuPeriodMicroseconds = 100'000;
constexpr std::int64_t kNanoCpusPerCpu = 1'000'000'000;

template <class T>
void set_positive(std::optional<T>& target, std::int64_t value) {
    if (value > 0) target = static_cast<T>(value);
}

oci::CpuResources cpu_of(const ResourceLimits& limits) {
    oci::CpuResources cpu;
    set_positive(cpu.shares, limits.cpu_shares);
    if (limits.nano_cpus > 0) {
        cpu.period = kCpuPeriodMicroseconds;
        cpu.quota = limits.nano_cpus / (kNanoCpusPerCpu / kCpuPeriodMicroseconds);
    }
    if (limits.cpu_quota != 0) cpu.quota = limits.cpu_quota;
    set_positive(cpu.period, limits.cpu_period);
    set_positive(cpu.realtime_runtime, limits.cpu_realtime_runtime);
    set_positive(cpu.realtime_period, limits.cpu_realtime_period);
    cpu.cpus = limits.cpuset_cpus;
    cpu.mems = limits.cpuset_mems;
    return cpu;
}

oci::MemoryResources memory_of(const ResourceLimits& limits) {
    oci::MemoryResources memory;
    set_positive(memory.limit, limits.memory_bytes);
    set_positive(memory.reservation, limits.memory_reservation_bytes);
    if (limits.memory_swap_bytes != 0) memory.swap = limits.memory_swap_bytes;
    if (limits.memory_swappiness && *limits.memory_swappiness >= 0)
        memory.swappiness = static_cast<std::uint64_t>(*limits.memory_swappiness);
    if (limits.oom_kill_disable.value_or(false)) memory.disable_oom_killer = true;
    return memory;
}

struct Numbers {
    std::int64_t major = 0;
    std::int64_t minor = 0;
};

Result<Numbers> device_numbers(const std::string& path) {
    posix::Fd device = TRY(posix::open_file(path, O_PATH));
    auto status = TRY(posix::status_of(device.get()));
    if (!status.is(posix::FileType::block_device) && !status.is(posix::FileType::character_device))
        return fail(ErrorKind::invalid_argument, path, " is not a device");
    return Numbers{.major = status.device_major, .minor = status.device_minor};
}

Result<std::vector<oci::ThrottleDevice>> throttles_of(const std::vector<ThrottleDevice>& devices) {
    std::vector<oci::ThrottleDevice> throttles;
    for (const ThrottleDevice& device : devices) {
        const Numbers numbers = TRY(device_numbers(device.path));
        throttles.push_back({.major = numbers.major, .minor = numbers.minor, .rate = device.rate});
    }
    return throttles;
}

Result<oci::BlockIoResources> block_io_of(const ResourceLimits& limits) {
    oci::BlockIoResources block_io;
    if (limits.block_io_weight > 0) block_io.weight = limits.block_io_weight;
    for (const WeightDevice& device : limits.block_io_weight_devices) {
        const Numbers numbers = TRY(device_numbers(device.path));
        block_io.weight_devices.push_back(
            {.major = numbers.major, .minor = numbers.minor, .weight = device.weight, .leaf_weight = {}});
    }
    block_io.read_bps = TRY(throttles_of(limits.read_bps));
    block_io.write_bps = TRY(throttles_of(limits.write_bps));
    block_io.read_iops = TRY(throttles_of(limits.read_iops));
    block_io.write_iops = TRY(throttles_of(limits.write_iops));
    return block_io;
}

}  // namespace

Result<oci::LinuxResources> build_resources(const HostConfig& host_config, const HostFacts&) {
    const ResourceLimits& limits = host_config.resources;
    oci::LinuxResources resources;
    resources.cpu = cpu_of(limits);
    resources.memory = memory_of(limits);
    resources.block_io = TRY(block_io_of(limits));
    if (limits.pids_limit) resources.pids_limit = *limits.pids_limit > 0 ? *limits.pids_limit : -1;
    return resources;
}

}  // namespace tare::container
