#pragma once

// A tree of files by (directory descriptor, one name component), never following a link: how layers
// are unpacked, compared and packed (security rule R14). A name that is not one component ("", ".",
// "..", with a slash or NUL) is invalid_argument before any call.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "posix/fd.h"

namespace tare::posix {

/// A point in time of a file system: seconds since 1970 (before it, negative) and nanoseconds.
struct Timestamp {
    std::int64_t seconds = 0;
    std::uint32_t nanoseconds = 0;

    auto operator<=>(const Timestamp&) const = default;
};

enum class FileType { regular, directory, symlink, character_device, block_device, fifo, socket };

/// What stat(2) says about an entry.
struct FileStatus {
    FileType type = FileType::regular;
    mode_t permissions = 0;  ///< the twelve low bits, setuid and sticky included
    uid_t uid = 0;
    gid_t gid = 0;
    std::uint64_t size_bytes = 0;
    std::uint64_t allocated_bytes = 0;  ///< on the disk; less than the size if there are holes
    std::uint64_t links = 0;
    std::uint64_t device = 0;  ///< the file system
    std::uint64_t inode = 0;
    std::uint32_t device_major = 0;  ///< of a device node
    std::uint32_t device_minor = 0;
    Timestamp modified;
    Timestamp changed;

    bool is(FileType wanted) const { return type == wanted; }
    /// Overlay's mark for "not here, whatever lies below": a character device 0:0.
    bool is_overlay_whiteout() const {
        return type == FileType::character_device && device_major == 0 && device_minor == 0;
    }
};

/// invalid_argument unless `name` is one component that names an entry.
Result<> expect_component(std::string_view name);

/// The entry itself (a link is not followed); nothing if there is none.
Result<std::optional<FileStatus>> status_at(int directory, const std::string& name);
Result<FileStatus> status_of(int fd);

/// Opens a subdirectory O_PATH; failed_precondition with ENOTDIR or ELOOP for anything else.
Result<Fd> open_directory_at(int directory, const std::string& name);
/// Creates a new empty file for writing; already_exists if anything has that name.
Result<Fd> create_file_at(int directory, const std::string& name, mode_t permissions);
/// Opens an existing regular file for reading, without following a link or waiting on a fifo.
Result<Fd> open_regular_at(int directory, const std::string& name);

Result<> make_directory_at(int directory, const std::string& name, mode_t permissions);
/// A fifo, socket or device node; major and minor count for devices only.
Result<> make_node_at(int directory, const std::string& name, FileType type, mode_t permissions,
                      std::uint32_t device_major = 0, std::uint32_t device_minor = 0);
Result<> make_symlink_at(int directory, const std::string& name, const std::string& target);
/// A second name for `existing` in `source` (for a link: for the link itself).
Result<> make_hard_link_at(int source, const std::string& existing, int directory, const std::string& name);
Result<std::string> read_link_at(int directory, const std::string& name);
/// rename(2) between two directories.
Result<> rename_at(int from, const std::string& name, int to, const std::string& new_name);

/// Removes the entry, of a directory with all that is below it (never crossing into another file
/// system). An absent one is success.
Result<> remove_at(int directory, const std::string& name);

/// Owner, permissions and times of an open file, or of an entry (the link itself). Changing the
/// owner clears setuid bits, so permissions come after it.
Result<> set_owner(int fd, uid_t uid, gid_t gid);
Result<> set_owner_at(int directory, const std::string& name, uid_t uid, gid_t gid);
Result<> set_permissions(int fd, mode_t permissions);
/// Not for links, which have no permissions of their own.
Result<> set_permissions_at(int directory, const std::string& name, mode_t permissions);
Result<> set_modified(int fd, Timestamp time);
Result<> set_modified_at(int directory, const std::string& name, Timestamp time);
/// The same of the directory behind an O_PATH descriptor.
Result<> set_owner_of_path(int path_fd, uid_t uid, gid_t gid);
Result<> set_permissions_of_path(int path_fd, mode_t permissions);
Result<> set_modified_of_path(int path_fd, Timestamp time);

/// pwrite(2) until all is written.
Result<> write_all_at(int fd, std::string_view bytes, std::uint64_t offset);
/// pread(2) once; 0 at the end.
Result<std::size_t> read_at(int fd, char* buffer, std::size_t size, std::uint64_t offset);
/// ftruncate(2): also makes a hole at the end.
Result<> set_size(int fd, std::uint64_t size_bytes);
/// The next stretch of data at or after `offset`, nothing if only a hole is left (SEEK_DATA). A
/// file system without holes answers the whole file.
struct DataRange {
    std::uint64_t offset = 0;
    std::uint64_t size_bytes = 0;
};
Result<std::optional<DataRange>> next_data(int fd, std::uint64_t offset, std::uint64_t file_size);

/// The names in a directory but "." and "..", in byte order (a walk is the same on every machine).
/// `directory` may be O_PATH.
Result<std::vector<std::string>> sorted_entries(int directory);

/// The user that files made by this process belong to.
uid_t effective_uid();
gid_t effective_gid();

}  // namespace tare::posix
