#pragma once

// Whole files and directories of ours, by name. Names that come from outside go through path.h.

#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "posix/fd.h"

namespace tare::posix {

/// open(2) with O_CLOEXEC added.
Result<Fd> open_file(const std::string& path, int flags, mode_t mode = 0);
/// openat(2) with O_CLOEXEC added; `name` must be one component of ours.
Result<Fd> open_at(int directory, const std::string& name, int flags, mode_t mode = 0);

/// The whole content, at most `max_bytes` (resource_exhausted beyond). not_found if absent.
Result<std::string> read_file(const std::string& path, std::size_t max_bytes);
/// Writes into an existing file (kernel knobs, cgroup files): one write(2), no O_CREAT.
Result<> write_knob(const std::string& path, std::string_view value);

/// The durable way: temporary name beside it, write, fsync, rename, fsync of the directory. Readers
/// see the old content or the new, never a part.
Result<> write_file_atomic(const std::string& path, std::string_view content, mode_t mode = 0600);

/// mkdir -p below an existing root; each created directory gets `mode` (umask does not apply).
Result<> make_directories(const std::string& path, mode_t mode);
/// mkdir(2), with exactly that mode; already_exists if something is there.
Result<> make_directory(const std::string& path, mode_t mode);
/// mkfifo(2).
Result<> make_fifo(const std::string& path, mode_t mode);
bool exists(const std::string& path);
/// unlink(2); an absent file is success.
Result<> remove_file(const std::string& path);
/// rmdir(2); an absent directory is success.
Result<> remove_directory(const std::string& path);
/// Removes a tree of ours: by descriptors, never following a link, never crossing into another file
/// system (R1: unmount before delete). An absent one is success.
Result<> remove_tree(const std::string& path);
/// flock(2), exclusive, until the open file is closed: for the machine's processes, not its threads.
Result<> lock_exclusively(int fd);
Result<> rename(const std::string& from, const std::string& to);
Result<> sync_directory(const std::string& path);
/// syncfs(2): everything written to the file system that `fd` lies on is on disk.
Result<> sync_file_system(int fd);
/// The entries but "." and "..", in no order.
Result<std::vector<std::string>> list_directory(const std::string& path);
/// readlink(2).
Result<std::string> read_link(const std::string& path);
/// 16 random hexadecimal digits, for names that nobody can know before.
Result<std::string> random_name();
/// A file in memory, without a name in any directory (memfd_create(2)).
Result<Fd> make_memory_file(const std::string& name);
/// The next read or write is at `offset` bytes (lseek(2)).
Result<> seek(int fd, std::uint64_t offset);
/// An absolute path without links, "." and ".." (realpath(3)).
Result<std::string> real_path(const std::string& path);

}  // namespace tare::posix
