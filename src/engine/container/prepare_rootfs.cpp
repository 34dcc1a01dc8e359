// What must be in a container's root before its process runs, as Docker's init layer has it.

#include <array>

#include <fcntl.h>

#include "engine/container/spec.h"
#include "posix/path.h"
#include "posix/tree.h"

namespace tare::container {

namespace {

struct Entry {
    std::string_view path;
    posix::FileType type = posix::FileType::directory;
    mode_t mode = 0644;  ///< of a file
};

constexpr auto kEntries = std::to_array<Entry>({{"/dev/pts"},
                                                {"/dev/shm"},
                                                {"/proc"},
                                                {"/sys"},
                                                {"/.dockerenv", posix::FileType::regular, 0755},
                                                {"/etc/resolv.conf", posix::FileType::regular},
                                                {"/etc/hosts", posix::FileType::regular},
                                                {"/etc/hostname", posix::FileType::regular},
                                                {"/dev/console", posix::FileType::regular}});

Result<> make_mtab(int root) {
    posix::Fd etc = TRY(posix::make_directories_in_root(root, "/etc"));
    auto made = posix::make_symlink_at(etc.get(), "mtab", "/proc/mounts");
    if (!made && !made.error().is(ErrorKind::already_exists)) return made;
    return {};
}

}  // namespace

Result<> prepare_rootfs(int root, const Container& container) {
    for (const Entry& entry : kEntries) {
        if (entry.type == posix::FileType::directory) {
            TRY_CONTEXT(posix::make_directories_in_root(root, entry.path), entry.path);
        } else {
            TRY_CONTEXT(posix::make_file_in_root(root, entry.path, {.file_mode = entry.mode}), entry.path);
        }
    }
    TRY_CONTEXT(make_mtab(root), "/etc/mtab");
    const std::string& directory = container.config.working_directory;
    if (directory.empty() || directory == "/") return {};
    auto made = posix::make_directories_in_root(root, directory);
    if (!made)
        return fail(ErrorKind::invalid_argument, "Cannot mkdir: ", directory, ": ", made.error().message());
    return {};
}

}  // namespace tare::container
