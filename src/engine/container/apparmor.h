#pragma once

// The AppArmor profile that containers get when none is named: what Docker's does, under tare's name.

#include <string>
#include <string_view>

#include "base/result.h"
#include "engine/container/host_facts.h"

namespace tare::container {

inline constexpr std::string_view kDefaultAppArmorProfile = "tare-default";

/// Compiles that profile with /sbin/apparmor_parser (Debian's package apparmor) and loads it, in place of an
/// older one. The kernel keeps it until it is unloaded or the machine stops; processes under the older one
/// go over to it. unavailable, with the parser's words, if that fails; not_found if there is no parser.
Result<> load_default_apparmor_profile();

/// What a container is confined by: the profile that was asked for, else "unconfined" if it is privileged,
/// else the host's default ("" if it has none). "" on a host without AppArmor.
std::string apparmor_profile_of(std::string_view asked_for, bool is_privileged, const HostFacts& host);

}  // namespace tare::container
