#include "oci/execution.h"

#include <algorithm>
#include <array>

namespace tare::oci {

namespace {

constexpr std::array<std::string_view, 7> kPolicies = {
    "SCHED_OTHER", "SCHED_FIFO", "SCHED_RR", "SCHED_BATCH", "SCHED_ISO", "SCHED_IDLE", "SCHED_DEADLINE"};
constexpr std::array<std::string_view, 7> kSchedulerFlags = {
    "SCHED_FLAG_RESET_ON_FORK", "SCHED_FLAG_RECLAIM",     "SCHED_FLAG_DL_OVERRUN",
    "SCHED_FLAG_KEEP_POLICY",   "SCHED_FLAG_KEEP_PARAMS", "SCHED_FLAG_UTIL_CLAMP_MIN",
    "SCHED_FLAG_UTIL_CLAMP_MAX"};
constexpr std::array<std::string_view, 3> kIoClasses = {"IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE",
                                                        "IOPRIO_CLASS_IDLE"};
constexpr std::array<std::string_view, 7> kMemoryModes = {
    "MPOL_DEFAULT",        "MPOL_PREFERRED",          "MPOL_BIND", "MPOL_INTERLEAVE", "MPOL_LOCAL",
    "MPOL_PREFERRED_MANY", "MPOL_WEIGHTED_INTERLEAVE"};
constexpr std::array<std::string_view, 3> kMemoryFlags = {"MPOL_F_NUMA_BALANCING", "MPOL_F_RELATIVE_NODES",
                                                          "MPOL_F_STATIC_NODES"};
constexpr std::array<std::string_view, 2> kDomains = {"LINUX", "LINUX32"};

template <std::size_t count>
Result<> expect_one_of(const JsonView& view, std::string_view field, const std::string& value,
                       const std::array<std::string_view, count>& known) {
    if (std::ranges::find(known, value) != known.end()) return {};
    return view.error(cat(field, " ", quote(value), " is unknown"));
}

Result<> check_scheduler(const JsonView& view, const Scheduler& scheduler) {
    const std::string& policy = scheduler.policy;
    const bool is_fair = policy == "SCHED_OTHER" || policy == "SCHED_BATCH";
    if (scheduler.nice && (*scheduler.nice < -20 || *scheduler.nice > 19))
        return view.error("nice must be -20 to 19");
    if (scheduler.nice.value_or(0) != 0 && !is_fair)
        return view.error("nice is for SCHED_OTHER and SCHED_BATCH only");
    if (scheduler.priority != 0 && policy != "SCHED_FIFO" && policy != "SCHED_RR")
        return view.error("priority is for SCHED_FIFO and SCHED_RR only");
    const bool has_deadline = scheduler.runtime != 0 || scheduler.deadline != 0 || scheduler.period != 0;
    if (has_deadline && policy != "SCHED_DEADLINE")
        return view.error("runtime, deadline and period are for SCHED_DEADLINE only");
    return {};
}

}  // namespace

Result<Scheduler> parse_scheduler(const JsonView& view) {
    Scheduler scheduler;
    scheduler.policy = TRY(view.string_or("policy", ""));
    if (scheduler.policy.empty()) return view.error("scheduler policy is required");
    TRY(expect_one_of(view, "policy", scheduler.policy, kPolicies));
    scheduler.nice = TRY(view.optional_integer<std::int32_t>("nice"));
    scheduler.priority = TRY(view.integer_or<std::int32_t>("priority", 0));
    scheduler.flags = TRY(view.strings("flags"));
    for (auto& flag : scheduler.flags)
        TRY(expect_one_of(view, "flag", flag, kSchedulerFlags));
    scheduler.runtime = TRY(view.integer_or<std::uint64_t>("runtime", 0));
    scheduler.deadline = TRY(view.integer_or<std::uint64_t>("deadline", 0));
    scheduler.period = TRY(view.integer_or<std::uint64_t>("period", 0));
    TRY(check_scheduler(view, scheduler));
    return scheduler;
}

Result<IoPriority> parse_io_priority(const JsonView& view) {
    IoPriority priority;
    priority.io_class = TRY(view.string("class"));
    priority.priority = TRY(view.integer_or<std::int32_t>("priority", 0));
    TRY(expect_one_of(view, "class", priority.io_class, kIoClasses));
    if (priority.priority < 0 || priority.priority > 7) return view.error("priority must be 0 to 7");
    return priority;
}

Result<ExecAffinity> parse_exec_affinity(const JsonView& view) {
    ExecAffinity affinity;
    affinity.initial = TRY(view.string_or("initial", ""));
    affinity.final = TRY(view.string_or("final", ""));
    return affinity;
}

Result<MemoryPolicy> parse_memory_policy(const JsonView& view) {
    MemoryPolicy policy;
    policy.mode = TRY(view.string("mode"));
    policy.nodes = TRY(view.string_or("nodes", ""));
    policy.flags = TRY(view.strings("flags"));
    TRY(expect_one_of(view, "mode", policy.mode, kMemoryModes));
    for (auto& flag : policy.flags)
        TRY(expect_one_of(view, "flag", flag, kMemoryFlags));
    const bool has_own_nodes = policy.mode == "MPOL_DEFAULT" || policy.mode == "MPOL_LOCAL";
    if (has_own_nodes && (!policy.nodes.empty() || !policy.flags.empty()))
        return view.error(cat(policy.mode, " takes neither nodes nor flags"));
    if (!has_own_nodes && policy.mode != "MPOL_PREFERRED" && policy.nodes.empty())
        return view.error(cat(policy.mode, " needs nodes"));
    return policy;
}

Result<Personality> parse_personality(const JsonView& view) {
    Personality personality;
    personality.domain = TRY(view.string("domain"));
    personality.flags = TRY(view.strings("flags"));
    TRY(expect_one_of(view, "domain", personality.domain, kDomains));
    return personality;
}

std::span<const std::string_view> memory_policy_modes() {
    return kMemoryModes;
}
std::span<const std::string_view> memory_policy_flags() {
    return kMemoryFlags;
}

Json to_json(const Scheduler& scheduler) {
    Json out;
    out.set("policy", scheduler.policy);
    if (scheduler.nice) out.set("nice", *scheduler.nice);
    if (scheduler.priority != 0) out.set("priority", scheduler.priority);
    if (!scheduler.flags.empty()) out.set("flags", Json(scheduler.flags));
    if (scheduler.runtime != 0) out.set("runtime", scheduler.runtime);
    if (scheduler.deadline != 0) out.set("deadline", scheduler.deadline);
    if (scheduler.period != 0) out.set("period", scheduler.period);
    return out;
}

Json to_json(const IoPriority& priority) {
    Json out;
    return out.set("class", priority.io_class).set("priority", priority.priority);
}

Json to_json(const ExecAffinity& affinity) {
    Json out = Json::object();
    if (!affinity.initial.empty()) out.set("initial", affinity.initial);
    if (!affinity.final.empty()) out.set("final", affinity.final);
    return out;
}

Json to_json(const MemoryPolicy& policy) {
    Json out;
    out.set("mode", policy.mode);
    if (!policy.nodes.empty()) out.set("nodes", policy.nodes);
    if (!policy.flags.empty()) out.set("flags", Json(policy.flags));
    return out;
}

Json to_json(const Personality& personality) {
    Json out;
    out.set("domain", personality.domain);
    if (!personality.flags.empty()) out.set("flags", Json(personality.flags));
    return out;
}

}  // namespace tare::oci
