#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/common/flags.h"

namespace tare::cli {

/// `--filter KEY=VALUE`, repeated; text without '=' is refused as it is given.
Flag& define_filter(FlagSet& flags, std::vector<std::string>& filters, char shorthand, std::string_view help);

}  // namespace tare::cli
