#pragma once

// The parts of check() that have a file of their own.

#include "engine/container/host_config.h"
#include "engine/container/host_facts.h"

namespace tare::container {

/// Limits that contradict each other or ask for more than there is. What the machine cannot do is
/// dropped and told in `warnings`.
Result<> check_limits(ResourceLimits& limits, const HostFacts& host, Strings& warnings);
/// Permissions, cgroup rules, and requests to device drivers, of which there are none.
Result<> check_devices(const ResourceLimits& limits);

/// "80/tcp"; a range ("8000-8010/udp") where `exposed` ports may be one.
Result<> check_port(std::string_view port);
/// "8080", "8000-8010" or "".
Result<> check_host_port(std::string_view port);

}  // namespace tare::container
