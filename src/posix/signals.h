#pragma once

// Signals as data: blocked, and read from a descriptor.

#include <span>
#include <vector>

#include "posix/fd.h"

namespace tare::posix {

/// All signals that can be blocked are, for this thread, until it is destroyed; what arrives is read
/// from the descriptor.
class SignalQueue {
  public:
    static Result<SignalQueue> open();
    /// Readable when a signal has arrived.
    int descriptor() const { return fd_.get(); }
    /// The next signal's number; waits for one.
    Result<int> next() const;

  private:
    Fd fd_;
};

/// Every signal unblocked and with its default action: what a program that is about to be executed must
/// find, whatever its parent had set.
Result<> reset_signals();

/// Writing to a pipe that nobody reads is an error for the calling thread, not the end of the program.
void block_broken_pipe_signal();

/// Waits for input (or the end) on any of these descriptors and returns those that have it.
Result<std::vector<int>> wait_for_any(std::span<const int> descriptors);

}  // namespace tare::posix
