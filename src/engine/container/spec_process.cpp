// What runs in the container, as whom and with which limits.

#include <algorithm>

#include "engine/container/apparmor.h"
#include "engine/container/capabilities.h"
#include "engine/container/spec_parts.h"
#include "engine/container/user.h"
#include "posix/credentials.h"
#include "posix/path.h"

namespace tare::container {

namespace {

constexpr std::string_view kDefaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::string_view name_of(std::string_view variable) {
    return variable.substr(0, variable.find('='));
}

// Later variables take the place of earlier ones; a name without '=' takes the variable away.
void override_env(Strings& env, const Strings& overrides) {
    for (const std::string& variable : overrides) {
        auto same = [&](const std::string& other) { return name_of(other) == name_of(variable); };
        auto present = std::ranges::find_if(env, same);
        if (variable.find('=') == std::string::npos) {
            std::erase_if(env, same);
        } else if (present != env.end()) {
            *present = variable;
        } else {
            env.push_back(variable);
        }
    }
}

std::string apparmor_label(const SecurityOptions& security, const HostConfig& host_config,
                           const HostFacts& host) {
    std::string profile = apparmor_profile_of(security.apparmor, host_config.privileged, host);
    return profile == "unconfined" ? "" : profile;
}

std::uint64_t limit_of(std::int64_t value) {
    return value < 0 ? UINT64_MAX : static_cast<std::uint64_t>(value);
}

Result<std::vector<oci::Rlimit>> rlimits_of(const std::vector<Ulimit>& ulimits) {
    std::vector<oci::Rlimit> rlimits;
    for (const Ulimit& ulimit : ulimits) {
        std::string type = "RLIMIT_";
        for (char c : ulimit.name)
            type += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        if (!posix::rlimit_number(type))
            return fail(ErrorKind::invalid_argument, "invalid ulimit type: ", ulimit.name);
        rlimits.push_back({.type = type, .soft = limit_of(ulimit.soft), .hard = limit_of(ulimit.hard)});
    }
    return rlimits;
}

std::optional<oci::ConsoleSize> console_size(
    const std::optional<std::pair<std::uint16_t, std::uint16_t>>& size, bool tty) {
    if (!tty || !size) return std::nullopt;
    return oci::ConsoleSize{.height = size->first, .width = size->second};
}

}  // namespace

Strings build_env(const Container& container, const Strings& extra, bool tty) {
    Strings env{std::string(kDefaultPath)};
    if (!container.config.hostname.empty()) env.push_back(cat("HOSTNAME=", container.config.hostname));
    if (tty) env.push_back("TERM=xterm");
    env.insert(env.end(), extra.begin(), extra.end());
    override_env(env, container.config.env);
    return env;
}

Result<oci::Process> build_process(const SpecInput& input, const SecurityOptions& security) {
    const Config& config = input.container.config;
    const HostConfig& host_config = input.container.host_config;
    oci::Process process;
    process.terminal = config.tty;
    process.console_size = console_size(host_config.console_size, config.tty);
    process.args = input.container.arguments();
    if (process.args.empty()) return fail(ErrorKind::invalid_argument, "no command specified");
    if (runs_init(host_config))
        process.args.insert(process.args.begin(), {std::string(kInitInContainer), "--"});
    process.env = build_env(input.container, input.extra_env, config.tty);
    process.cwd = posix::clean_path(config.working_directory);
    process.user = TRY(resolve_user(input.root, config.user, host_config.group_add));
    process.rlimits = TRY(rlimits_of(host_config.resources.ulimits));
    process.no_new_privileges = security.no_new_privileges;
    process.apparmor_profile = apparmor_label(security, host_config, input.host);
    process.oom_score_adj = host_config.oom_score_adj;
    process.capabilities =
        capability_sets(TRY(capabilities_for(host_config.cap_add, host_config.cap_drop,
                                             host_config.privileged, input.host.capabilities)),
                        process.user.uid);
    return process;
}

Result<oci::Process> build_exec_process(const Container& container, const ExecRequest& request, int root,
                                        const HostFacts& host) {
    const HostConfig& host_config = container.host_config;
    const SecurityOptions security = TRY(parse_security_options(host_config.security_options, host));
    if (request.command.empty()) return fail(ErrorKind::invalid_argument, "No exec command specified");
    oci::Process process;
    process.terminal = request.tty;
    process.console_size = console_size(request.console_size, request.tty);
    process.args = request.command;
    process.env = build_env(container, request.extra_env, request.tty);
    override_env(process.env, request.env);
    process.cwd = posix::clean_path(request.working_directory.empty() ? container.config.working_directory
                                                                      : request.working_directory);
    // An exec as somebody else has that one's groups; those that were added are the container's.
    process.user = TRY(resolve_user(root, request.user.empty() ? container.config.user : request.user,
                                    host_config.group_add));
    process.rlimits = TRY(rlimits_of(host_config.resources.ulimits));
    process.no_new_privileges = security.no_new_privileges;
    // As in Docker a privileged exec changes nothing about it.
    process.apparmor_profile = apparmor_label(security, host_config, host);
    process.oom_score_adj = host_config.oom_score_adj;
    process.capabilities = capability_sets(
        TRY(capabilities_for(host_config.cap_add, host_config.cap_drop,
                             host_config.privileged || request.privileged, host.capabilities)),
        process.user.uid);
    return process;
}

}  // namespace tare::container
