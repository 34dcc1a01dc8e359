#pragma once

// The parts that build_spec is made of, a file each. Each fills its own members of the spec.

#include "engine/container/security_options.h"
#include "engine/container/spec.h"

namespace tare::container {

inline constexpr std::string_view kInitInContainer = "/sbin/docker-init";

/// Whether tare's init runs as process 1 and the command as its child.
bool runs_init(const HostConfig& host_config);

/// Arguments, environment, directory, user, limits.
Result<oci::Process> build_process(const SpecInput& input, const SecurityOptions& security);
/// PATH, HOSTNAME and TERM, then the daemon's and the client's variables; "NAME" alone takes one away.
Strings build_env(const Container& container, const Strings& extra, bool tty);

Result<> add_namespaces(oci::RuntimeSpec& spec, const SpecInput& input);
/// Default mounts, the files below /etc, init, then mount points and tmpfs by depth.
Result<> add_mounts(oci::RuntimeSpec& spec, const SpecInput& input, const SecurityOptions& security);
/// Devices and their cgroup rules.
Result<> add_devices(oci::RuntimeSpec& spec, const HostConfig& host_config);
/// "c 13:* rwm"; invalid_argument in Docker's words.
Result<oci::DeviceRule> parse_device_rule(std::string_view text);
/// Seccomp, masked and read-only paths.
Result<> add_protection(oci::RuntimeSpec& spec, const SpecInput& input, const SecurityOptions& security,
                        const Strings& capabilities);
/// Docker's lists, for containers that were given none.
Strings default_masked_paths(const HostFacts& host);
Strings default_readonly_paths();
/// Namespaced kernel parameters (security rule R9).
Result<> add_sysctls(oci::RuntimeSpec& spec, const HostConfig& host_config);
/// "/tare/ID" below the parent that was asked for.
Result<std::string> cgroup_path(const Container& container, const HostFacts& host);

}  // namespace tare::container
