// What a request may not say, in Docker's words.

#include <algorithm>
#include <array>

#include "engine/container/check_parts.h"
#include "engine/container/security_options.h"
#include "engine/container/tmpfs_options.h"
#include "engine/container/validate.h"
#include "posix/process.h"

namespace tare::container {

namespace {

template <class... Parts>
Error invalid(const Parts&... parts) {
    return fail(ErrorKind::invalid_argument, parts...);
}

// What ends up in /etc/hosts, /etc/hostname and prompts (security rule R11): the kernel's length, and
// nothing but what host names are made of.
Result<> check_hostname(std::string_view name, std::size_t limit) {
    auto is_allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
               c == '.' || c == '_';
    };
    if (name.size() > limit || !std::ranges::all_of(name, is_allowed))
        return invalid("invalid hostname format: ", quote(name));
    return {};
}

Result<> check_health(const Healthcheck& check) {
    using std::chrono::milliseconds;
    auto at_least = [](std::chrono::nanoseconds value, std::string_view name) -> Result<> {
        if (value.count() == 0 || value >= milliseconds(1)) return {};
        return invalid(name, " in Healthcheck cannot be less than 1ms");
    };
    TRY(at_least(check.interval, "Interval"));
    TRY(at_least(check.timeout, "Timeout"));
    TRY(at_least(check.start_period, "StartPeriod"));
    TRY(at_least(check.start_interval, "StartInterval"));
    if (check.retries < 0) return invalid("Retries in Healthcheck cannot be negative");
    if (check.test.empty() || check.test[0] == "NONE") return {};
    if (check.test[0] != "CMD" && check.test[0] != "CMD-SHELL")
        return invalid("Unknown healthcheck type ", quote(check.test[0]), " (expected 'CMD')");
    if (check.test.size() < 2) return invalid("Healthcheck without a command");
    return {};
}

Result<> check_config(const Config& config) {
    const bool has_command =
        (config.entrypoint && !config.entrypoint->empty()) || (config.command && !config.command->empty());
    if (!has_command) return invalid("no command specified");
    TRY(check_hostname(config.hostname, 64));
    TRY(check_hostname(config.domainname, 64));
    for (const std::string& variable : config.env)
        if (variable.empty() || variable[0] == '=' || variable.find('\0') != std::string::npos)
            return invalid("invalid environment variable: ", variable);
    if (!config.stop_signal.empty() && !posix::parse_signal(config.stop_signal))
        return invalid("Invalid signal: ", config.stop_signal);
    if (config.healthcheck) TRY(check_health(*config.healthcheck));
    for (const std::string& port : config.exposed_ports)
        TRY(check_port(port));
    return {};
}

Result<> check_bindings(const HostConfig& host_config) {
    for (const auto& [port, bindings] : host_config.port_bindings) {
        TRY(check_port(port));
        for (const PortBinding& binding : bindings)
            TRY(check_host_port(binding.host_port));
    }
    return {};
}

// A container in another's or the host's namespace cannot have that namespace's things of its own.
Result<> check_conflicts(const Config& config, const HostConfig& host_config) {
    auto conflict = [](std::string_view what) { return invalid("conflicting options: ", what); };
    if (!host_config.links.empty() && host_config.network_mode == "host")
        return conflict(
            "host type networking can't be used with links. This would result in undefined behavior");
    if (!container_of_mode(host_config.network_mode)) return {};
    if (!config.hostname.empty()) return conflict("hostname and the network mode");
    if (!host_config.links.empty())
        return conflict(
            "container type network can't be used with links. This would result in undefined behavior");
    if (!host_config.dns.empty()) return conflict("dns and the network mode");
    if (!host_config.extra_hosts.empty()) return conflict("custom host-to-IP mapping and the network mode");
    if (!host_config.port_bindings.empty() || host_config.publish_all_ports)
        return conflict("port publishing and the container type network mode");
    if (!config.mac_address.empty()) return conflict("mac-address and the network mode");
    return {};
}

Result<> check_mode(std::string_view mode, std::initializer_list<std::string_view> known, bool may_join,
                    std::string_view what) {
    if (std::ranges::find(known, mode) != known.end()) return {};
    auto other = container_of_mode(mode);
    if (may_join && other && !other->empty()) return {};
    return invalid("invalid ", what, " mode: ", mode);
}

// dockerd passes over members that it does not know. They have no effect here either, which is told.
void tell_unknown(const Json& unknown, Strings& warnings) {
    const Json::Object* members = unknown.as_object();
    if (!members) return;
    for (const auto& [name, value] : *members) {
        const std::string text = dump(value);
        const bool says_nothing = text == "null" || text == "false" || text == "0" || text == "\"\"" ||
                                  text == "[]" || text == "{}";
        if (!says_nothing)
            warnings.push_back(cat("HostConfig.", name, " is not known here and has no effect."));
    }
}

Result<> check_modes(const HostConfig& host_config, const HostFacts& host) {
    TRY(check_mode(host_config.ipc_mode, {"none", "private", "shareable", "host"}, true, "IPC"));
    TRY(check_mode(host_config.pid_mode, {"", "host"}, true, "PID"));
    TRY(check_mode(host_config.uts_mode, {"", "host"}, false, "UTS"));
    TRY(check_mode(host_config.userns_mode, {"", "host"}, false, "USER"));
    TRY(check_mode(host_config.cgroupns_mode, {"private", "host"}, false, "cgroup namespace"));
    if (auto other = container_of_mode(host_config.network_mode); other && other->empty())
        return invalid("invalid container format container:<name|id>");
    if (host_config.privileged && !host.is_cgroup_v2 && host_config.cgroupns_mode == "private")
        return invalid(
            "privileged mode is incompatible with private cgroup namespace on cgroup v1 host.  You ",
            "must run the container in the host cgroup namespace when running privileged mode");
    if (!host_config.cgroup.empty())
        return fail(ErrorKind::unimplemented,
                    "joining the cgroup of another container is not served: ", host_config.cgroup);
    if (!host_config.isolation.empty() && host_config.isolation != "default")
        return invalid("invalid isolation '", host_config.isolation, "' on linux");
    return {};
}

Result<> check_log(const LogConfig& log) {
    constexpr auto kOptions =
        std::to_array<std::string_view>({"max-file", "max-size", "compress", "labels", "labels-regex", "env",
                                         "env-regex", "tag", "mode", "max-buffer-size"});
    if (log.type != "json-file" && log.type != "local" && log.type != "none")
        return invalid("error looking up logging plugin ", log.type, ": plugin ", quote(log.type),
                       " not found");
    for (const auto& [name, value] : log.config)
        if (std::ranges::find(kOptions, name) == kOptions.end())
            return invalid("unknown log opt '", name, "' for ", log.type, " log driver");
    return {};
}

Result<> check_storage(const HostConfig& host_config) {
    if (host_config.shm_size_bytes < 0) return invalid("SHM size can not be less than 0");
    if (!host_config.storage_options.empty())
        return invalid("--storage-opt is not supported by this snapshotter");
    for (const auto& [path, options] : host_config.tmpfs) {
        if (!path.starts_with('/'))
            return invalid("invalid mount path: '", path, "' mount path must be absolute");
        Strings list;
        for (std::string_view option : split(options, ','))
            list.emplace_back(option);
        TRY(merge_tmpfs_options(list));
    }
    return {};
}

}  // namespace

Result<> check_restart_policy(const RestartPolicy& policy, bool auto_remove) {
    const std::string& name = policy.name;
    if (policy.maximum_retry_count < 0)
        return invalid("invalid restart policy: maximum retry count cannot be negative");
    if (policy.is_none() || name == "always" || name == "unless-stopped") {
        if (policy.maximum_retry_count != 0)
            return invalid("invalid restart policy: maximum retry count can only be used with 'on-failure'");
    } else if (name != "on-failure") {
        return invalid("invalid restart policy: unknown policy '", name,
                       "'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'");
    }
    if (auto_remove && !policy.is_none())
        return invalid("can't create 'AutoRemove' container with restart policy");
    return {};
}

Result<Strings> check(const Config& config, HostConfig& host_config, const HostFacts& host) {
    Strings warnings;
    TRY(check_config(config));
    TRY(check_modes(host_config, host));
    TRY(check_conflicts(config, host_config));
    TRY(check_bindings(host_config));
    TRY(check_limits(host_config.resources, host, warnings));
    TRY(check_devices(host_config.resources));
    TRY(check_log(host_config.log));
    TRY(check_storage(host_config));
    TRY(check_restart_policy(host_config.restart_policy, host_config.auto_remove));
    TRY(parse_security_options(host_config.security_options, host));
    if (host_config.oom_score_adj < -1000 || host_config.oom_score_adj > 1000)
        return invalid("Invalid value ", host_config.oom_score_adj,
                       ", range for oom score adj is [-1000, 1000]");
    if (std::ranges::find(host.runtimes, host_config.runtime) == host.runtimes.end())
        return invalid("unknown or invalid runtime name: ", host_config.runtime);
    if (host_config.network_mode == "host" && !host_config.port_bindings.empty())
        warnings.push_back("Published ports are discarded when using host network mode");
    tell_unknown(host_config.unknown, warnings);
    if (host_config.network_mode == "none" && !host_config.links.empty())
        warnings.push_back("Links are discarded when using none network mode");
    return warnings;
}

}  // namespace tare::container
