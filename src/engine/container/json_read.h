#pragma once

// Shapes that several of Docker's documents share, read by name.

#include <span>

#include "base/time.h"
#include "engine/container/host_config.h"

namespace tare::container {

/// A list of strings or one string, which is a list of one; absent or null is nothing.
Result<std::optional<Strings>> read_string_or_list(const JsonView& view, std::string_view key);
/// A list of strings; absent or null is nothing.
Result<std::optional<Strings>> read_optional_list(const JsonView& view, std::string_view key);
/// The keys of an object whose values say nothing ("ExposedPorts", "Volumes").
Result<Strings> read_set(const JsonView& view, std::string_view key);
/// A duration in nanoseconds.
Result<std::chrono::nanoseconds> read_duration(const JsonView& view, std::string_view key);
/// A time in RFC 3339; absent, null, "" and Go's zero time are nothing.
Result<std::optional<Time>> read_time(const JsonView& view, std::string_view key);
/// Ports and their bindings; a port with null has none.
Result<PortMap> read_port_map(const JsonView& view, std::string_view key);
/// The members of an object that are not among `known`.
Json read_unknown(const JsonView& view, std::span<const std::string_view> known);

/// Adds members to an object, those of `unknown` last.
void add_unknown(Json& document, const Json& unknown);
/// {"key": {}} for each.
Json set_json(const Strings& keys);
/// The list, or null if it is empty: how Docker writes lists that nobody gave.
Json list_or_null(const Strings& list);

}  // namespace tare::container
