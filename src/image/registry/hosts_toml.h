#pragma once

// containerd's hosts.toml: its docs/hosts.md is the format.

#include <string>
#include <string_view>
#include <vector>

#include "image/registry/hosts.h"

namespace tare::registry {

/// Reads a hosts.toml (≤ 1 MiB, ≤ 64 hosts) that stands in `directory`; relative file names in it are
/// of there. `upstream` is the registry where the file names no `server`. The result is in order of
/// preference, the server last. invalid_argument names the key and line.
Result<std::vector<Endpoint>> parse_hosts_toml(std::string_view text, const std::string& directory,
                                               const http::Url& upstream);

}  // namespace tare::registry
