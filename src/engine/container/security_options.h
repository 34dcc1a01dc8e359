#pragma once

// HostConfig.SecurityOpt as values.

#include "engine/container/config.h"
#include "engine/container/host_facts.h"

namespace tare::container {

struct SecurityOptions {
    bool no_new_privileges = false;
    bool writable_cgroups = false;
    /// "" or "builtin": Docker's default; "unconfined"; else a profile's JSON.
    std::string seccomp;
    std::string apparmor;  ///< as asked for; "" is the default
    bool is_label_disabled = false;
};

/// invalid_argument in Docker's words for an option that is none; for an AppArmor profile or an SELinux
/// label on a host that could not apply it (security rule R7: asked for is applied or refused). Labels on
/// a host without SELinux mean nothing and are passed over, as Docker does.
Result<SecurityOptions> parse_security_options(const Strings& options, const HostFacts& host);

}  // namespace tare::container
