#pragma once

// Compiled filters of earlier containers. A file holds the section that it was made of beside the program,
// so that neither a collision of names nor another libseccomp can yield a wrong filter.

#include <optional>
#include <string>
#include <vector>

#include "posix/seccomp.h"

namespace tare::runtime {

using SeccompProgram = std::vector<posix::SeccompInstruction>;

/// The program that was kept for `key`; nothing if there is none, or if anything about the directory or
/// the file is not as we left it (another owner, writable by others, cut off).
std::optional<SeccompProgram> find_seccomp_program(const std::string& directory, const std::string& key);

/// Keeps it, unless 64 are there already. A failure costs time only and is not told.
void keep_seccomp_program(const std::string& directory, const std::string& key,
                          const SeccompProgram& program);

}  // namespace tare::runtime
