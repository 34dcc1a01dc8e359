#include "posix/path.h"

#include <cerrno>
#include <vector>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace tare::posix {

namespace {

Result<Fd> open2(int directory, std::string_view path, int flags, mode_t mode, std::uint64_t resolve) {
    if (path.find('\0') != std::string_view::npos)
        return fail(ErrorKind::invalid_argument, "path ", quote(path), " contains a NUL byte");
    std::string name(path.empty() ? "." : path);
    open_how how{};
    how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
    how.mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? mode : 0;
    how.resolve = resolve;
    // EAGAIN: a rename or mount raced with ".." resolution; the kernel asks to try again.
    for (int attempt = 0;; ++attempt) {
        long fd = ::syscall(SYS_openat2, directory, name.c_str(), &how, sizeof how);
        if (fd >= 0) return Fd(static_cast<int>(fd));
        if ((errno != EAGAIN && errno != EINTR) || attempt == 128) return last_error("open", quote(path));
    }
}

/// Where the walk of `make_directories_in_root` stands: the descriptor of what is already resolved.
/// A symlink component cannot be created through, so the walk always asks openat2 for the whole
/// prefix from the root; only the missing tail is made, by mkdirat on the last held descriptor.
Result<Fd> walk_and_make(int root, std::string_view path, const MakeOptions& options) {
    std::vector<std::string> parts;
    for (auto part : split(path, '/')) {
        if (part.empty() || part == ".") continue;
        if (part == ".." && !parts.empty()) {
            parts.pop_back();
        } else if (part != "..") {
            parts.emplace_back(part);
        }
    }
    Fd held = TRY(open_in_root(root, "/", O_PATH | O_DIRECTORY));
    std::string resolved = "/";
    for (auto& part : parts) {
        std::string next = cat(resolved, resolved.ends_with('/') ? "" : "/", part);
        auto opened = open_in_root(root, next, O_PATH | O_DIRECTORY);
        if (!opened && opened.error().error_number() == ENOENT) {
            if (::mkdirat(held.get(), part.c_str(), options.directory_mode) < 0) {
                // EEXIST with ENOENT above: a dangling link, which is never created through.
                return last_error("create directory", quote(next));
            }
            opened = open_beneath_no_links(held.get(), part, O_PATH | O_DIRECTORY);
            if (!opened) return opened.error();
            std::string name = descriptor_path(opened->get());
            if (::chmod(name.c_str(), options.directory_mode) < 0) return last_error("chmod", quote(next));
            if ((options.uid != 0 || options.gid != 0) &&
                ::fchownat(opened->get(), "", options.uid, options.gid, AT_EMPTY_PATH) < 0)
                return last_error("chown", quote(next));
        }
        held = TRY(std::move(opened));
        resolved = next;
    }
    return held;
}

}  // namespace

Result<Fd> open_in_root(int root, std::string_view path, int flags, mode_t mode) {
    return open2(root, path, flags, mode, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

Result<Fd> open_beneath(int directory, std::string_view path, int flags, mode_t mode) {
    return open2(directory, path, flags, mode, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
}

Result<Fd> open_beneath_no_links(int directory, std::string_view path, int flags, mode_t mode) {
    return open2(directory, path, flags, mode, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
}

Result<Fd> make_directories_in_root(int root, std::string_view path, const MakeOptions& options) {
    return walk_and_make(root, path, options);
}

Result<Fd> make_file_in_root(int root, std::string_view path, const MakeOptions& options) {
    while (path.ends_with('/'))
        path.remove_suffix(1);
    auto slash = path.rfind('/');
    std::string name(slash == std::string_view::npos ? path : path.substr(slash + 1));
    if (name.empty() || name == "." || name == "..")
        return fail(ErrorKind::invalid_argument, "path ", quote(path), " does not name a file");
    Fd parent =
        TRY(walk_and_make(root, slash == std::string_view::npos ? "/" : path.substr(0, slash), options));
    auto present = open_in_root(root, path, O_PATH);
    if (present || present.error().error_number() != ENOENT) return present;
    Fd made = TRY(open_beneath_no_links(parent.get(), name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
                                        options.file_mode));
    if ((options.uid != 0 || options.gid != 0) && ::fchown(made.get(), options.uid, options.gid) < 0)
        return last_error("chown", quote(path));
    return open_beneath_no_links(parent.get(), name, O_PATH | O_NOFOLLOW);
}

Result<Fd> reopen(int fd, int flags) {
    int opened = ::open(descriptor_path(fd).c_str(), flags | O_CLOEXEC);
    if (opened < 0) return last_error("reopen descriptor", cat(fd));
    return Fd(opened);
}

std::string descriptor_path(int fd) {
    return cat("/proc/self/fd/", fd);
}

std::string clean_path(std::string_view path) {
    std::vector<std::string_view> kept;
    for (auto part : split(path, '/')) {
        if (part.empty() || part == ".") continue;
        if (part != "..") {
            kept.push_back(part);
        } else if (!kept.empty()) {
            kept.pop_back();
        }
    }
    std::string out;
    for (auto part : kept)
        out.append("/").append(part);
    return out.empty() ? "/" : out;
}

}  // namespace tare::posix
