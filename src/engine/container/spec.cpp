#include "engine/container/spec.h"

#include "engine/container/capabilities.h"
#include "engine/container/spec_parts.h"
#include "posix/path.h"

namespace tare::container {

bool runs_init(const HostConfig& host_config) {
    return host_config.init.value_or(false) && host_config.pid_mode.empty();
}

Result<std::string> cgroup_path(const Container& container, const HostFacts& host) {
    const std::string& asked = container.host_config.resources.cgroup_parent;
    const std::string& parent = asked.empty() ? host.cgroup_parent : asked;
    for (std::string_view component : split(parent, '/'))
        if (component == "..")
            return fail(ErrorKind::invalid_argument, "cgroup parent ", quote(parent), " leads upwards");
    return posix::clean_path(cat("/", parent, "/", container.id));
}

Result<oci::RuntimeSpec> build_spec(const SpecInput& input) {
    const Container& container = input.container;
    const HostConfig& host_config = container.host_config;
    const SecurityOptions security = TRY(parse_security_options(host_config.security_options, input.host));

    oci::RuntimeSpec spec;
    spec.root_readonly = host_config.readonly_rootfs;
    spec.annotations = host_config.annotations;
    spec.process = TRY(build_process(input, security));
    TRY(add_namespaces(spec, input));
    TRY(add_mounts(spec, input, security));
    TRY(add_protection(spec, input, security, spec.process->capabilities->bounding));
    TRY(add_sysctls(spec, host_config));
    spec.linux_section.resources = TRY(build_resources(host_config, input.host));
    TRY(add_devices(spec, host_config));
    spec.linux_section.cgroups_path = TRY(cgroup_path(container, input.host));
    return spec;
}

}  // namespace tare::container
