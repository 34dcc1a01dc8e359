#pragma once

// What all `inspect` commands share: fetch each, print the JSON array or the template's lines.

#include <functional>
#include <string>

#include "base/json.h"
#include "base/result.h"

namespace tare::cli::docker {

class Invocation;

/// Prints what `fetch` finds for each argument, then the failures. The exit status: 1 if any
/// failed, 64 for a template that can't be parsed.
Result<int> inspect_each(Invocation& call, const std::string& format,
                         const std::function<Result<Json>(const std::string&)>& fetch);

}  // namespace tare::cli::docker
