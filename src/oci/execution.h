#pragma once

// What config.json says of how the kernel executes a process: its scheduler, I/O priority, CPUs, memory
// policy and execution domain. Source: runtime-spec 1.2 and 1.3, config.md ("process") and config-linux.md.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace tare::oci {

/// `process.scheduler`, as sched_setattr(2) takes it.
struct Scheduler {
    std::string policy;                ///< "SCHED_FIFO"
    std::optional<std::int32_t> nice;  ///< SCHED_OTHER and SCHED_BATCH
    std::int32_t priority = 0;         ///< SCHED_FIFO and SCHED_RR
    std::vector<std::string> flags;    ///< "SCHED_FLAG_RESET_ON_FORK"
    std::uint64_t runtime = 0;         ///< SCHED_DEADLINE; ns, here and below
    std::uint64_t deadline = 0;
    std::uint64_t period = 0;
};

/// `process.ioPriority`, as ioprio_set(2) takes it.
struct IoPriority {
    std::string io_class;       ///< "IOPRIO_CLASS_BE"
    std::int32_t priority = 0;  ///< 0 (first) to 7
};

/// `process.execCPUAffinity`: CPU lists of a process that joins ("" is unset).
struct ExecAffinity {
    std::string initial;  ///< while it joins the container's cgroup
    std::string final;    ///< afterwards
};

/// `linux.memoryPolicy`, as set_mempolicy(2) takes it.
struct MemoryPolicy {
    std::string mode;   ///< "MPOL_BIND"
    std::string nodes;  ///< a list, "0-3"
    std::vector<std::string> flags;
};

/// `linux.personality`.
struct Personality {
    std::string domain;  ///< "LINUX" or "LINUX32"
    std::vector<std::string> flags;
};

// Each reads its object, and refuses with invalid_argument and the field's path what the kernel or the spec
// would.
Result<Scheduler> parse_scheduler(const JsonView& view);
Result<IoPriority> parse_io_priority(const JsonView& view);
Result<ExecAffinity> parse_exec_affinity(const JsonView& view);
Result<MemoryPolicy> parse_memory_policy(const JsonView& view);
Result<Personality> parse_personality(const JsonView& view);

/// All that are known.
std::span<const std::string_view> memory_policy_modes();
std::span<const std::string_view> memory_policy_flags();

Json to_json(const Scheduler& scheduler);
Json to_json(const IoPriority& priority);
Json to_json(const ExecAffinity& affinity);
Json to_json(const MemoryPolicy& policy);
Json to_json(const Personality& personality);

}  // namespace tare::oci
