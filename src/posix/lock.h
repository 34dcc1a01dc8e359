#pragma once

// One holder at a time, across processes; the kernel lets go when the holder ends, however it ends.

#include <string>

#include "posix/fd.h"

namespace tare::posix {

/// Opens or creates `path` (0600) and takes its lock (flock(2)), which lives as long as the descriptor.
/// unavailable if another process has it.
Result<Fd> take_file_lock(const std::string& path);

}  // namespace tare::posix
