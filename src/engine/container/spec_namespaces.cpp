// Which namespaces are the container's own, and the kernel knobs that this allows.

#include <algorithm>
#include <array>

#include "engine/container/spec_parts.h"

namespace tare::container {

namespace {

using oci::NamespaceKind;

Result<> join(oci::RuntimeSpec& spec, NamespaceKind kind, const std::string& path, std::string_view mode) {
    if (path.empty())
        return fail(ErrorKind::internal, oci::to_string(kind), " mode ", quote(mode),
                    ": the other container's namespace was not given");
    spec.linux_section.namespaces.push_back({.kind = kind, .path = path});
    return {};
}

// host: none of its own; container:ID: that one's; else a new one.
Result<> add_one(oci::RuntimeSpec& spec, NamespaceKind kind, const std::string& mode,
                 const std::string& other) {
    if (mode == "host") return {};
    if (container_of_mode(mode)) return join(spec, kind, other, mode);
    spec.linux_section.namespaces.push_back({.kind = kind, .path = {}});
    return {};
}

bool is_ipc_parameter(std::string_view name) {
    constexpr auto kNames = std::to_array<std::string_view>(
        {"kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.shmall", "kernel.shmmax",
         "kernel.shmmni", "kernel.shm_rmid_forced"});
    return std::ranges::find(kNames, name) != kNames.end() || name.starts_with("fs.mqueue.");
}

Result<> check_sysctl(const std::string& name, const HostConfig& host_config) {
    auto needs = [&](bool has_own, std::string_view what) -> Result<> {
        if (has_own) return {};
        return fail(ErrorKind::invalid_argument, "sysctl ", quote(name), " is not allowed in the host's ",
                    what, " namespace");
    };
    if (is_ipc_parameter(name)) return needs(host_config.ipc_mode != "host", "ipc");
    if (name.starts_with("net.")) return needs(host_config.network_mode != "host", "network");
    if (name == "kernel.domainname" || name == "kernel.hostname")
        return needs(host_config.uts_mode != "host", "uts");
    return fail(ErrorKind::invalid_argument, "sysctl ", quote(name),
                " is not in a separate kernel namespace");
}

bool has_own_network(const HostConfig& host_config) {
    return host_config.network_mode != "host" && !container_of_mode(host_config.network_mode);
}

}  // namespace

Result<> add_namespaces(oci::RuntimeSpec& spec, const SpecInput& input) {
    const Config& config = input.container.config;
    const HostConfig& host_config = input.container.host_config;
    auto& namespaces = spec.linux_section.namespaces;
    namespaces.push_back({.kind = NamespaceKind::mount, .path = {}});
    if (!input.network_namespace.empty()) {
        namespaces.push_back({.kind = NamespaceKind::network, .path = input.network_namespace});
    } else if (host_config.network_mode != "host" && !container_of_mode(host_config.network_mode)) {
        // A container:ID without a namespace is one that shares the host's.
        namespaces.push_back({.kind = NamespaceKind::network, .path = {}});
    }
    TRY(add_one(spec, NamespaceKind::uts, host_config.uts_mode, ""));
    TRY(add_one(spec, NamespaceKind::pid, host_config.pid_mode, input.pid_namespace));
    TRY(add_one(spec, NamespaceKind::ipc, host_config.ipc_mode, input.ipc_namespace));
    TRY(add_one(spec, NamespaceKind::cgroup, host_config.cgroupns_mode, ""));
    if (host_config.uts_mode != "host") {
        spec.hostname = config.hostname;
        spec.domainname = config.domainname;
    }
    return {};
}

Result<> add_sysctls(oci::RuntimeSpec& spec, const HostConfig& host_config) {
    StringMap& sysctls = spec.linux_section.sysctl;
    // A container's own network has no ports that belong to the host's root, and ping needs no privilege.
    if (has_own_network(host_config)) {
        sysctls.emplace_back("net.ipv4.ip_unprivileged_port_start", "0");
        sysctls.emplace_back("net.ipv4.ping_group_range", "0 2147483647");
    }
    for (const auto& [name, value] : host_config.sysctls) {
        // "net/ipv4/ip_forward" names the same as "net.ipv4.ip_forward".
        const std::string dotted = replace_all(name, "/", ".");
        TRY(check_sysctl(dotted, host_config));
        std::erase_if(sysctls, [&](const auto& entry) { return entry.first == dotted; });
        sysctls.emplace_back(name, value);
    }
    return {};
}

}  // namespace tare::container
