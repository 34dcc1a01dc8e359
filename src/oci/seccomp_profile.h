#pragma once

// The default seccomp profile, as a rule book that depends on the container, and what it says for
// one container: the `linux.seccomp` section of its config.json.
//
// The data (seccomp_default.json) is Docker's default profile. A user's profile, given with
// `--security-opt seccomp=FILE`, has the same form.

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace tare::oci {

/// What the conditions of a profile (`includes`, `excludes`, `archMap`) ask about a container.
struct SeccompContext {
    /// Go's name of the machine: amd64, arm64, …
    std::string architecture;
    /// The container's bounding set: CAP_SYS_ADMIN, …
    std::vector<std::string> capabilities;
    /// Kernel release, "6.1.0-18-amd64".
    std::string kernel_release;
};

/// Docker's default profile as text.
std::string_view default_seccomp_profile();

/// The `linux.seccomp` section that `profile` means for this container: conditional rules are kept
/// or dropped, the architectures are those of the machine. A profile that already is such a section
/// (with `architectures`) passes unchanged. invalid_argument with the field on a malformed profile.
Result<Json> resolve_seccomp_profile(std::string_view profile, const SeccompContext& context);

}  // namespace tare::oci
