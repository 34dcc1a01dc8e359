#pragma once

// `key=value` options, the files that hold them, and the lists that come out.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace tare::cli {

/// Looks up a variable of the environment; nothing if it is not set.
using EnvironmentLookup = std::function<std::optional<std::string>(std::string_view)>;
/// The lookup in this process's environment.
std::optional<std::string> environment(std::string_view name);

/// The lines of an --env-file or --label-file as `key=value` (or a bare `key`): '#' comments and
/// empty lines are skipped, white space in front goes, no quotes. A bare key takes its value from
/// `lookup`, and is left out where that has none; without lookup it stays bare. invalid_argument
/// names the file and line on a bad key or text that is not UTF-8.
Result<std::vector<std::string>> parse_key_value_lines(std::string_view text, std::string_view what,
                                                       const EnvironmentLookup& lookup);
/// The same for files, one after another; the message of a missing file is as docker's ("open x: …").
Result<std::vector<std::string>> read_key_value_files(const std::vector<std::string>& paths,
                                                      const EnvironmentLookup& lookup);

/// `-e`: "KEY=value" stays, "KEY" becomes "KEY=value" where the environment has it and stays bare
/// otherwise. invalid_argument for an empty key.
Result<std::string> resolve_environment_option(std::string_view option, const EnvironmentLookup& lookup);

/// {"key": "value", …}; a bare key gets "", a later key wins.
Json key_value_object(const std::vector<std::string>& options);

/// Rows of comma separated fields as in CSV: `a,"b,c",d`.
Result<std::vector<std::string>> split_csv(std::string_view text);

/// `--filter key=value` options as the API's `filters` parameter: {"key": {"value": true}}; "" for none.
/// invalid_argument for text without '='.
Result<std::string> filters_parameter(const std::vector<std::string>& filters);

}  // namespace tare::cli
