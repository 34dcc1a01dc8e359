#include "engine/container/security_options.h"

namespace tare::container {

namespace {

// Go's strconv.ParseBool.
std::optional<bool> parse_bool(std::string_view text) {
    for (std::string_view yes : {"1", "t", "T", "TRUE", "true", "True"})
        if (text == yes) return true;
    for (std::string_view no : {"0", "f", "F", "FALSE", "false", "False"})
        if (text == no) return false;
    return std::nullopt;
}

Result<bool> flag_of(std::string_view value, std::string_view option) {
    if (auto flag = parse_bool(value)) return *flag;
    return fail(ErrorKind::invalid_argument, "invalid --security-opt 2: ", quote(option));
}

Result<> apply_label(SecurityOptions& options, std::string_view value, const HostFacts& host) {
    if (value == "disable") {
        options.is_label_disabled = true;
        return {};
    }
    if (!host.has_selinux)
        return fail(ErrorKind::invalid_argument, "SELinux is not enabled on this host, but the label ",
                    quote(value), " was asked for");
    return fail(ErrorKind::unimplemented, "label=", value, ": SELinux labels cannot be set")
        .set_hint("label=disable runs the container without one");
}

Result<> apply_apparmor(SecurityOptions& options, std::string_view value, const HostFacts& host) {
    if (value != "unconfined" && !value.empty() && !host.has_apparmor)
        return fail(ErrorKind::invalid_argument, "AppArmor is not enabled on this host, but the profile ",
                    quote(value), " was asked for");
    options.apparmor = value;
    return {};
}

}  // namespace

Result<SecurityOptions> parse_security_options(const Strings& options, const HostFacts& host) {
    SecurityOptions parsed;
    for (const std::string& option : options) {
        if (option == "no-new-privileges") {
            parsed.no_new_privileges = true;
            continue;
        }
        if (option == "disable") continue;
        Cut parts = cut(option, '=');
        if (!parts.after) parts = cut(option, ':');
        if (!parts.after)
            return fail(ErrorKind::invalid_argument, "invalid --security-opt 1: ", quote(option));
        const std::string_view value = *parts.after;
        if (parts.before == "label") {
            TRY(apply_label(parsed, value, host));
        } else if (parts.before == "apparmor") {
            TRY(apply_apparmor(parsed, value, host));
        } else if (parts.before == "seccomp") {
            parsed.seccomp = value;
        } else if (parts.before == "no-new-privileges") {
            parsed.no_new_privileges = TRY(flag_of(value, option));
        } else if (parts.before == "writable-cgroups") {
            parsed.writable_cgroups = TRY(flag_of(value, option));
        } else {
            return fail(ErrorKind::invalid_argument, "invalid --security-opt 2: ", quote(option));
        }
    }
    return parsed;
}

}  // namespace tare::container
