// tare-init: process 1 of a container that was started with --init. It runs the command as its child,
// passes signals on to it, reaps what others leave behind, and ends as the command ends.
//
//     tare-init -- COMMAND [ARGUMENT…]

#include <cerrno>
#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include "posix/credentials.h"
#include "posix/poll.h"
#include "posix/process.h"
#include "posix/terminal.h"

namespace {

using namespace tare;

// As a shell answers.
constexpr int kNotFound = 127;
constexpr int kNotExecutable = 126;
constexpr int kInitFailed = 1;

void complain(std::string_view message) {
    // There is nowhere else to say it.
    (void)posix::write_all(2, cat("tare-init: ", message, "\n"));
}

// What a fault of this program raises must end it, and stops are not for process 1 to take part in.
std::vector<int> forwarded_signals() {
    std::vector<int> signals;
    for (int signal = 1; signal <= 64; ++signal) {
        bool is_own = false;
        for (int own : {SIGKILL, SIGSTOP, SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGABRT, SIGTRAP, SIGSYS, 32, 33})
            is_own = is_own || signal == own;
        if (!is_own) signals.push_back(signal);
    }
    return signals;
}

std::string_view variable(char** env, std::string_view name) {
    for (char** entry = env; *entry != nullptr; ++entry) {
        auto [key, value] = cut(*entry, '=');
        if (key == name) return value.value_or("");
    }
    return {};
}

// execvp(3) in the container's own environment; returns the exit code of a failure.
int execute_by_path(char** argv, char** env) {
    const std::string name = argv[0];
    int reason = ENOENT;
    if (name.find('/') != std::string::npos) {
        reason = posix::execute(argv[0], argv, env).error_number();
    } else {
        for (std::string_view directory : split(variable(env, "PATH"), ':')) {
            const std::string path = cat(directory.empty() ? "." : directory, "/", name);
            const int failed = posix::execute(path.c_str(), argv, env).error_number();
            // One that may not be run is what there is to say if no other is found.
            if (failed != ENOENT && failed != ENOTDIR) reason = failed;
        }
    }
    complain(errno_error(reason, "exec", name).message());
    return reason == ENOENT ? kNotFound : kNotExecutable;
}

// Passes signals on and reaps until the command has ended.
Result<int> supervise(posix::SignalSelection& signals, const posix::Process& command) {
    for (;;) {
        posix::PollItem item{.fd = signals.descriptor()};
        TRY(posix::wait_any({&item, 1}, Deadline::never()));
        while (auto signal = TRY(signals.next())) {
            if (*signal != SIGCHLD) {
                // A background write of the command's is its own affair.
                if (*signal != SIGTTIN && *signal != SIGTTOU) (void)command.kill(*signal);
                continue;
            }
            while (auto reaped = posix::reap_child())
                if (reaped->pid == command.pid()) return reaped->status.shell_code();
        }
    }
}

Result<int> run(char** argv, char** env) {
    const std::vector<int> forwarded = forwarded_signals();
    std::optional<posix::SignalSelection> signals = TRY(posix::SignalSelection::open(forwarded));
    posix::Process command = TRY(posix::fork_process());
    if (!command) {
        // Ctrl-C of the terminal is for the command, not for process 1 and it twice.
        if (auto leads = posix::lead_foreground_group(0); !leads) complain(leads.error().message());
        signals.reset();  // the mask as it was
        posix::exit_now(execute_by_path(argv, env));
    }
    return supervise(*signals, command);
}

}  // namespace

int main(int argc, char** argv, char** env) {
    int first = 1;
    if (argc > 1 && std::string_view(argv[1]) == "--") first = 2;
    if (argc <= first) {
        complain("no command; usage: tare-init [--] COMMAND [ARGUMENT...]");
        return kInitFailed;
    }
    auto code = run(argv + first, env);
    if (code) return *code;
    complain(code.error().message());
    return kInitFailed;
}
