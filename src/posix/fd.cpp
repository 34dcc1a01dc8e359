#include "posix/fd.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace tare::posix {

void Fd::reset() {
    // Linux frees the descriptor even when close fails; nothing can be done about a late EIO here,
    // which is why durable writers fsync first.
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

Error last_error(std::string_view operation, std::string_view object) {
    return errno_error(errno, operation, object);
}

Result<Fd> duplicate(int fd) {
    int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (copy < 0) return last_error("duplicate descriptor", cat(fd));
    return Fd(copy);
}

Result<> duplicate_onto(int fd, int target) {
    if (fd == target) return set_close_on_exec(fd, false);
    if (::dup2(fd, target) < 0) return last_error("duplicate descriptor", cat(fd, " onto ", target));
    return {};
}

Result<> set_nonblocking(int fd, bool nonblocking) {
    int flags = ::fcntl(fd, F_GETFL);
    if (flags < 0) return last_error("fcntl F_GETFL on descriptor", cat(fd));
    int wanted = nonblocking ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
    if (wanted != flags && ::fcntl(fd, F_SETFL, wanted) < 0)
        return last_error("fcntl F_SETFL on descriptor", cat(fd));
    return {};
}

Result<> set_close_on_exec(int fd, bool close_on_exec) {
    if (::fcntl(fd, F_SETFD, close_on_exec ? FD_CLOEXEC : 0) < 0)
        return last_error("fcntl F_SETFD on descriptor", cat(fd));
    return {};
}

Result<> close_from(int first, CloseHow how) {
    unsigned flags = how == CloseHow::on_exec ? CLOSE_RANGE_CLOEXEC : 0;
    if (::syscall(SYS_close_range, static_cast<unsigned>(first), ~0U, flags) < 0)
        return last_error("close_range from", cat(first));
    return {};
}

Result<> close_all_but(std::vector<int> kept) {
    std::ranges::sort(kept);
    unsigned first = 3;
    auto close_before = [&](unsigned end) -> Result<> {
        if (end > first && ::syscall(SYS_close_range, first, end - 1, 0U) < 0)
            return last_error("close descriptors");
        first = std::max(first, end + 1);
        return {};
    };
    for (int each : kept)
        if (each >= 3) TRY(close_before(static_cast<unsigned>(each)));
    return close_before(~0U);
}

Result<Pipe> make_pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) < 0) return last_error("create a pipe");
    return Pipe{Fd(ends[0]), Fd(ends[1])};
}

void set_pipe_capacity(int pipe, std::size_t bytes) {
    (void)::fcntl(pipe, F_SETPIPE_SZ, static_cast<int>(bytes));  // see the header
}

Result<std::size_t> bytes_in_pipe(int pipe) {
    int waiting = 0;
    if (::ioctl(pipe, FIONREAD, &waiting) < 0) return last_error("look into a pipe");
    return static_cast<std::size_t>(waiting);
}

Result<std::size_t> read_some(int fd, char* buffer, std::size_t size) {
    while (true) {
        ssize_t count = ::read(fd, buffer, size);
        if (count >= 0) return static_cast<std::size_t>(count);
        if (errno == EINTR) continue;
        if (errno == EAGAIN)
            return Error(ErrorKind::unavailable, "read: no data yet").set_error_number(EAGAIN);
        return last_error("read from descriptor", cat(fd));
    }
}

Result<std::size_t> write_some(int fd, std::string_view bytes) {
    while (true) {
        ssize_t count = ::write(fd, bytes.data(), bytes.size());
        if (count >= 0) return static_cast<std::size_t>(count);
        if (errno == EINTR) continue;
        if (errno == EAGAIN)
            return Error(ErrorKind::unavailable, "write: would block").set_error_number(EAGAIN);
        return last_error("write to descriptor", cat(fd));
    }
}

Result<> write_all(int fd, std::string_view bytes) {
    while (!bytes.empty())
        bytes.remove_prefix(TRY(write_some(fd, bytes)));
    return {};
}

Result<std::string> read_to_end(int fd, std::size_t max_bytes) {
    std::string out;
    char buffer[16384];
    while (true) {
        std::size_t count = TRY(read_some(fd, buffer, sizeof buffer));
        if (count == 0) return out;
        if (out.size() + count > max_bytes)
            return fail(ErrorKind::resource_exhausted, "read: more than ", max_bytes, " bytes");
        out.append(buffer, count);
    }
}

Result<> sync(int fd) {
    if (::fsync(fd) < 0) return last_error("fsync");
    return {};
}

Result<> start_writeback(int fd, std::uint64_t offset, std::uint64_t size_bytes) {
    int outcome = ::sync_file_range(fd, static_cast<off64_t>(offset), static_cast<off64_t>(size_bytes),
                                    SYNC_FILE_RANGE_WRITE);
    if (outcome < 0 && errno != ESPIPE && errno != ENOSYS && errno != EINVAL)
        return last_error("start to write out a file");
    return {};
}

}  // namespace tare::posix
