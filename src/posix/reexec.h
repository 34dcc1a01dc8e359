#pragma once

#include "base/result.h"

namespace tare::posix {

/// Makes sure that this program's own file cannot be written through /proc/PID/exe: unless it runs from
/// a read-only mount already, it executes itself again out of a detached read-only clone of its mount
/// (or, without the right to mount, out of a sealed memfd). Does not return when it executes again.
/// Answers CVE-2019-5736: a container that runs `#!/proc/self/exe` would otherwise get hold of the host's
/// file and overwrite it once it is no longer busy.
Result<> run_from_read_only_copy();

}  // namespace tare::posix
