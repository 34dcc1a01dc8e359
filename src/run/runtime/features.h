#pragma once

// What this runtime can do, for engines that ask before they rely on it.
// Source: runtime-spec, features.md and features-linux.md.

#include <string_view>

#include "base/json.h"

namespace tare::runtime {

/// The features document. It tells what is built in, whether or not this machine's kernel has it.
Json features_document(std::string_view version);

}  // namespace tare::runtime
