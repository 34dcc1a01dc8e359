#include "engine/container/shared_memory.h"

#include <fcntl.h>

#include "posix/file.h"
#include "posix/mount.h"
#include "posix/tree.h"

namespace tare::container {

namespace {

constexpr std::int64_t kDefaultBytes = 64LL << 20;

// Whether something is mounted on it: it is on another file system than the directory it is in.
Result<bool> is_mounted(const std::string& path, const std::string& parent) {
    posix::Fd here = TRY(posix::open_file(path, O_PATH | O_DIRECTORY | O_NOFOLLOW));
    posix::Fd above = TRY(posix::open_file(parent, O_PATH | O_DIRECTORY));
    return TRY(posix::status_of(here.get()))
    .device != TRY(posix::status_of(above.get()))
    .device;
}

}  // namespace

std::string shared_memory_path(const Container& container) {
    return container.host_config.ipc_mode == "shareable" ? container.directory + "/shm" : std::string();
}

Result<> prepare_shared_memory(const Container& container) {
    const std::string path = shared_memory_path(container);
    if (path.empty()) return {};
    TRY(posix::make_directories(path, 0700));
    if (TRY(is_mounted(path, container.directory))) return {};
    const std::int64_t asked = container.host_config.shm_size_bytes;
    namespace attribute = posix::mount_attribute;
    TRY_CONTEXT(
        posix::mount_by_name("shm", path, "tmpfs", attribute::nosuid | attribute::nodev | attribute::noexec,
                             cat("mode=1777,size=", asked > 0 ? asked : kDefaultBytes)),
        "shared memory");
    return {};
}

Result<> release_shared_memory(const Container& container) {
    const std::string path = shared_memory_path(container);
    if (path.empty() || !posix::exists(path)) return {};
    TRY(posix::unmount(path));
    return posix::remove_directory(path);
}

}  // namespace tare::container
