#pragma once

// A session: this process's terminal or pipes on one side, a container's streams on the other. Used
// by run, start -a, attach and exec.

#include <functional>
#include <string>

#include "base/result.h"
#include "cli/docker/daemon.h"
#include "posix/poll.h"
#include "posix/terminal.h"

namespace tare::cli::docker {

/// What a session connects.
struct SessionOptions {
    bool tty = false;
    bool input = false;
    bool output = false;        ///< standard output, standard error or both
    std::string detach_keys;    ///< as bytes; "" without detaching
    std::string resize_target;  ///< path of the resize request; "" if the size is not ours to tell
    std::string kill_target;    ///< path of the kill request that signals are passed to; "" for none
};

/// How a session ended.
enum class SessionEnd { ended, detached };

/// Catches the signals that are passed on (from the time of its making) and puts the terminal into
/// raw mode while it runs. One thread.
class Session {
  public:
    /// Blocks the signals; the terminal is not touched yet.
    static Result<Session> open(Daemon& daemon, SessionOptions options);

    /// Copies both ways until the container's side ends or the user detaches. `until`, if given, ends
    /// a session that has no output to wait for.
    Result<SessionEnd> run(Hijacked connection, const PendingAnswer* until = nullptr);
    /// Puts the terminal into raw mode now, before the container starts to write.
    Result<> prepare_terminal();
    /// Puts it back.
    void leave_terminal() {
        if (raw_) raw_->leave();
    }
    /// Tells the container the size of this terminal.
    void send_size();
    /// Tells a wrong size first: a shell that has long written its prompt draws it anew.
    void send_size_twice();

  private:
    Session(Daemon& daemon, SessionOptions options) : daemon_(daemon), options_(std::move(options)) {}
    void tell_size(unsigned more);
    void pass_signals();
    void pass_signal(int signal);

    Daemon& daemon_;
    SessionOptions options_;
    std::optional<posix::SignalSelection> signals_;
    std::optional<posix::RawMode> raw_;
};

/// invalid_argument "the input device is not a TTY" if a terminal is wanted for input and there is none.
Result<> check_input_is_terminal(bool attach_input, bool tty);
/// The bytes of --detach-keys, config.json or ctrl-p,ctrl-q.
std::string chosen_detach_keys(const Settings& settings, const std::string& flag);

}  // namespace tare::cli::docker
