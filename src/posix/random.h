#pragma once

// Random bytes of the kernel (getrandom(2)), for names that nobody can guess.

#include <cstddef>
#include <string>

#include "base/result.h"

namespace tare::posix {

/// `count` random bytes as 2 × count hex digits.
Result<std::string> random_hex(std::size_t count);

}  // namespace tare::posix
