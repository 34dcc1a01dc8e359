#include "posix/execution.h"

#include <algorithm>
#include <array>
#include <vector>

#include <linux/ioprio.h>
#include <linux/mempolicy.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "posix/fd.h"

namespace tare::posix {

namespace {

struct Named {
    std::string_view name;
    std::uint64_t value;
};

// linux/sched.h has some of them only in later versions than Debian 12's.
constexpr std::array kPolicies = {Named{"SCHED_OTHER", 0},   Named{"SCHED_FIFO", 1}, Named{"SCHED_RR", 2},
                                  Named{"SCHED_BATCH", 3},   Named{"SCHED_ISO", 4},  Named{"SCHED_IDLE", 5},
                                  Named{"SCHED_DEADLINE", 6}};
constexpr std::array kSchedulerFlags = {
    Named{"SCHED_FLAG_RESET_ON_FORK", 0x01}, Named{"SCHED_FLAG_RECLAIM", 0x02},
    Named{"SCHED_FLAG_DL_OVERRUN", 0x04},    Named{"SCHED_FLAG_KEEP_POLICY", 0x08},
    Named{"SCHED_FLAG_KEEP_PARAMS", 0x10},   Named{"SCHED_FLAG_UTIL_CLAMP_MIN", 0x20},
    Named{"SCHED_FLAG_UTIL_CLAMP_MAX", 0x40}};
constexpr std::array kIoClasses = {Named{"IOPRIO_CLASS_RT", IOPRIO_CLASS_RT},
                                   Named{"IOPRIO_CLASS_BE", IOPRIO_CLASS_BE},
                                   Named{"IOPRIO_CLASS_IDLE", IOPRIO_CLASS_IDLE}};
constexpr std::array kMemoryModes = {Named{"MPOL_DEFAULT", 0},
                                     Named{"MPOL_PREFERRED", 1},
                                     Named{"MPOL_BIND", 2},
                                     Named{"MPOL_INTERLEAVE", 3},
                                     Named{"MPOL_LOCAL", 4},
                                     Named{"MPOL_PREFERRED_MANY", 5},
                                     Named{"MPOL_WEIGHTED_INTERLEAVE", 6}};
constexpr std::array kMemoryFlags = {Named{"MPOL_F_NUMA_BALANCING", 1U << 13U},
                                     Named{"MPOL_F_RELATIVE_NODES", 1U << 14U},
                                     Named{"MPOL_F_STATIC_NODES", 1U << 15U}};

template <std::size_t count>
Result<std::uint64_t> value_of(std::string_view name, const std::array<Named, count>& known) {
    auto found = std::ranges::find(known, name, &Named::name);
    if (found != known.end()) return found->value;
    return fail(ErrorKind::invalid_argument, quote(name), " is unknown");
}

template <std::size_t count>
Result<std::uint64_t> bits_of(std::span<const std::string> names, const std::array<Named, count>& known) {
    std::uint64_t bits = 0;
    for (auto& name : names)
        bits |= TRY(value_of(name, known));
    return bits;
}

/// sched_setattr(2); glibc has no declaration of it.
struct KernelAttributes {
    std::uint32_t size;
    std::uint32_t policy;
    std::uint64_t flags;
    std::int32_t nice;
    std::uint32_t priority;
    std::uint64_t runtime;
    std::uint64_t deadline;
    std::uint64_t period;
};

// As many as the kernel's largest configuration has (NR_CPUS), and nodes a fair share of it.
constexpr std::size_t kMaxCpus = 8192;
constexpr std::size_t kMaxNodes = 1024;
constexpr std::size_t kWordBits = 64;
using CpuMask = std::array<std::uint64_t, kMaxCpus / kWordBits>;

template <std::size_t words>
Result<std::array<std::uint64_t, words>> mask_of(const std::set<unsigned>& numbers) {
    std::array<std::uint64_t, words> mask{};
    for (unsigned number : numbers) {
        if (number >= words * kWordBits) return fail(ErrorKind::invalid_argument, number, " is too large");
        mask[number / kWordBits] |= std::uint64_t{1} << (number % kWordBits);
    }
    return mask;
}

Result<> set_mask(pid_t pid, const CpuMask& mask) {
    if (::syscall(SYS_sched_setaffinity, pid, sizeof mask, mask.data()) < 0)
        return last_error("set the CPUs of a process");
    return {};
}

}  // namespace

Result<> set_scheduler(pid_t pid, const SchedulerAttributes& attributes) {
    KernelAttributes wanted{};
    wanted.size = sizeof wanted;
    wanted.policy = static_cast<std::uint32_t>(TRY(value_of(attributes.policy, kPolicies)));
    wanted.flags = TRY(bits_of(attributes.flags, kSchedulerFlags));
    wanted.nice = attributes.nice;
    wanted.priority = attributes.priority;
    wanted.runtime = attributes.runtime_ns;
    wanted.deadline = attributes.deadline_ns;
    wanted.period = attributes.period_ns;
    if (::syscall(SYS_sched_setattr, pid, &wanted, 0) < 0)
        return last_error("set the scheduler", attributes.policy);
    return {};
}

Result<> set_io_priority(pid_t pid, std::string_view io_class, int priority) {
    constexpr unsigned class_shift = 13;
    auto value = static_cast<unsigned>(TRY(value_of(io_class, kIoClasses))) << class_shift;
    constexpr int one_process = 1;  // IOPRIO_WHO_PROCESS
    if (::syscall(SYS_ioprio_set, one_process, pid, value | static_cast<unsigned>(priority)) < 0)
        return last_error("set the I/O priority", io_class);
    return {};
}

Result<> set_affinity(pid_t pid, const std::set<unsigned>& cpus) {
    return set_mask(pid, TRY(mask_of<std::tuple_size_v<CpuMask>>(cpus)));
}

Result<> reset_affinity(pid_t pid) {
    CpuMask all;
    all.fill(~std::uint64_t{0});
    return set_mask(pid, all);
}

Result<std::set<unsigned>> affinity_of(pid_t pid) {
    CpuMask mask{};
    if (::syscall(SYS_sched_getaffinity, pid, sizeof mask, mask.data()) < 0)
        return last_error("read the CPUs of a process");
    std::set<unsigned> cpus;
    for (unsigned cpu = 0; cpu < kMaxCpus; ++cpu)
        if ((mask[cpu / kWordBits] >> (cpu % kWordBits) & 1U) != 0) cpus.insert(cpu);
    return cpus;
}

Result<> set_memory_policy(std::string_view mode, const std::set<unsigned>& nodes,
                           std::span<const std::string> flags) {
    std::uint64_t bits = TRY(value_of(mode, kMemoryModes))
    | TRY(bits_of(flags, kMemoryFlags));
    auto mask = TRY(mask_of<kMaxNodes / kWordBits>(nodes));
    const bool has_nodes = !nodes.empty();
    if (::syscall(SYS_set_mempolicy, bits, has_nodes ? mask.data() : nullptr, has_nodes ? kMaxNodes : 0) < 0)
        return last_error("set the memory policy", mode);
    return {};
}

Result<> set_personality(std::string_view domain) {
    if (::personality(domain == "LINUX32" ? PER_LINUX32 : PER_LINUX) < 0)
        return last_error("set the execution domain", domain);
    return {};
}

}  // namespace tare::posix
