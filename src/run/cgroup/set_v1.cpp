#include <cerrno>

#include "base/log.h"
#include "posix/file.h"
#include "run/cgroup/cgroup.h"

namespace tare::cgroup {

namespace {

/// Files of one controller's directory. A controller that is not mounted is an error only when
/// something is to be written.
class Controller {
  public:
    Controller(const Cgroup& group, std::string_view name)
        : name_(name), directory_(group.directory_of(name)) {}

    Result<> write(std::string_view file, std::string_view value) const {
        if (directory_.empty())
            return fail(ErrorKind::failed_precondition, "set ", file, ": cgroup controller ", name_,
                        " is not available");
        return posix::write_knob(cat(directory_, "/", file), value);
    }
    template <class Number>
    Result<> write_if(std::string_view file, const std::optional<Number>& value) const {
        return value ? write(file, cat(*value)) : Result<>();
    }
    bool has(std::string_view file) const { return posix::exists(cat(directory_, "/", file)); }
    std::optional<std::int64_t> read(std::string_view file) const {
        auto text = posix::read_file(cat(directory_, "/", file), 4096);
        return text ? parse_integer<std::int64_t>(trim(*text)) : std::nullopt;
    }

  private:
    std::string_view name_;
    std::string directory_;
};

/// The kernel keeps limit <= memory+swap at every moment, so the order depends on the direction.
Result<> set_memory_limits(const Controller& memory, const oci::MemoryResources& wanted) {
    constexpr auto limit = "memory.limit_in_bytes";
    constexpr auto swap = "memory.memsw.limit_in_bytes";
    auto swap_limit = wanted.swap;
    // Lifting the memory limit alone would leave memory+swap in the way.
    if (wanted.limit == -1 && !swap_limit && memory.has(swap)) swap_limit = -1;
    // A kernel without swap accounting: no limit of it is what holds anyway, another one cannot be.
    if (swap_limit == -1 && !memory.has(swap)) swap_limit.reset();
    bool raises = wanted.limit && swap_limit &&
                  (*swap_limit == -1 || memory.read(swap).value_or(0) < wanted.limit.value());
    if (raises) {
        TRY(memory.write_if(swap, swap_limit));
        return memory.write_if(limit, wanted.limit);
    }
    TRY(memory.write_if(limit, wanted.limit));
    return memory.write_if(swap, swap_limit);
}

Result<> set_memory(const Cgroup& group, const oci::MemoryResources& wanted) {
    Controller memory(group, "memory");
    TRY(set_memory_limits(memory, wanted));
    TRY(memory.write_if("memory.soft_limit_in_bytes", wanted.reservation));
    if (wanted.swappiness) {
        if (*wanted.swappiness > 100)
            return fail(ErrorKind::invalid_argument, "memory swappiness ", *wanted.swappiness,
                        " is not between 0 and 100");
        TRY(memory.write_if("memory.swappiness", wanted.swappiness));
    }
    if (wanted.disable_oom_killer == true) TRY(memory.write("memory.oom_control", "1"));
    return {};
}

/// EINVAL on the period may mean that the old quota is too large for it; quota first, then again.
Result<> set_cfs(const Controller& cpu, const oci::CpuResources& wanted) {
    bool period_pending = false;
    if (wanted.period.value_or(0) != 0) {
        auto outcome = cpu.write_if("cpu.cfs_period_us", wanted.period);
        if (!outcome && outcome.error().error_number() != EINVAL) return outcome;
        period_pending = !outcome;
    }
    if (wanted.quota.value_or(0) != 0) TRY(cpu.write_if("cpu.cfs_quota_us", wanted.quota));
    if (period_pending) TRY(cpu.write_if("cpu.cfs_period_us", wanted.period));
    if (wanted.burst && cpu.has("cpu.cfs_burst_us")) TRY(cpu.write_if("cpu.cfs_burst_us", wanted.burst));
    return {};
}

Result<> set_cpu(const Cgroup& group, const oci::CpuResources& wanted) {
    Controller cpu(group, "cpu");
    if (wanted.shares.value_or(0) != 0) {
        TRY(cpu.write_if("cpu.shares", wanted.shares));
        // The kernel clamps without a word.
        auto actual = cpu.read("cpu.shares").value_or(0);
        if (auto asked = static_cast<std::int64_t>(*wanted.shares); actual != 0 && asked < actual)
            return fail(ErrorKind::invalid_argument, "the minimum allowed cpu-shares is ", actual);
        else if (actual != 0 && asked > actual)
            return fail(ErrorKind::invalid_argument, "the maximum allowed cpu-shares is ", actual);
    }
    TRY(set_cfs(cpu, wanted));
    TRY(cpu.write_if("cpu.rt_period_us", wanted.realtime_period));
    TRY(cpu.write_if("cpu.rt_runtime_us", wanted.realtime_runtime));
    TRY(cpu.write_if("cpu.idle", wanted.idle));
    Controller cpuset(group, "cpuset");
    if (!wanted.cpus.empty()) TRY(cpuset.write("cpuset.cpus", wanted.cpus));
    if (!wanted.mems.empty()) TRY(cpuset.write("cpuset.mems", wanted.mems));
    return {};
}

Result<> set_throttle(const Controller& io, std::string_view file,
                      const std::vector<oci::ThrottleDevice>& devices) {
    for (auto& device : devices)
        TRY(io.write(file, cat(device.major, ":", device.minor, " ", device.rate)));
    return {};
}

Result<> set_block_io(const Cgroup& group, const oci::BlockIoResources& wanted) {
    Controller io(group, "blkio");
    bool is_bfq = !io.has("blkio.weight") && io.has("blkio.bfq.weight");
    std::string weight = is_bfq ? "blkio.bfq.weight" : "blkio.weight";
    if (wanted.weight.value_or(0) != 0) TRY(io.write_if(weight, wanted.weight));
    if (wanted.leaf_weight) TRY(io.write_if("blkio.leaf_weight", wanted.leaf_weight));
    for (auto& device : wanted.weight_devices) {
        auto number = cat(device.major, ":", device.minor, " ");
        if (device.weight) TRY(io.write(weight + "_device", cat(number, *device.weight)));
        if (device.leaf_weight) TRY(io.write("blkio.leaf_weight_device", cat(number, *device.leaf_weight)));
    }
    TRY(set_throttle(io, "blkio.throttle.read_bps_device", wanted.read_bps));
    TRY(set_throttle(io, "blkio.throttle.write_bps_device", wanted.write_bps));
    TRY(set_throttle(io, "blkio.throttle.read_iops_device", wanted.read_iops));
    return set_throttle(io, "blkio.throttle.write_iops_device", wanted.write_iops);
}

/// On a hybrid machine hugetlb may be a controller of the v2 hierarchy.
Result<> set_hugepages(const Cgroup& group, const std::vector<oci::HugepageLimit>& limits) {
    Controller hugetlb(group, "hugetlb");
    for (auto& limit : limits) {
        std::string v1 = cat("hugetlb.", limit.page_size, ".limit_in_bytes");
        std::string file = hugetlb.has(v1) ? v1 : cat("hugetlb.", limit.page_size, ".max");
        TRY(hugetlb.write(file, cat(limit.limit)));
        std::string reserved = replace_all(replace_all(file, ".limit", ".rsvd.limit"), ".max", ".rsvd.max");
        if (hugetlb.has(reserved)) TRY(hugetlb.write(reserved, cat(limit.limit)));
    }
    return {};
}

}  // namespace

Result<> set_v1(const Cgroup& group, const oci::LinuxResources& resources) {
    if (!resources.unified.empty())
        return fail(ErrorKind::invalid_argument, "set unified resource ",
                    quote(resources.unified.front().first), ": this machine uses cgroup v1");
    TRY(set_memory(group, resources.memory));
    TRY(set_cpu(group, resources.cpu));
    if (resources.pids_limit) {
        std::int64_t limit = *resources.pids_limit;
        TRY(Controller(group, "pids").write("pids.max", limit < 0 ? "max" : cat(limit == 0 ? 1 : limit)));
    }
    TRY(set_block_io(group, resources.block_io));
    TRY(set_hugepages(group, resources.hugepage_limits));
    for (auto& [device, limit] : resources.rdma) {
        std::string line = device;
        if (limit.hca_handles) line += cat(" hca_handle=", *limit.hca_handles);
        if (limit.hca_objects) line += cat(" hca_object=", *limit.hca_objects);
        TRY(Controller(group, "rdma").write("rdma.max", line));
    }
    TRY(Controller(group, "net_cls").write_if("net_cls.classid", resources.network.class_id));
    for (auto& [name, priority] : resources.network.priorities)
        TRY(Controller(group, "net_prio").write("net_prio.ifpriomap", cat(name, " ", priority)));
    return {};
}

}  // namespace tare::cgroup
