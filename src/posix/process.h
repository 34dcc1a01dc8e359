#pragma once

// Processes: the one way to start a program, pidfds, waiting with a deadline.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "base/deadline.h"
#include "posix/fd.h"

namespace tare::posix {

/// How a process ended.
struct ExitStatus {
    int code = 0;    ///< of exit(2), if `signal` is 0
    int signal = 0;  ///< that killed it, or 0

    /// As a shell tells it: the code, or 128 plus the signal.
    int shell_code() const { return signal != 0 ? 128 + signal : code; }
    bool operator==(const ExitStatus&) const = default;
};

/// The status word of wait(2) as an ExitStatus.
ExitStatus exit_status_of(int wait_status);

/// A program to start. Its environment is exactly `env` (security rule R5); all descriptors but those
/// named here are closed.
struct SpawnOptions {
    std::string program;            ///< absolute path, never searched for
    std::vector<std::string> args;  ///< argv, with argv[0]
    std::vector<std::string> env;
    std::string cwd = "/";
    /// Ours and the number that the program sees it under. 0, 1 and 2 are /dev/null unless given.
    std::vector<std::pair<int, int>> descriptors;
    enum class Session { same, fresh } session = Session::same;
    /// Whether it is killed when the starting thread ends.
    enum class Fate { independent, dies_with_parent } fate = Fate::independent;
};

/// A child of this process. Destroying it neither kills nor reaps the child.
class Process {
  public:
    Process() = default;
    Process(pid_t pid, Fd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}

    pid_t pid() const { return pid_; }
    /// Readable when the process has ended.
    int pidfd() const { return pidfd_.get(); }
    explicit operator bool() const { return pid_ > 0; }

    /// Waits for the end and reaps; deadline_exceeded leaves the process running.
    Result<ExitStatus> wait(Deadline deadline = Deadline::never());
    /// A signal; not_found if it has ended.
    Result<> kill(int signal) const;

  private:
    pid_t pid_ = -1;
    Fd pidfd_;
};

/// Starts a program. An exec that fails is reported here, with the program's name, as not_found or
/// permission_denied.
Result<Process> spawn(const SpawnOptions& options);

/// fork(2): an empty Process in the child. For single-threaded programs that may run under a seccomp filter
/// of others: without pidfds the child is reached by its pid, which is its own until it is reaped.
Result<Process> fork_process();

/// A child that has ended, reaped: which and how.
struct Reaped {
    pid_t pid = 0;
    ExitStatus status;
};
/// The next child of this process (or process that it adopted as a subreaper) that has ended; nothing if
/// there is none now.
std::optional<Reaped> reap_child();

/// A descriptor of a running process; not_found if there is none.
Result<Fd> open_pidfd(pid_t pid);
/// A copy of descriptor `number` of the process behind a pidfd (pidfd_getfd(2)), for who may trace it.
Result<Fd> take_descriptor(int pidfd, int number);
/// Waits until the process behind a pidfd has ended, of which we need not be the parent; false if the
/// deadline passed first.
Result<bool> wait_for_end(int pidfd, Deadline deadline);
/// A signal by pidfd, so that it cannot reach a successor of the same pid.
Result<> send_signal(int pidfd, int signal);
/// When the process was started, in clock ticks since boot (field 22 of /proc/PID/stat), and its state
/// letter; nothing if it is gone.
struct ProcessFacts {
    std::uint64_t start_time = 0;
    char state = '?';
};
std::optional<ProcessFacts> process_facts(pid_t pid);

/// getpid(2): the caller's id in its own pid namespace.
pid_t own_pid();

/// "SIGTERM", "term" or "15" as a number; nothing for an unknown one. Real-time signals as
/// "RTMIN+n" and "RTMAX-n".
std::optional<int> parse_signal(std::string_view text);
/// "SIGTERM"; the number as text if it has no name.
std::string signal_name(int signal);

}  // namespace tare::posix
