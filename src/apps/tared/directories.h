#pragma once

// The two directories of a daemon, and what stands beside its program.

#include <string>

#include "posix/fd.h"

namespace tare::tared {

struct DirectoryLocks {
    posix::Fd root;
    posix::Fd state;
};

/// Makes both (0700; wider modes of earlier versions are narrowed) and takes the lock of each, so that no
/// two daemons share one.
Result<> take_directories(const std::string& root, const std::string& state, DirectoryLocks& locks);

/// The absolute path of a program in the directory of our own; not_found with a hint.
Result<std::string> program_beside_us(const std::string& name);

/// A name for this ROOT that stays: 32 hex digits, made at first use.
Result<std::string> engine_id(const std::string& root);

}  // namespace tare::tared
