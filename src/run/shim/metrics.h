#pragma once

#include "run/cgroup/stats.h"
#include "run/task/metrics.h"
#include "run/task/types.h"

namespace tare::shim {

/// io.containerd.cgroups.v1.Metrics or v2.Metrics, by the machine's layout.
shimv2::Any metrics_of(const cgroup::Stats& stats, std::uint64_t oom_kills);

}  // namespace tare::shim
