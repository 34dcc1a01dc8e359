#pragma once

// What a container uses, as runc's `events` prints it.

#include "base/json.h"
#include "run/cgroup/stats.h"

namespace tare::runtime {

/// The `data` of an event of type "stats": bytes and nanoseconds; members that are zero are left out where
/// runc leaves them out.
Json stats_document(const cgroup::Stats& stats);

}  // namespace tare::runtime
