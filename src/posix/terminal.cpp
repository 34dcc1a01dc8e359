#include "posix/terminal.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "posix/path.h"

namespace tare::posix {

struct RawMode::State {
    int terminal = -1;
    termios before{};
};

Result<Fd> open_terminal_master(int devpts_directory) {
    Fd master = TRY(open_beneath_no_links(devpts_directory, "ptmx", O_RDWR | O_NOCTTY));
    int unlocked = 0;
    if (::ioctl(master.get(), TIOCSPTLCK, &unlocked) < 0) return last_error("unlock the pseudo-terminal");
    return master;
}

Result<Fd> open_terminal_slave(int master) {
    int slave = ::ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0) return last_error("open the pseudo-terminal's slave");
    return Fd(slave);
}

Result<> make_controlling_terminal(int slave) {
    if (::ioctl(slave, TIOCSCTTY, 0) < 0) return last_error("set the controlling terminal");
    return {};
}

Result<> lead_foreground_group(int terminal) {
    if (::setpgid(0, 0) < 0) return last_error("make a process group");
    // ENOTTY: no terminal, or not the controlling one.
    if (::tcsetpgrp(terminal, ::getpid()) < 0 && errno != ENOTTY && errno != ENXIO && errno != EBADF)
        return last_error("go to the foreground of the terminal");
    return {};
}

bool is_terminal(int fd) {
    return ::isatty(fd) == 1;
}

Result<WindowSize> window_size(int terminal) {
    winsize size{};
    if (::ioctl(terminal, TIOCGWINSZ, &size) < 0) return last_error("read the window size");
    return WindowSize{size.ws_row, size.ws_col};
}

Result<> set_window_size(int terminal, WindowSize size) {
    winsize wanted{};
    wanted.ws_row = size.rows;
    wanted.ws_col = size.columns;
    if (::ioctl(terminal, TIOCSWINSZ, &wanted) < 0) return last_error("set the window size");
    return {};
}

Result<RawMode> RawMode::enter(int terminal) {
    auto state = std::make_unique<State>();
    state->terminal = terminal;
    if (::tcgetattr(terminal, &state->before) < 0) return last_error("read the terminal's mode");
    termios raw = state->before;
    ::cfmakeraw(&raw);
    if (::tcsetattr(terminal, TCSANOW, &raw) < 0) return last_error("set the terminal to raw mode");
    return RawMode(std::move(state));
}

RawMode::RawMode(std::unique_ptr<State> state) : state_(std::move(state)) {}
RawMode::RawMode(RawMode&&) noexcept = default;

RawMode& RawMode::operator=(RawMode&& other) noexcept {
    leave();
    state_ = std::move(other.state_);
    return *this;
}

RawMode::~RawMode() {
    leave();
}

void RawMode::leave() {
    // A terminal that has gone away needs no mode.
    if (state_) ::tcsetattr(state_->terminal, TCSANOW, &state_->before);
    state_.reset();
}

}  // namespace tare::posix
