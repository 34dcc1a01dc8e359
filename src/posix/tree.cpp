#include "posix/tree.h"

#include <algorithm>
#include <cerrno>
#include <memory>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "posix/file.h"
#include "posix/path.h"

namespace tare::posix {

namespace {

FileType type_of(mode_t mode) {
    switch (mode & S_IFMT) {
        case S_IFDIR:
            return FileType::directory;
        case S_IFLNK:
            return FileType::symlink;
        case S_IFCHR:
            return FileType::character_device;
        case S_IFBLK:
            return FileType::block_device;
        case S_IFIFO:
            return FileType::fifo;
        case S_IFSOCK:
            return FileType::socket;
        default:
            return FileType::regular;
    }
}

mode_t format_of(FileType type) {
    switch (type) {
        case FileType::directory:
            return S_IFDIR;
        case FileType::symlink:
            return S_IFLNK;
        case FileType::character_device:
            return S_IFCHR;
        case FileType::block_device:
            return S_IFBLK;
        case FileType::fifo:
            return S_IFIFO;
        case FileType::socket:
            return S_IFSOCK;
        case FileType::regular:
            break;
    }
    return S_IFREG;
}

FileStatus status_from(const struct stat& raw) {
    auto time = [](const timespec& value) {
        return Timestamp{value.tv_sec, static_cast<std::uint32_t>(value.tv_nsec)};
    };
    return {.type = type_of(raw.st_mode),
            .permissions = raw.st_mode & 07777,
            .uid = raw.st_uid,
            .gid = raw.st_gid,
            .size_bytes = static_cast<std::uint64_t>(raw.st_size),
            .allocated_bytes = static_cast<std::uint64_t>(raw.st_blocks) * 512,
            .links = raw.st_nlink,
            .device = raw.st_dev,
            .inode = raw.st_ino,
            .device_major = major(raw.st_rdev),
            .device_minor = minor(raw.st_rdev),
            .modified = time(raw.st_mtim),
            .changed = time(raw.st_ctim)};
}

/// Access times of unpacked files say nothing; they are set equal to the modification time, as a
/// file that was never read.
struct TimePair {
    explicit TimePair(Timestamp time) {
        values[0].tv_sec = values[1].tv_sec = time.seconds;
        values[0].tv_nsec = values[1].tv_nsec = time.nanoseconds;
    }
    timespec values[2];
};

struct CloseDirectory {
    void operator()(DIR* directory) const { ::closedir(directory); }
};

}  // namespace

Result<> expect_component(std::string_view name) {
    if (name.empty() || name == "." || name == ".." || name.find('/') != std::string_view::npos ||
        name.find('\0') != std::string_view::npos)
        return fail(ErrorKind::invalid_argument, "file name ", quote(name), ": not one path component");
    return {};
}

Result<std::optional<FileStatus>> status_at(int directory, const std::string& name) {
    TRY(expect_component(name));
    struct stat raw{};
    if (::fstatat(directory, name.c_str(), &raw, AT_SYMLINK_NOFOLLOW) == 0)
        return std::optional(status_from(raw));
    if (errno == ENOENT) return std::optional<FileStatus>();
    return last_error("stat", quote(name));
}

Result<FileStatus> status_of(int fd) {
    struct stat raw{};
    if (::fstat(fd, &raw) < 0) return last_error("stat an open file");
    return status_from(raw);
}

Result<Fd> open_directory_at(int directory, const std::string& name) {
    TRY(expect_component(name));
    return open_at(directory, name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
}

Result<Fd> create_file_at(int directory, const std::string& name, mode_t permissions) {
    TRY(expect_component(name));
    int fd =
        ::openat(directory, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, permissions);
    if (fd < 0) return last_error("create file", quote(name));
    return Fd(fd);
}

Result<Fd> open_regular_at(int directory, const std::string& name) {
    TRY(expect_component(name));
    Fd fd = TRY(open_at(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
    struct stat raw{};
    if (::fstat(fd.get(), &raw) < 0) return last_error("stat", quote(name));
    if (!S_ISREG(raw.st_mode))
        return fail(ErrorKind::failed_precondition, "open ", quote(name), ": not a regular file");
    return fd;
}

Result<> make_directory_at(int directory, const std::string& name, mode_t permissions) {
    TRY(expect_component(name));
    if (::mkdirat(directory, name.c_str(), permissions) < 0)
        return last_error("create directory", quote(name));
    return {};
}

Result<> make_node_at(int directory, const std::string& name, FileType type, mode_t permissions,
                      std::uint32_t device_major, std::uint32_t device_minor) {
    TRY(expect_component(name));
    dev_t device = makedev(device_major, device_minor);
    if (::mknodat(directory, name.c_str(), format_of(type) | permissions, device) < 0)
        return last_error("create device or fifo", quote(name));
    return {};
}

Result<> make_symlink_at(int directory, const std::string& name, const std::string& target) {
    TRY(expect_component(name));
    if (::symlinkat(target.c_str(), directory, name.c_str()) < 0)
        return last_error("create symlink", quote(name));
    return {};
}

Result<> make_hard_link_at(int source, const std::string& existing, int directory, const std::string& name) {
    TRY(expect_component(existing));
    TRY(expect_component(name));
    if (::linkat(source, existing.c_str(), directory, name.c_str(), 0) < 0)
        return last_error("create hard link", quote(name));
    return {};
}

Result<std::string> read_link_at(int directory, const std::string& name) {
    TRY(expect_component(name));
    std::string target(4097, '\0');
    ssize_t length = ::readlinkat(directory, name.c_str(), target.data(), target.size());
    if (length < 0) return last_error("read link", quote(name));
    target.resize(static_cast<std::size_t>(length));
    return target;
}

Result<> rename_at(int from, const std::string& name, int to, const std::string& new_name) {
    TRY(expect_component(name));
    TRY(expect_component(new_name));
    if (::renameat(from, name.c_str(), to, new_name.c_str()) < 0) return last_error("rename", quote(name));
    return {};
}

namespace {

Result<> remove_below(int directory, const std::string& name, dev_t device, int depth) {
    if (::unlinkat(directory, name.c_str(), 0) == 0 || errno == ENOENT) return {};
    if (errno != EISDIR && errno != EPERM) return last_error("remove", quote(name));
    // Each level holds a descriptor; deeper trees than any path limit allows are not ours.
    if (depth > 4096) return errno_error(ELOOP, "remove", quote(name));
    Fd child = TRY(open_at(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    struct stat raw{};
    if (::fstat(child.get(), &raw) < 0) return last_error("stat", quote(name));
    if (raw.st_dev != device)
        return fail(ErrorKind::failed_precondition, "remove ", quote(name),
                    ": another file system is mounted there");
    for (auto& entry : TRY(sorted_entries(child.get())))
        TRY(remove_below(child.get(), entry, device, depth + 1));
    if (::unlinkat(directory, name.c_str(), AT_REMOVEDIR) < 0 && errno != ENOENT)
        return last_error("remove directory", quote(name));
    return {};
}

}  // namespace

Result<> remove_at(int directory, const std::string& name) {
    TRY(expect_component(name));
    struct stat raw{};
    if (::fstat(directory, &raw) < 0) return last_error("stat the directory of", quote(name));
    return remove_below(directory, name, raw.st_dev, 0);
}

Result<> set_owner(int fd, uid_t uid, gid_t gid) {
    if (::fchown(fd, uid, gid) < 0) return last_error("change the owner of an open file");
    return {};
}

Result<> set_owner_at(int directory, const std::string& name, uid_t uid, gid_t gid) {
    TRY(expect_component(name));
    if (::fchownat(directory, name.c_str(), uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
        return last_error("change the owner of", quote(name));
    return {};
}

Result<> set_permissions(int fd, mode_t permissions) {
    if (::fchmod(fd, permissions) < 0) return last_error("change the permissions of an open file");
    return {};
}

Result<> set_permissions_at(int directory, const std::string& name, mode_t permissions) {
    TRY(expect_component(name));
    // fchmodat cannot say "not a link"; the descriptor can.
    Fd entry = TRY(open_at(directory, name, O_PATH | O_NOFOLLOW));
    struct stat raw{};
    if (::fstat(entry.get(), &raw) < 0) return last_error("stat", quote(name));
    if (S_ISLNK(raw.st_mode)) return errno_error(ELOOP, "change the permissions of link", quote(name));
    TRY_CONTEXT(set_permissions_of_path(entry.get(), permissions), quote(name));
    return {};
}

Result<> set_modified(int fd, Timestamp time) {
    if (::futimens(fd, TimePair(time).values) < 0) return last_error("set the times of an open file");
    return {};
}

Result<> set_modified_at(int directory, const std::string& name, Timestamp time) {
    TRY(expect_component(name));
    if (::utimensat(directory, name.c_str(), TimePair(time).values, AT_SYMLINK_NOFOLLOW) < 0)
        return last_error("set the times of", quote(name));
    return {};
}

Result<> set_owner_of_path(int path_fd, uid_t uid, gid_t gid) {
    if (::fchownat(path_fd, "", uid, gid, AT_EMPTY_PATH) < 0)
        return last_error("change the owner of a directory");
    return {};
}

Result<> set_permissions_of_path(int path_fd, mode_t permissions) {
    // fchmod refuses O_PATH descriptors. Before Linux 6.6 the name in /proc stands for the very same file.
    constexpr long fchmodat2 = 452;  // on every processor
    if (::syscall(fchmodat2, path_fd, "", permissions, AT_EMPTY_PATH) == 0) return {};
    if (errno != ENOSYS && errno != EPERM) return last_error("change the permissions of a file");
    if (::chmod(descriptor_path(path_fd).c_str(), permissions) < 0)
        return last_error("change the permissions of a file");
    return {};
}

Result<> set_modified_of_path(int path_fd, Timestamp time) {
    if (::utimensat(AT_FDCWD, descriptor_path(path_fd).c_str(), TimePair(time).values, 0) < 0)
        return last_error("set the times of a file");
    return {};
}

Result<> write_all_at(int fd, std::string_view bytes, std::uint64_t offset) {
    while (!bytes.empty()) {
        ssize_t written = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (written < 0) {
            if (errno == EINTR) continue;
            return last_error("write");
        }
        bytes.remove_prefix(static_cast<std::size_t>(written));
        offset += static_cast<std::uint64_t>(written);
    }
    return {};
}

Result<std::size_t> read_at(int fd, char* buffer, std::size_t size, std::uint64_t offset) {
    while (true) {
        ssize_t count = ::pread(fd, buffer, size, static_cast<off_t>(offset));
        if (count >= 0) return static_cast<std::size_t>(count);
        if (errno != EINTR) return last_error("read");
    }
}

Result<> set_size(int fd, std::uint64_t size_bytes) {
    if (::ftruncate(fd, static_cast<off_t>(size_bytes)) < 0) return last_error("set the size of a file");
    return {};
}

Result<std::optional<DataRange>> next_data(int fd, std::uint64_t offset, std::uint64_t file_size) {
    if (offset >= file_size) return std::optional<DataRange>();
    off_t begin = ::lseek(fd, static_cast<off_t>(offset), SEEK_DATA);
    if (begin < 0) {
        if (errno == ENXIO) return std::optional<DataRange>();
        if (errno == EINVAL) return std::optional(DataRange{offset, file_size - offset});
        return last_error("seek to data");
    }
    off_t end = ::lseek(fd, begin, SEEK_HOLE);
    if (end < 0) return last_error("seek to a hole");
    auto first = static_cast<std::uint64_t>(begin);
    auto last = std::min(static_cast<std::uint64_t>(end), file_size);
    if (first >= last) return std::optional<DataRange>();
    return std::optional(DataRange{first, last - first});
}

Result<std::vector<std::string>> sorted_entries(int directory) {
    Fd readable = TRY(open_at(directory, ".", O_RDONLY | O_DIRECTORY));
    std::unique_ptr<DIR, CloseDirectory> stream(::fdopendir(readable.get()));
    if (!stream) return last_error("list a directory");
    (void)readable.release();  // the DIR owns it now
    std::vector<std::string> names;
    errno = 0;
    while (dirent* entry = ::readdir(stream.get())) {
        std::string_view name = entry->d_name;
        if (name != "." && name != "..") names.emplace_back(name);
        errno = 0;
    }
    if (errno != 0) return last_error("list a directory");
    std::sort(names.begin(), names.end());
    return names;
}

uid_t effective_uid() {
    return ::geteuid();
}
gid_t effective_gid() {
    return ::getegid();
}

}  // namespace tare::posix
