#pragma once

// Descriptors that become readable when something happens in a file: eventfd and inotify.

#include <cstdint>
#include <string>

#include "posix/fd.h"

namespace tare::posix {

/// An eventfd, non-blocking, counter 0.
Result<Fd> make_event();
/// Adds 1 to an eventfd.
Result<> signal_event(int event);
/// The counter, which falls back to 0; 0 if nothing was added since.
Result<std::uint64_t> drain_event(int event);

/// An inotify descriptor, non-blocking, that reports changes of this file (IN_MODIFY).
Result<Fd> watch_file(const std::string& path);
/// The same for the files in a directory: written to, created, or moved into it.
Result<Fd> watch_directory(const std::string& path);
/// Throws away what an inotify descriptor has to say.
Result<> drain_watch(int watch);

}  // namespace tare::posix
