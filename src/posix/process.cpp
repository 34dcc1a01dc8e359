#include "posix/process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "posix/file.h"

namespace tare::posix {

namespace {

std::vector<char*> pointers(const std::vector<std::string>& strings) {
    std::vector<char*> out;
    out.reserve(strings.size() + 1);
    for (auto& each : strings)
        out.push_back(const_cast<char*>(each.c_str()));
    out.push_back(nullptr);
    return out;
}

/// Everything the child needs, made before the fork so that the child allocates nothing.
struct Plan {
    const SpawnOptions& options;
    std::vector<char*> argv;
    std::vector<char*> env;
    std::vector<std::pair<int, int>> moves;
    std::vector<int> kept;  ///< targets above 2, ascending
    int null = -1;
    int report = -1;  ///< pipe to the parent; carries errno if exec fails
};

/// Descriptors are moved in two passes, so that no target overwrites a source that is still needed.
bool place_descriptors(Plan& plan) {
    int floor = 3;
    for (auto& [from, to] : plan.moves)
        floor = std::max(floor, to + 1);
    plan.report = ::fcntl(plan.report, F_DUPFD_CLOEXEC, floor);
    for (auto& [from, to] : plan.moves)
        if ((from = ::fcntl(from, F_DUPFD_CLOEXEC, floor)) < 0) return false;
    for (auto& [from, to] : plan.moves)
        if (::dup2(from, to) < 0) return false;
    return plan.report >= 0;
}

void close_at_exec(unsigned first, unsigned last) {
    if (::syscall(SYS_close_range, first, last, 1U << 2) == 0) return;  // CLOSE_RANGE_CLOEXEC, Linux 5.11
    for (unsigned fd = first; fd <= std::min(last, 1023U); ++fd)
        ::fcntl(static_cast<int>(fd), F_SETFD, FD_CLOEXEC);
}

[[noreturn]] void run_child(Plan& plan) {
    auto give_up = [&] {
        int reason = errno;
        (void)!::write(plan.report, &reason, sizeof reason);
        ::_exit(127);
    };
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    for (int each = 1; each < NSIG; ++each)
        ::signal(each, SIG_DFL);
    if (plan.options.session == SpawnOptions::Session::fresh && ::setsid() < 0) give_up();
    if (plan.options.fate == SpawnOptions::Fate::dies_with_parent) ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::chdir(plan.options.cwd.c_str()) < 0) give_up();
    if (!place_descriptors(plan)) give_up();
    // All the rest closes at exec, also what was opened without O_CLOEXEC by a library.
    unsigned from = 3;
    for (int kept : plan.kept) {
        if (static_cast<unsigned>(kept) > from) close_at_exec(from, static_cast<unsigned>(kept) - 1);
        from = static_cast<unsigned>(kept) + 1;
    }
    close_at_exec(from, ~0U);
    ::execve(plan.options.program.c_str(), plan.argv.data(), plan.env.data());
    give_up();
    __builtin_unreachable();
}

struct SignalName {
    std::string_view name;
    int number;
};
constexpr std::array kSignals = {
    SignalName{"HUP", SIGHUP},       SignalName{"INT", SIGINT},       SignalName{"QUIT", SIGQUIT},
    SignalName{"ILL", SIGILL},       SignalName{"TRAP", SIGTRAP},     SignalName{"ABRT", SIGABRT},
    SignalName{"BUS", SIGBUS},       SignalName{"FPE", SIGFPE},       SignalName{"KILL", SIGKILL},
    SignalName{"USR1", SIGUSR1},     SignalName{"SEGV", SIGSEGV},     SignalName{"USR2", SIGUSR2},
    SignalName{"PIPE", SIGPIPE},     SignalName{"ALRM", SIGALRM},     SignalName{"TERM", SIGTERM},
    SignalName{"STKFLT", SIGSTKFLT}, SignalName{"CHLD", SIGCHLD},     SignalName{"CONT", SIGCONT},
    SignalName{"STOP", SIGSTOP},     SignalName{"TSTP", SIGTSTP},     SignalName{"TTIN", SIGTTIN},
    SignalName{"TTOU", SIGTTOU},     SignalName{"URG", SIGURG},       SignalName{"XCPU", SIGXCPU},
    SignalName{"XFSZ", SIGXFSZ},     SignalName{"VTALRM", SIGVTALRM}, SignalName{"PROF", SIGPROF},
    SignalName{"WINCH", SIGWINCH},   SignalName{"IO", SIGIO},         SignalName{"PWR", SIGPWR},
    SignalName{"SYS", SIGSYS},       SignalName{"IOT", SIGABRT},      SignalName{"POLL", SIGIO},
    SignalName{"CLD", SIGCHLD},
};
// glibc keeps two real-time signals for itself; users count from the kernel's as containers see them.
constexpr int kFirstRealTime = 34;
constexpr int kLastRealTime = 64;

}  // namespace

ExitStatus exit_status_of(int wait_status) {
    if (WIFSIGNALED(wait_status)) return {.code = 0, .signal = WTERMSIG(wait_status)};
    return {.code = WEXITSTATUS(wait_status), .signal = 0};
}

Result<ExitStatus> Process::wait(Deadline deadline) {
    pollfd ended{.fd = pidfd_.get(), .events = POLLIN, .revents = 0};
    while (::poll(&ended, 1, deadline.poll_timeout_ms()) < 0)
        if (errno != EINTR) return last_error("wait for process", cat(pid_));
    if ((ended.revents & POLLIN) == 0)
        return fail(ErrorKind::deadline_exceeded, "wait for process ", pid_, ": it is still running");
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0)
        if (errno != EINTR) return last_error("wait for process", cat(pid_));
    pid_ = -1;
    return exit_status_of(status);
}

Result<> Process::kill(int signal) const {
    if (pidfd_) return send_signal(pidfd_.get(), signal);
    if (::kill(pid_, signal) < 0) return last_error("send signal", signal_name(signal));
    return {};
}

Result<Fd> take_descriptor(int pidfd, int number) {
    long taken = ::syscall(SYS_pidfd_getfd, pidfd, number, 0);
    if (taken < 0) return last_error("take a descriptor of a process", cat(number));
    return Fd(static_cast<int>(taken));
}

Result<bool> wait_for_end(int pidfd, Deadline deadline) {
    pollfd ended{.fd = pidfd, .events = POLLIN, .revents = 0};
    int ready = 0;
    while ((ready = ::poll(&ended, 1, deadline.poll_timeout_ms())) < 0)
        if (errno != EINTR) return last_error("wait for the end of a process");
    return ready > 0;
}

std::optional<Reaped> reap_child() {
    int status = 0;
    pid_t pid = 0;
    while ((pid = ::waitpid(-1, &status, WNOHANG)) < 0 && errno == EINTR) {
    }
    if (pid <= 0) return std::nullopt;
    return Reaped{.pid = pid, .status = exit_status_of(status)};
}

Result<Process> spawn(const SpawnOptions& options) {
    Pipe report = TRY(make_pipe());
    Fd null = TRY(open_file("/dev/null", O_RDWR));
    Plan plan{.options = options,
              .argv = pointers(options.args),
              .env = pointers(options.env),
              .moves = options.descriptors,
              .kept = {},
              .null = null.get(),
              .report = report.write_end.get()};
    for (int standard : {0, 1, 2}) {
        bool given = false;
        for (auto& [from, to] : options.descriptors)
            given = given || to == standard;
        if (!given) plan.moves.emplace_back(null.get(), standard);
    }
    for (auto& [from, to] : plan.moves)
        if (to > 2) plan.kept.push_back(to);
    std::sort(plan.kept.begin(), plan.kept.end());
    // vfork: no page table is copied, whatever the size of the daemon; the child calls only the
    // kernel until it execs, with all signals blocked.
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = ::vfork();  // NOLINT(bugprone-unsafe-functions): for the reason above
    if (pid == 0) run_child(plan);
    int reason = errno;
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (pid < 0) return errno_error(reason, "fork for", options.program);

    Process process(pid, TRY(open_pidfd(pid)));
    report.write_end.reset();
    int exec_errno = 0;
    auto count =
        TRY(read_some(report.read_end.get(), reinterpret_cast<char*>(&exec_errno), sizeof exec_errno));
    if (count == 0) return process;
    TRY(process.wait());
    return errno_error(exec_errno, "exec", options.program);
}

Result<Process> fork_process() {
    pid_t pid = ::fork();
    if (pid < 0) return last_error("fork");
    if (pid == 0) return Process();
    auto pidfd = open_pidfd(pid);
    return Process(pid, pidfd ? std::move(*pidfd) : Fd());
}

Result<Fd> open_pidfd(pid_t pid) {
    long fd = ::syscall(SYS_pidfd_open, pid, 0);
    if (fd < 0) return last_error("open pidfd of process", cat(pid));
    return Fd(static_cast<int>(fd));
}

Result<> send_signal(int pidfd, int signal) {
    if (::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0) < 0)
        return last_error("send signal", signal_name(signal));
    return {};
}

std::optional<ProcessFacts> process_facts(pid_t pid) {
    auto text = read_file(cat("/proc/", pid, "/stat"), 4096);
    if (!text) return std::nullopt;
    // The command's name stands in parentheses and may hold anything, so the last one ends it.
    auto end = text->rfind(')');
    if (end == std::string::npos) return std::nullopt;
    auto fields = split_words(std::string_view(*text).substr(end + 1));
    constexpr std::size_t start_time_field = 22 - 3;
    if (fields.size() <= start_time_field) return std::nullopt;
    return ProcessFacts{parse_integer<std::uint64_t>(fields[start_time_field]).value_or(0), fields[0][0]};
}

pid_t own_pid() {
    return ::getpid();
}

std::optional<int> parse_signal(std::string_view text) {
    if (auto number = parse_integer<int>(text)) {
        if (*number < 1 || *number > kLastRealTime) return std::nullopt;
        return number;
    }
    std::string name = to_lower(text);
    if (name.starts_with("sig")) name.erase(0, 3);
    for (auto& known : kSignals)
        if (to_lower(known.name) == name) return known.number;
    if (name == "rtmin") return kFirstRealTime;
    if (name == "rtmax") return kLastRealTime;
    bool from_first = name.starts_with("rtmin+");
    if (!from_first && !name.starts_with("rtmax-")) return std::nullopt;
    auto offset = parse_integer<int>(std::string_view(name).substr(6));
    if (!offset || *offset < 0 || *offset > kLastRealTime - kFirstRealTime) return std::nullopt;
    return from_first ? kFirstRealTime + *offset : kLastRealTime - *offset;
}

std::string signal_name(int signal) {
    for (auto& known : kSignals)
        if (known.number == signal) return cat("SIG", known.name);
    if (signal >= kFirstRealTime && signal <= kLastRealTime) return cat("SIGRTMIN+", signal - kFirstRealTime);
    return cat(signal);
}

}  // namespace tare::posix
