#pragma once

// Pseudo-terminals and the terminal that a user sits at.

#include <cstdint>
#include <memory>

#include <sys/types.h>

#include "posix/fd.h"

namespace tare::posix {

struct WindowSize {
    std::uint16_t rows = 0;
    std::uint16_t columns = 0;
};

/// The master of a new pseudo-terminal, opened through this ptmx node (of the right devpts instance),
/// unlocked.
Result<Fd> open_terminal_master(int devpts_directory);
/// The slave that belongs to a master, whatever name a mount has put over it (TIOCGPTPEER).
Result<Fd> open_terminal_slave(int master);
/// Makes it the controlling terminal of the calling session leader.
Result<> make_controlling_terminal(int slave);

/// Puts the calling process into a group of its own, in the foreground of its terminal if `terminal` is
/// that. SIGTTOU is to be blocked.
Result<> lead_foreground_group(int terminal);

bool is_terminal(int fd);
Result<WindowSize> window_size(int terminal);
Result<> set_window_size(int terminal, WindowSize size);

/// Raw mode (no echo, no signals, bytes as typed) until destroyed.
class RawMode {
  public:
    static Result<RawMode> enter(int terminal);
    RawMode(RawMode&&) noexcept;
    RawMode& operator=(RawMode&&) noexcept;
    ~RawMode();
    /// Puts the terminal back as it was.
    void leave();

  private:
    struct State;
    explicit RawMode(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace tare::posix
