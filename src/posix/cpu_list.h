#pragma once

// Lists of CPUs and memory nodes: "0-3,7".

#include <optional>
#include <set>
#include <string_view>

namespace tare::posix {

/// The numbers of a list; nothing if it is malformed or names a number beyond 8191. "" is the empty set.
std::optional<std::set<unsigned>> parse_cpu_list(std::string_view list);

}  // namespace tare::posix
