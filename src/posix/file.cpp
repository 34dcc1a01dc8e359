#include "posix/file.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tare::posix {

namespace {

struct CloseDirectory {
    void operator()(DIR* directory) const { ::closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

std::string parent_of(const std::string& path) {
    auto slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

Result<std::vector<std::string>> entries_of(Fd fd, std::string_view path) {
    Directory directory(::fdopendir(fd.get()));
    if (!directory) return last_error("list directory", path);
    (void)fd.release();  // the DIR owns it now
    std::vector<std::string> names;
    while (true) {
        errno = 0;
        dirent* entry = ::readdir(directory.get());
        if (!entry) break;
        std::string_view name = entry->d_name;
        if (name != "." && name != "..") names.emplace_back(name);
    }
    if (errno != 0) return last_error("list directory", path);
    return names;
}

/// Empties `directory` (on device `device`) by descriptors, one component at a time.
Result<> empty_directory(int directory, dev_t device, const std::string& path) {
    auto names = TRY(entries_of(TRY(open_at(directory, ".", O_RDONLY | O_DIRECTORY)), path));
    for (auto& name : names) {
        if (::unlinkat(directory, name.c_str(), 0) == 0 || errno == ENOENT) continue;
        if (errno != EISDIR && errno != EPERM) return last_error("remove", cat(path, "/", name));
        Fd child = TRY(open_at(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
        struct stat status{};
        if (::fstat(child.get(), &status) < 0) return last_error("stat", cat(path, "/", name));
        if (status.st_dev != device)
            return fail(ErrorKind::failed_precondition, "remove ", path, "/", name,
                        ": another file system is mounted there");
        TRY(empty_directory(child.get(), device, cat(path, "/", name)));
        if (::unlinkat(directory, name.c_str(), AT_REMOVEDIR) < 0 && errno != ENOENT)
            return last_error("remove directory", cat(path, "/", name));
    }
    return {};
}

}  // namespace

Result<Fd> open_file(const std::string& path, int flags, mode_t mode) {
    return open_at(AT_FDCWD, path, flags, mode);
}

Result<Fd> open_at(int directory, const std::string& name, int flags, mode_t mode) {
    int fd = ::openat(directory, name.c_str(), flags | O_CLOEXEC, mode);
    if (fd < 0) return last_error("open", name);
    return Fd(fd);
}

Result<std::string> read_file(const std::string& path, std::size_t max_bytes) {
    Fd fd = TRY(open_file(path, O_RDONLY));
    return TRY_CONTEXT(read_to_end(fd.get(), max_bytes), path);
}

Result<> write_knob(const std::string& path, std::string_view value) {
    Fd fd = TRY(open_file(path, O_WRONLY));
    if (::write(fd.get(), value.data(), value.size()) < 0)
        return last_error("write", cat(quote(value), " to ", path));
    return {};
}

Result<> write_file_atomic(const std::string& path, std::string_view content, mode_t mode) {
    std::string temporary = path + ".XXXXXX";
    Fd fd(::mkostemp(temporary.data(), O_CLOEXEC));
    if (!fd) return last_error("create a temporary file beside", path);
    auto write = [&]() -> Result<> {
        if (::fchmod(fd.get(), mode) < 0) return last_error("chmod", temporary);
        TRY_CONTEXT(write_all(fd.get(), content), path);
        if (::fsync(fd.get()) < 0) return last_error("fsync", path);
        TRY(rename(temporary, path));
        return sync_directory(parent_of(path));
    };
    auto outcome = write();
    if (!outcome) ::unlink(temporary.c_str());
    return outcome;
}

Result<> make_directories(const std::string& path, mode_t mode) {
    if (::mkdir(path.c_str(), mode) == 0) {
        if (::chmod(path.c_str(), mode) < 0) return last_error("chmod", path);
        return {};
    }
    if (errno == EEXIST) {
        struct stat status{};
        if (::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return {};
        return errno_error(ENOTDIR, "create directory", path);
    }
    if (errno != ENOENT) return last_error("create directory", path);
    std::string parent = parent_of(path);
    if (parent == path || parent == ".") return last_error("create directory", path);
    TRY(make_directories(parent, mode));
    return make_directories(path, mode);
}

Result<> make_directory(const std::string& path, mode_t mode) {
    if (::mkdir(path.c_str(), mode) < 0) return last_error("create directory", path);
    if (::chmod(path.c_str(), mode) < 0) return last_error("chmod", path);
    return {};
}

Result<> make_fifo(const std::string& path, mode_t mode) {
    if (::mkfifo(path.c_str(), mode) < 0) return last_error("create fifo", path);
    return {};
}

bool exists(const std::string& path) {
    return ::access(path.c_str(), F_OK) == 0;
}

Result<> remove_file(const std::string& path) {
    if (::unlink(path.c_str()) < 0 && errno != ENOENT) return last_error("remove", path);
    return {};
}

Result<> remove_directory(const std::string& path) {
    if (::rmdir(path.c_str()) < 0 && errno != ENOENT) return last_error("remove directory", path);
    return {};
}

Result<> remove_tree(const std::string& path) {
    int raw = ::openat(AT_FDCWD, path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (raw < 0) {
        if (errno == ENOENT) return {};
        if (errno == ENOTDIR || errno == ELOOP) return remove_file(path);
        return last_error("open", path);
    }
    Fd directory(raw);
    struct stat status{};
    if (::fstat(directory.get(), &status) < 0) return last_error("stat", path);
    TRY(empty_directory(directory.get(), status.st_dev, path));
    return remove_directory(path);
}

Result<> rename(const std::string& from, const std::string& to) {
    if (::rename(from.c_str(), to.c_str()) < 0) return last_error("rename", cat(from, " to ", to));
    return {};
}

Result<> lock_exclusively(int fd) {
    while (::flock(fd, LOCK_EX) < 0)
        if (errno != EINTR) return last_error("lock a file");
    return {};
}

Result<> sync_file_system(int fd) {
    if (::syncfs(fd) < 0) return last_error("sync the file system");
    return {};
}

Result<> sync_directory(const std::string& path) {
    Fd directory = TRY(open_file(path, O_RDONLY | O_DIRECTORY));
    if (::fsync(directory.get()) < 0) return last_error("fsync", path);
    return {};
}

Result<std::vector<std::string>> list_directory(const std::string& path) {
    return entries_of(TRY(open_file(path, O_RDONLY | O_DIRECTORY)), path);
}

Result<std::string> read_link(const std::string& path) {
    std::string target(4096, '\0');
    ssize_t length = ::readlink(path.c_str(), target.data(), target.size());
    if (length < 0) return last_error("read link", path);
    target.resize(static_cast<std::size_t>(length));
    return target;
}

Result<std::string> random_name() {
    std::array<std::uint8_t, 8> bytes{};
    if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
        return last_error("get random bytes");
    return hex_encode(bytes);
}

Result<Fd> make_memory_file(const std::string& name) {
    Fd file(::memfd_create(name.c_str(), MFD_CLOEXEC));
    if (!file) return last_error("create a memory file", name);
    return file;
}

Result<> seek(int fd, std::uint64_t offset) {
    if (::lseek(fd, static_cast<off_t>(offset), SEEK_SET) < 0) return last_error("seek in a file");
    return {};
}

Result<std::string> real_path(const std::string& path) {
    std::unique_ptr<char, decltype(&::free)> resolved(::realpath(path.c_str(), nullptr), &::free);
    if (!resolved) return last_error("resolve", path);
    return std::string(resolved.get());
}

}  // namespace tare::posix
