#pragma once

#include "oci/runtime_spec.h"
#include "run/runtime/container.h"

namespace tare::runtime {

/// Makes the process's user the owner of its standard streams, so that it may open /dev/stdout and
/// /proc/self/fd/1 again (nginx logs there). The null device stays as it is, and so does whatever cannot have
/// another owner. `mappings` are those of the container's user namespace, if it has one.
void give_stdio(const Stdio& stdio, std::uint32_t uid, const std::vector<oci::IdMapping>& mappings);

}  // namespace tare::runtime
