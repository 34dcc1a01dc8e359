#pragma once

// tare-oci: the OCI runtime as a command with runc's flags, outputs and exit codes.

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/common/flags.h"
#include "run/runtime/container.h"

namespace tare::oci_command {

/// The flags before the command's name.
struct Globals {
    std::string root;
    std::string log;
    std::string log_format = "text";
    std::string rootless = "auto";
    bool debug = false;
    bool systemd_cgroup = false;

    cgroup::Permission cgroup_permission() const;
};

/// runtime::CreateOptions::seccomp_cache: one for all containers of this user.
std::string seccomp_cache();

/// A command: its words after the name; the value is the exit code.
using Run = Result<int> (*)(const Globals& globals, std::span<const std::string> words);

struct Command {
    std::string_view name;
    std::string_view usage;  ///< arguments
    std::string_view summary;
    Run run;
};
std::span<const Command> commands();

Result<int> run_create(const Globals& globals, std::span<const std::string> words);
Result<int> run_run(const Globals& globals, std::span<const std::string> words);
Result<int> run_start(const Globals& globals, std::span<const std::string> words);
Result<int> run_events(const Globals& globals, std::span<const std::string> words);
Result<int> run_features(const Globals& globals, std::span<const std::string> words);
Result<int> run_exec(const Globals& globals, std::span<const std::string> words);
Result<int> run_kill(const Globals& globals, std::span<const std::string> words);
Result<int> run_delete(const Globals& globals, std::span<const std::string> words);
Result<int> run_pause(const Globals& globals, std::span<const std::string> words);
Result<int> run_resume(const Globals& globals, std::span<const std::string> words);
Result<int> run_state(const Globals& globals, std::span<const std::string> words);
Result<int> run_list(const Globals& globals, std::span<const std::string> words);
Result<int> run_ps(const Globals& globals, std::span<const std::string> words);
Result<int> run_spec(const Globals& globals, std::span<const std::string> words);
Result<int> run_update(const Globals& globals, std::span<const std::string> words);

/// The flags of one command, with --help: parsing that prints the help and ends the program.
class CommandFlags : public cli::FlagSet {
  public:
    explicit CommandFlags(std::string_view command);
};

/// Writes to standard output.
Result<> print(std::string_view text);

/// Passes a console's master to whoever listens on `socket_path`, with the slave's name as the
/// message, as runc does; or copies between it and our own terminal until it closes.
Result<> send_console(const std::string& socket_path, int master);
/// Passes a descriptor of the process to whoever listens on `socket_path`; `kind` is the message, "standard"
/// of a first process or "setns" of one that joined, as runc has it. "" passes nothing.
Result<> send_pidfd(const std::string& socket_path, const posix::Process& process, std::string_view kind);
Result<> write_pid_file(const std::string& path, pid_t pid);

/// Runs in the foreground: forwards signals to the process, the terminal's bytes both ways, and waits.
Result<posix::ExitStatus> attend(posix::Process& process, posix::Fd console);

}  // namespace tare::oci_command
