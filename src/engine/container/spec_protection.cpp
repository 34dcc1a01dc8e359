// What a container must not see or call: seccomp, masked and read-only paths (security rule R10).

#include "engine/container/spec_parts.h"
#include "oci/seccomp_profile.h"

namespace tare::container {

namespace {

Result<std::optional<oci::Seccomp>> seccomp_of(const SpecInput& input, const SecurityOptions& security,
                                               const Strings& capabilities) {
    const bool is_default = security.seccomp.empty() || security.seccomp == "builtin";
    if (security.seccomp == "unconfined") return std::optional<oci::Seccomp>();
    // A privileged container has a profile only if one was given.
    if (input.container.host_config.privileged && is_default) return std::optional<oci::Seccomp>();
    const oci::SeccompContext context{.architecture = input.host.architecture,
                                      .capabilities = capabilities,
                                      .kernel_release = input.host.kernel_release};
    const std::string_view profile = is_default ? oci::default_seccomp_profile() : security.seccomp;
    Json section = TRY_CONTEXT(oci::resolve_seccomp_profile(profile, context), "seccomp profile");
    return std::optional(TRY(oci::parse_seccomp(JsonView(section, "seccomp profile"))));
}

}  // namespace

Strings default_masked_paths(const HostFacts& host) {
    Strings paths = {"/proc/acpi",
                     "/proc/asound",
                     "/proc/interrupts",
                     "/proc/kcore",
                     "/proc/keys",
                     "/proc/latency_stats",
                     "/proc/sched_debug",
                     "/proc/scsi",
                     "/proc/timer_list",
                     "/proc/timer_stats",
                     "/sys/devices/virtual/powercap",
                     "/sys/firmware"};
    paths.insert(paths.end(), host.thermal_throttle_paths.begin(), host.thermal_throttle_paths.end());
    return paths;
}

Strings default_readonly_paths() {
    return {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};
}

Result<> add_protection(oci::RuntimeSpec& spec, const SpecInput& input, const SecurityOptions& security,
                        const Strings& capabilities) {
    const HostConfig& host_config = input.container.host_config;
    spec.linux_section.seccomp = TRY(seccomp_of(input, security, capabilities));
    if (host_config.privileged) {
        spec.linux_section.masked_paths = host_config.masked_paths.value_or(Strings());
        spec.linux_section.readonly_paths = host_config.readonly_paths.value_or(Strings());
    } else {
        spec.linux_section.masked_paths =
            host_config.masked_paths ? *host_config.masked_paths : default_masked_paths(input.host);
        spec.linux_section.readonly_paths =
            host_config.readonly_paths ? *host_config.readonly_paths : default_readonly_paths();
    }
    return {};
}

}  // namespace tare::container
