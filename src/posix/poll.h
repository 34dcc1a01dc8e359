#pragma once

// Waiting for several descriptors at once in a program that has only a handful; and signals as one of
// them.

#include <csignal>
#include <optional>
#include <span>

#include "base/deadline.h"
#include "posix/fd.h"

namespace tare::posix {

/// One descriptor to wait for. A negative one is skipped.
struct PollItem {
    int fd = -1;
    bool wants_write = false;  ///< else it wants to read
    bool is_ready = false;     ///< result: readable or writable, ended or broken
};

/// Waits until one is ready; false if the deadline passed first.
Result<bool> wait_any(std::span<PollItem> items, Deadline deadline);

/// Signals that arrive as readable bytes instead of interrupting. They are blocked in the calling
/// thread (and threads it starts later) until this is destroyed.
class SignalSelection {
  public:
    static Result<SignalSelection> open(std::span<const int> signals);
    SignalSelection(SignalSelection&& other) noexcept;
    SignalSelection& operator=(SignalSelection&&) = delete;
    ~SignalSelection();

    int descriptor() const { return fd_.get(); }
    /// The next signal; nothing if none is waiting.
    Result<std::optional<int>> next();

  private:
    SignalSelection(Fd fd, const sigset_t& before) : fd_(std::move(fd)), before_(before) {}
    Fd fd_;
    sigset_t before_;
};

}  // namespace tare::posix
