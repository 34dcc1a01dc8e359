#include "posix/lock.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/file.h>

#include "posix/file.h"

namespace tare::posix {

Result<Fd> take_file_lock(const std::string& path) {
    Fd fd = TRY(open_file(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600));
    while (::flock(fd.get(), LOCK_EX | LOCK_NB) < 0) {
        if (errno == EWOULDBLOCK)
            return Error(ErrorKind::unavailable, cat("lock ", path, ": another process has it"))
                .set_error_number(errno);
        if (errno != EINTR) return last_error("lock", path);
    }
    return fd;
}

}  // namespace tare::posix
