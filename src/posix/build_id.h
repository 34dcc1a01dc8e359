#pragma once

#include <string>

#include "base/result.h"

namespace tare::posix {

/// Which build of a program a file is: what the linker wrote into it (the ELF note NT_GNU_BUILD_ID), as
/// lower-case hex. Two builds differ in it though their versions be the same. not_found: the file has none,
/// or is no ELF file of this machine. `path` may be /proc/self/exe. Source: elf(5).
Result<std::string> build_id(const std::string& path);

}  // namespace tare::posix
