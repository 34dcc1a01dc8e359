#include "run/runtime/execution.h"

#include <fcntl.h>

#include "base/log.h"
#include "posix/cpu_list.h"
#include "posix/execution.h"
#include "posix/file.h"
#include "posix/namespace.h"

namespace tare::runtime {

namespace {

Result<std::set<unsigned>> numbers_of(std::string_view field, std::string_view list) {
    auto numbers = posix::parse_cpu_list(list);
    if (numbers && !numbers->empty()) return *numbers;
    return fail(ErrorKind::invalid_argument, field, ": ", quote(list), " is not a list of numbers");
}

Result<> schedule(pid_t pid, const oci::Process& process) {
    if (auto& wanted = process.scheduler)
        TRY_CONTEXT(posix::set_scheduler(pid, {.policy = wanted->policy,
                                               .nice = wanted->nice.value_or(0),
                                               .priority = static_cast<std::uint32_t>(wanted->priority),
                                               .flags = wanted->flags,
                                               .runtime_ns = wanted->runtime,
                                               .deadline_ns = wanted->deadline,
                                               .period_ns = wanted->period}),
                    "process.scheduler");
    if (auto& wanted = process.io_priority)
        TRY_CONTEXT(posix::set_io_priority(pid, wanted->io_class, wanted->priority), "process.ioPriority");
    return {};
}

Result<> set_cpus(pid_t pid, std::string_view field, std::string_view list) {
    TRY_CONTEXT(posix::set_affinity(pid, TRY(numbers_of(field, list))), field);
    return {};
}

}  // namespace

Result<> set_execution(const std::optional<oci::Personality>& personality,
                       const std::optional<oci::MemoryPolicy>& memory_policy) {
    if (personality) TRY_CONTEXT(posix::set_personality(personality->domain), "linux.personality");
    if (!memory_policy) return {};
    std::set<unsigned> nodes;
    if (!memory_policy->nodes.empty())
        nodes = TRY(numbers_of("linux.memoryPolicy.nodes", memory_policy->nodes));
    TRY_CONTEXT(posix::set_memory_policy(memory_policy->mode, nodes, memory_policy->flags),
                "linux.memoryPolicy");
    return {};
}

Result<> schedule_init(pid_t pid, const oci::Process& process) {
    // Before the scheduler: a deadline task must be allowed all CPUs, and may not be moved afterwards.
    TRY(posix::reset_affinity(pid));
    return schedule(pid, process);
}

Result<> schedule_joined(pid_t pid, const oci::Process& process) {
    if (process.exec_affinity && !process.exec_affinity->final.empty())
        TRY(set_cpus(pid, "process.execCPUAffinity.final", process.exec_affinity->final));
    else if (!process.exec_affinity)
        TRY(posix::reset_affinity(pid));
    return schedule(pid, process);
}

InitialAffinity::InitialAffinity(const std::optional<oci::ExecAffinity>& affinity) {
    if (!affinity || affinity->initial.empty()) return;
    auto before = posix::affinity_of(0);
    if (!before) {
        outcome_ = before.error();
        return;
    }
    outcome_ = set_cpus(0, "process.execCPUAffinity.initial", affinity->initial);
    if (outcome_) before_ = std::move(*before);
}

InitialAffinity::~InitialAffinity() {
    if (before_.empty()) return;
    if (auto restored = posix::set_affinity(0, before_); !restored)
        log::failure("restore the CPUs of the runtime", restored.error(), log::Level::warning);
}

Result<> enter_time_namespace(const std::vector<oci::TimeOffset>& offsets) {
    TRY_CONTEXT(posix::unshare_namespaces(posix::namespace_bit::time), "time namespace");
    std::string text;
    for (auto& offset : offsets)
        text += cat(offset.clock, " ", offset.seconds, " ", offset.nanoseconds, "\n");
    if (!text.empty()) TRY_CONTEXT(posix::write_knob("/proc/self/timens_offsets", text), "linux.timeOffsets");
    // The one who made it is not in it yet: only its children would be.
    posix::Fd made = TRY(posix::open_file("/proc/self/ns/time_for_children", O_RDONLY));
    return posix::join_namespace(made.get(), posix::namespace_bit::time, "time");
}

}  // namespace tare::runtime
