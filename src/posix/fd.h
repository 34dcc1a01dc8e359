#pragma once

// Descriptors have owners: Fd is the only type that closes one.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tare::posix {

/// Owns a descriptor; closes it when destroyed. -1 (or any negative) is "none".
class Fd {
  public:
    Fd() = default;
    /// Takes over `fd`.
    explicit Fd(int fd) : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        if (this != &other) {
            reset();
            fd_ = std::exchange(other.fd_, -1);
        }
        return *this;
    }
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    ~Fd() { reset(); }

    /// The descriptor, still owned by this object.
    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }
    /// Gives the descriptor away.
    [[nodiscard]] int release() { return std::exchange(fd_, -1); }
    /// Closes it now.
    void reset();

  private:
    int fd_ = -1;
};

/// The current errno as an Error: "operation object: reason".
Error last_error(std::string_view operation, std::string_view object = {});

/// A second descriptor of the same open file, O_CLOEXEC.
Result<Fd> duplicate(int fd);
/// dup2: `fd` also becomes the descriptor `target` (kept open over exec).
Result<> duplicate_onto(int fd, int target);
Result<> set_nonblocking(int fd, bool nonblocking);
Result<> set_close_on_exec(int fd, bool close_on_exec);
/// Closes every descriptor from `first` up in this process (close_range), or marks them O_CLOEXEC.
enum class CloseHow { now, on_exec };
Result<> close_from(int first, CloseHow how);
/// Closes every descriptor of this process from 3 up but these.
Result<> close_all_but(std::vector<int> kept);

struct Pipe {
    Fd read_end;
    Fd write_end;
};
/// A pipe, both ends O_CLOEXEC.
Result<Pipe> make_pipe();
/// How much a pipe holds before its writer waits, rounded up to pages. A hint: beyond the limits of the
/// machine the pipe stays as it is.
void set_pipe_capacity(int pipe, std::size_t bytes);
/// What has been written to a pipe and not yet been read.
Result<std::size_t> bytes_in_pipe(int pipe);

/// One read(2), repeated on EINTR; 0 is the end. EAGAIN is `unavailable` with error_number EAGAIN.
Result<std::size_t> read_some(int fd, char* buffer, std::size_t size);
/// One write(2), repeated on EINTR.
Result<std::size_t> write_some(int fd, std::string_view bytes);
/// All bytes, waiting as long as the descriptor blocks.
Result<> write_all(int fd, std::string_view bytes);
/// fsync(2): what was written is on disk.
Result<> sync(int fd);
/// sync_file_range(2): starts to write out that stretch without waiting for it, so that a later sync()
/// has less to do. A file system that cannot is success.
Result<> start_writeback(int fd, std::uint64_t offset, std::uint64_t size_bytes);
/// Everything up to the end, at most `max_bytes` (resource_exhausted beyond).
Result<std::string> read_to_end(int fd, std::size_t max_bytes);

}  // namespace tare::posix
