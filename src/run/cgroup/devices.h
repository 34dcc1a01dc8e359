#pragma once

// Which device nodes a container may use: device rules as v1 lines or as an eBPF program.
// The list starts from "deny all" whatever the first rule says (security rule R9); the last rule
// that matches decides.

#include <string>
#include <vector>

#include "oci/resources.h"
#include "posix/bpf.h"
#include "run/cgroup/cgroup.h"

namespace tare::cgroup {

/// Puts the rules in force: devices.deny and devices.allow on v1, a filter program on v2.
Result<> set_devices(const Cgroup& group, const std::vector<oci::DeviceRule>& rules);

/// "c 1:3 rwm", as devices.allow and devices.deny take it.
std::string device_line(const oci::DeviceRule& rule);

/// A BPF_PROG_TYPE_CGROUP_DEVICE program that returns 1 where the rules allow the access.
std::vector<posix::BpfInstruction> device_program(const std::vector<oci::DeviceRule>& rules);

}  // namespace tare::cgroup
