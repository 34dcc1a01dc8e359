#pragma once

// Paths that come from an image, a bundle or a client: resolved once, below a root descriptor, by
// openat2(2), and used by descriptor to the end (security rule R1).

#include <string>
#include <string_view>

#include <sys/types.h>

#include "posix/fd.h"

namespace tare::posix {

/// Opens `path` as a process whose root is `root` would (RESOLVE_IN_ROOT: absolute links and ".."
/// stay inside), magic links refused. O_CLOEXEC is added.
Result<Fd> open_in_root(int root, std::string_view path, int flags, mode_t mode = 0);
/// Opens `path` below `directory`; a path that would leave it is an error (RESOLVE_BENEATH).
Result<Fd> open_beneath(int directory, std::string_view path, int flags, mode_t mode = 0);
/// The same, and no component may be a symlink.
Result<Fd> open_beneath_no_links(int directory, std::string_view path, int flags, mode_t mode = 0);

/// What a component that had to be created is.
struct MakeOptions {
    mode_t directory_mode = 0755;
    mode_t file_mode = 0644;
    uid_t uid = 0;
    gid_t gid = 0;
};

/// mkdir -p inside a root: walks component by component on held descriptors as the container would
/// resolve them, creating what is missing, and returns the directory (O_PATH).
Result<Fd> make_directories_in_root(int root, std::string_view path, const MakeOptions& options = {});
/// The same for the parents, then an empty regular file as the last component unless something is
/// there already; returns it (O_PATH, not following a final link).
Result<Fd> make_file_in_root(int root, std::string_view path, const MakeOptions& options = {});

/// A new descriptor of what `fd` (O_PATH) refers to, opened with other flags, through /proc/self/fd.
Result<Fd> reopen(int fd, int flags);
/// "/proc/self/fd/N" for calls that take only a name.
std::string descriptor_path(int fd);

/// "/a/./b//../c" is "/a/c": lexical, without looking at the disk; the result is absolute.
std::string clean_path(std::string_view path);

}  // namespace tare::posix
