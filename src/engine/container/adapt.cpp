// What a request leaves open, filled by Docker's rules.

#include <algorithm>

#include "engine/container/capabilities.h"
#include "engine/container/spec_parts.h"
#include "engine/container/validate.h"
#include "posix/path.h"

namespace tare::container {

namespace {

constexpr std::int64_t kDefaultShmBytes = 64LL << 20;

void fill(std::string& field, std::string_view value) {
    if (field.empty()) field = value;
}

void adapt_namespaces(HostConfig& host_config, const HostFacts& host) {
    if (host_config.network_mode.empty() || host_config.network_mode == "default")
        host_config.network_mode = "bridge";
    fill(host_config.ipc_mode, "private");
    // On v1 the hierarchies' files below a private namespace would mislead what reads /proc/self/cgroup.
    fill(host_config.cgroupns_mode, host.is_cgroup_v2 ? "private" : "host");
    for (std::string* mode : {&host_config.pid_mode, &host_config.uts_mode, &host_config.userns_mode})
        if (*mode == "private") mode->clear();
}

void adapt_hostname(Config& config, const HostConfig& host_config, const std::string& id,
                    const HostFacts& host) {
    // A container in another's network takes that one's name when it starts.
    if (container_of_mode(host_config.network_mode)) return;
    const bool is_hosts = host_config.network_mode == "host" || host_config.uts_mode == "host";
    fill(config.hostname, is_hosts ? std::string_view(host.hostname) : std::string_view(id).substr(0, 12));
}

void adapt_resources(ResourceLimits& limits, const HostFacts& host) {
    // Twice the memory, so that a limit of memory limits swap too.
    if (limits.memory_bytes > 0 && limits.memory_swap_bytes == 0 && host.has_swap_limit)
        limits.memory_swap_bytes = limits.memory_bytes > INT64_MAX / 2 ? -1 : limits.memory_bytes * 2;
    if (limits.memory_swappiness == -1) limits.memory_swappiness.reset();
    if (limits.pids_limit && *limits.pids_limit <= 0) limits.pids_limit.reset();
    if (host.is_cgroup_v2) {
        // `true` stays for check(), which warns of it.
        if (!limits.oom_kill_disable.value_or(false)) limits.oom_kill_disable.reset();
    } else if (!limits.oom_kill_disable) {
        limits.oom_kill_disable = false;
    }
}

// "80" is "80/tcp".
void normalize_ports(Config& config, HostConfig& host_config) {
    auto normalize = [](std::string& port) {
        if (port.find('/') == std::string::npos) port += "/tcp";
        port = to_lower(port);
    };
    std::ranges::for_each(config.exposed_ports, normalize);
    for (auto& [port, bindings] : host_config.port_bindings) {
        normalize(port);
        // What is published is exposed.
        if (std::ranges::find(config.exposed_ports, port) == config.exposed_ports.end())
            config.exposed_ports.push_back(port);
        if (bindings.empty()) bindings.emplace_back();
    }
}

}  // namespace

Result<> adapt(Config& config, HostConfig& host_config, const std::string& id, const HostFacts& host) {
    adapt_namespaces(host_config, host);
    adapt_hostname(config, host_config, id, host);
    adapt_resources(host_config.resources, host);
    normalize_ports(config, host_config);
    fill(host_config.log.type, "json-file");
    fill(host_config.restart_policy.name, "no");
    fill(host_config.runtime, host.default_runtime);
    if (host_config.shm_size_bytes == 0) host_config.shm_size_bytes = kDefaultShmBytes;
    if (!host_config.privileged) {
        if (!host_config.masked_paths) host_config.masked_paths = default_masked_paths(host);
        if (!host_config.readonly_paths) host_config.readonly_paths = default_readonly_paths();
    }
    host_config.cap_add = TRY_CONTEXT(normalize_capabilities(host_config.cap_add), "invalid CapAdd");
    host_config.cap_drop = TRY_CONTEXT(normalize_capabilities(host_config.cap_drop), "invalid CapDrop");
    std::string& directory = config.working_directory;
    if (!directory.empty() && directory[0] != '/')
        return fail(ErrorKind::invalid_argument, "the working directory '", directory,
                    "' is invalid, it needs to be an absolute path");
    if (!directory.empty()) directory = posix::clean_path(directory);
    return {};
}

}  // namespace tare::container
