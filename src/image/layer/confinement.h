#pragma once

// How a worker locks itself up.

#include "base/result.h"
#include "posix/fd.h"

namespace tare::layer {

/// Leaves the calling process, which has one thread, with `root` (a directory) as the whole of its file
/// system, or with an empty read-only one for none; without devices that can be opened, programs that can be
/// started or setuid bits that count; with the rights to make files of every owner and kind and no other;
/// with the system calls that this takes (posix/file_calls.h); with bounded memory and descriptors, no core
/// dump, and as the first that the kernel ends when memory is short. Answers the new root, for reading; the
/// given one, from which ".." would lead outside, is closed.
Result<posix::Fd> confine(posix::Fd root);

}  // namespace tare::layer
