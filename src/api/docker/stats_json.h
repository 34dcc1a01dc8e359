#pragma once

#include <optional>

#include "base/json.h"
#include "engine/supervisor/stats.h"

namespace tare::docker {

/// One line of GET /containers/{id}/stats. `previous` is the reading before this one, from which clients
/// compute rates; of a machine with so much memory.
Json stats_document(const supervisor::Stats& stats, const std::optional<supervisor::Stats>& previous,
                    std::uint64_t machine_memory_bytes);

}  // namespace tare::docker
