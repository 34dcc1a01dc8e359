#include "apps/tared/directories.h"

#include <fcntl.h>

#include "posix/credentials.h"
#include "posix/file.h"
#include "posix/lock.h"
#include "posix/mount.h"
#include "posix/random.h"

namespace tare::tared {

namespace {

/// Whose directory it is decides what is in it: one that another user made, or a link that leads to one, is
/// no place for what runs as root (security TA4).
Result<> make_private(const std::string& directory) {
    TRY(posix::make_directories(directory, 0700));
    auto fd = posix::open_file(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!fd) {
        auto link = posix::read_link(directory);
        if (!link) return fd.error();
        return Error(ErrorKind::failed_precondition, cat(directory, " is a link"))
            .set_hint(cat("name the directory itself, ", quote(*link)));
    }
    const auto facts = TRY(posix::node_facts(fd->get()));
    if (facts.uid != posix::effective_user())
        return fail(ErrorKind::failed_precondition, directory, " belongs to user ", facts.uid,
                    " and not to root");
    // Security SD3: what others may enter, they may find setuid programs of images in.
    return posix::change_mode(fd->get(), 0700);
}

Result<posix::Fd> take(const std::string& directory) {
    auto lock = posix::take_file_lock(directory + "/lock");
    if (!lock && lock.error().is(ErrorKind::unavailable))
        return Error(ErrorKind::unavailable, cat(directory, " is in use by another tared"))
            .set_hint("stop it, or use other directories with --root and --state");
    return lock;
}

}  // namespace

Result<> take_directories(const std::string& root, const std::string& state, DirectoryLocks& locks) {
    TRY(make_private(root));
    TRY(make_private(state));
    locks.root = TRY(take(root));
    if (root != state) locks.state = TRY(take(state));
    return {};
}

Result<std::string> program_beside_us(const std::string& name) {
    const std::string self = TRY(posix::read_link("/proc/self/exe"));
    std::string path = cat(self.substr(0, self.rfind('/')), "/", name);
    if (!posix::exists(path))
        return Error(ErrorKind::not_found, cat(path, " is missing")).set_hint("install it beside tared");
    return path;
}

Result<std::string> engine_id(const std::string& root) {
    const std::string path = root + "/engine-id";
    if (auto text = posix::read_file(path, 256); text && !trim(*text).empty())
        return std::string(trim(*text));
    std::string id = TRY(posix::random_hex(16));
    TRY(posix::write_file_atomic(path, id));
    return id;
}

}  // namespace tare::tared
