#include <cerrno>
#include <cmath>

#include "posix/file.h"
#include "run/cgroup/cgroup.h"

namespace tare::cgroup {

namespace {

constexpr std::uint64_t kDefaultPeriod = 100'000;  // microseconds, cgroup-v2.rst "cpu.max"

class Group {
  public:
    explicit Group(std::string directory) : directory_(std::move(directory)) {}

    Result<> write(std::string_view file, std::string_view value) const {
        return posix::write_knob(cat(directory_, "/", file), value);
    }
    Result<> write_limit(std::string_view file, const std::optional<std::int64_t>& value) const {
        if (!value) return {};
        return write(file, *value < 0 ? "max" : cat(*value));
    }
    bool has(std::string_view file) const { return posix::exists(cat(directory_, "/", file)); }
    std::string read(std::string_view file) const {
        return posix::read_file(cat(directory_, "/", file), 4096).value_or("");
    }
    bool has_controller(std::string_view controller) const {
        for (auto word : split_words(read("cgroup.controllers")))
            if (word == controller) return true;
        return false;
    }

  private:
    std::string directory_;
};

/// A limit at or below what is used would kill the container at once.
Result<> check_before_update(const Group& group, const oci::MemoryResources& wanted) {
    if (wanted.check_before_update != true || wanted.limit.value_or(-1) < 0) return {};
    auto usage = parse_integer<std::int64_t>(trim(group.read("memory.current")));
    if (usage && *wanted.limit <= *usage)
        return fail(ErrorKind::failed_precondition, "rejecting memory limit ", *wanted.limit, " <= usage ",
                    *usage);
    return {};
}

Result<> set_memory(const Group& group, const oci::MemoryResources& wanted) {
    TRY(check_before_update(group, wanted));
    auto swap = TRY(swap_max_of(wanted));
    if (swap) {
        auto outcome = group.write_limit("memory.swap.max", swap);
        // Kernels without swap accounting have no such file; no swap and no limit agree with that.
        bool harmless = !outcome && outcome.error().is(ErrorKind::not_found) && *swap <= 0;
        if (!outcome && !harmless) return outcome;
    }
    TRY(group.write_limit("memory.max", wanted.limit));
    return group.write_limit("memory.low", wanted.reservation);
}

Result<> set_cpu(const Group& group, const oci::CpuResources& wanted) {
    TRY(wanted.idle ? group.write("cpu.idle", cat(*wanted.idle)) : Result<>());
    if (auto weight = cpu_weight_of_shares(wanted.shares.value_or(0));
        weight != 0 && wanted.idle.value_or(0) == 0)
        TRY(group.write("cpu.weight", cat(weight)));
    // Lowering a quota below the burst is EINVAL, raising a burst over the quota too: burst is
    // written again once the quota stands.
    bool burst_pending = wanted.burst && !group.write("cpu.max.burst", cat(*wanted.burst));
    if (wanted.quota || wanted.period) {
        auto present = split_words(group.read("cpu.max"));
        std::string quota = wanted.quota ? (*wanted.quota > 0 ? cat(*wanted.quota) : "max") : "max";
        if (!wanted.quota && !present.empty()) quota = present[0];
        auto period = wanted.period.value_or(0);
        TRY(group.write("cpu.max", cat(quota, " ", period != 0 ? period : kDefaultPeriod)));
    }
    if (burst_pending) TRY(group.write("cpu.max.burst", cat(*wanted.burst)));
    if (!wanted.cpus.empty()) TRY(group.write("cpuset.cpus", wanted.cpus));
    if (!wanted.mems.empty()) TRY(group.write("cpuset.mems", wanted.mems));
    return {};
}

Result<> set_throttle(const Group& group, std::string_view key,
                      const std::vector<oci::ThrottleDevice>& devices) {
    for (auto& device : devices)
        TRY(group.write("io.max", cat(device.major, ":", device.minor, " ", key, "=",
                                      device.rate == 0 ? "max" : cat(device.rate))));
    return {};
}

Result<> set_io(const Group& group, const oci::BlockIoResources& wanted) {
    if (wanted.weight.value_or(0) != 0) {
        if (group.has("io.bfq.weight"))
            TRY(group.write("io.bfq.weight", cat(*wanted.weight)));
        else
            TRY(group.write("io.weight", cat(io_weight_of_blkio_weight(*wanted.weight))));
    }
    for (auto& device : wanted.weight_devices)
        if (device.weight && group.has("io.bfq.weight"))
            TRY(group.write("io.bfq.weight", cat(device.major, ":", device.minor, " ", *device.weight)));
    TRY(set_throttle(group, "rbps", wanted.read_bps));
    TRY(set_throttle(group, "wbps", wanted.write_bps));
    TRY(set_throttle(group, "riops", wanted.read_iops));
    return set_throttle(group, "wiops", wanted.write_iops);
}

Result<> set_unified(const Group& group, const std::vector<std::pair<std::string, std::string>>& unified) {
    for (auto& [file, value] : unified) {
        auto dot = file.find('.');
        if (file.find('/') != std::string::npos || dot == std::string::npos)
            return fail(ErrorKind::invalid_argument, "unified resource ", quote(file),
                        " is not a cgroup file name");
        for (auto line : split(value, '\n')) {
            auto outcome = group.write(file, line);
            if (outcome) continue;
            auto controller = file.substr(0, dot);
            if (outcome.error().is(ErrorKind::not_found) && !group.has_controller(controller))
                return fail(ErrorKind::failed_precondition, "unified resource ", quote(file),
                            " can't be set: controller ", quote(controller), " not available");
            return outcome;
        }
    }
    return {};
}

}  // namespace

std::uint64_t cpu_weight_of_shares(std::uint64_t shares) {
    if (shares == 0) return 0;
    if (shares <= 2) return 1;
    if (shares >= 262'144) return 10'000;
    double log = std::log2(static_cast<double>(shares));
    double exponent = (log * log + 125 * log) / 612.0 - 7.0 / 34.0;
    return static_cast<std::uint64_t>(std::ceil(std::pow(10, exponent)));
}

std::uint64_t io_weight_of_blkio_weight(std::uint64_t weight) {
    return weight == 0 ? 0 : 1 + (weight - 10) * 9999 / 990;
}

Result<std::optional<std::int64_t>> swap_max_of(const oci::MemoryResources& memory) {
    using Value = std::optional<std::int64_t>;
    std::int64_t limit = memory.limit.value_or(0);
    // Lifting the memory limit lifts the swap limit that came with it.
    if (limit == -1 && !memory.swap) return Value(-1);
    if (!memory.swap || *memory.swap == 0) return Value();
    if (*memory.swap == -1) return Value(-1);
    if (limit <= 0) return fail(ErrorKind::invalid_argument, "unable to set swap limit without memory limit");
    if (*memory.swap < limit)
        return fail(ErrorKind::invalid_argument, "memory+swap limit should be >= memory limit");
    return Value(*memory.swap - limit);
}

Result<> set_v2(const Cgroup& cgroup, const oci::LinuxResources& resources) {
    Group group(cgroup.v2_directory());
    TRY(set_memory(group, resources.memory));
    TRY(set_cpu(group, resources.cpu));
    if (resources.pids_limit) {
        std::int64_t limit = *resources.pids_limit;
        TRY(group.write("pids.max", limit < 0 ? "max" : cat(limit == 0 ? 1 : limit)));
    }
    TRY(set_io(group, resources.block_io));
    for (auto& limit : resources.hugepage_limits) {
        TRY(group.write(cat("hugetlb.", limit.page_size, ".max"), cat(limit.limit)));
        std::string reserved = cat("hugetlb.", limit.page_size, ".rsvd.max");
        if (group.has(reserved)) TRY(group.write(reserved, cat(limit.limit)));
    }
    for (auto& [device, limit] : resources.rdma) {
        std::string line = device;
        if (limit.hca_handles) line += cat(" hca_handle=", *limit.hca_handles);
        if (limit.hca_objects) line += cat(" hca_object=", *limit.hca_objects);
        TRY(group.write("rdma.max", line));
    }
    return set_unified(group, resources.unified);
}

}  // namespace tare::cgroup
