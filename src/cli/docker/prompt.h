#pragma once

#include <string_view>

#include "base/result.h"

namespace tare::cli::docker {

/// Asks "… Are you sure you want to continue? [y/N] " on standard output and reads the answer from
/// standard input. The exit status 1 for "no" is the caller's.
Result<bool> confirm(std::string_view warning);

}  // namespace tare::cli::docker
