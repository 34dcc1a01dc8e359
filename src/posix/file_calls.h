#pragma once

// A seccomp filter for programs that do nothing but change files below their root.

#include "base/result.h"

namespace tare::posix {

/// From here on the calling thread, and all it becomes, can make and change files and directories, use what
/// descriptors it has, its memory and clock; every other system call fails with EPERM: no socket, process,
/// program, mount, namespace, trace, key or ioctl. Memory is never executable, and a signal goes to itself
/// alone. A call of another architecture ends the process. Needs no_new_privs or CAP_SYS_ADMIN;
/// unimplemented on a processor that the list was not made for.
Result<> restrict_to_file_calls();

}  // namespace tare::posix
