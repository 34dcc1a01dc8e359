#pragma once

// What a command is: a row of the command table and a function that declares its flags, parses and
// acts. The same function gives the help and the completion, so flags are written down once:
//
//     Result<int> ps(Invocation& call) {
//         bool all = false;
//         call.flags.boolean(all, "all", 'a', "Show all containers (default shows just running)");
//         if (!call.parse()) return call.exit_code();
//         …
//     }

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/common/flags.h"
#include "cli/docker/settings.h"

namespace tare::cli::docker {

class Invocation;

/// How many arguments a command takes.
struct Arity {
    std::size_t least = 0;
    std::size_t most = static_cast<std::size_t>(-1);
};

/// One row of the command table. Aliases are rows of their own.
struct Command {
    enum class Section { common, plain, management, hidden };
    std::string_view path;     ///< "ps", "container ls"
    std::string_view usage;    ///< what stands behind the path in the usage line
    std::string_view summary;  ///< one line of the help
    std::string_view aliases;  ///< "container ls, ps", shown in the help
    Arity arity;
    FlagSet::Interspersed interspersed = FlagSet::Interspersed::yes;
    /// The exit status; a failure is printed by the caller, who then exits with 1.
    Result<int> (*run)(Invocation&) = nullptr;
    Section section = Section::plain;
    std::string_view completes =
        {};  ///< what the arguments name: "container", "image", "network", "volume", "file"
};

/// All commands, in the order of the help.
std::span<const Command> commands();
/// The row with this path, nullptr without one.
const Command* find_command(std::string_view path);
/// True if a management command of that name exists ("container").
bool is_group(std::string_view name);

/// One call of a command.
class Invocation {
  public:
    /// What the command's function is to do: act, or only show its flags.
    enum class Mode { act, help, complete };

    Invocation(const Command& command, const Settings& settings, std::span<const std::string> words,
               Mode mode)
        : settings(settings), command_(command), words_(words), mode_(mode) {}

    /// Reads the words; false if the command is over (help was printed, or a mistake was told).
    bool parse();
    /// What the command returns after parse() said false.
    int exit_code() const { return exit_code_; }

    const Command& command() const { return command_; }
    std::string_view program() const { return settings.program; }

    const Settings& settings;
    FlagSet flags;
    std::vector<std::string> arguments;

  private:
    bool stop(int exit_code) {
        exit_code_ = exit_code;
        return false;
    }
    void print_usage_error(std::string_view message, std::string_view verb) const;
    std::string arity_error() const;

    const Command& command_;
    std::span<const std::string> words_;
    Mode mode_;
    int exit_code_ = 0;
};

/// Exit statuses that scripts know from docker.
inline constexpr int kExitFailure = 1;
inline constexpr int kExitTemplate = 64;
inline constexpr int kExitDaemon = 125;
inline constexpr int kExitCannotInvoke = 126;
inline constexpr int kExitNotFound = 127;

/// Runs the program: global flags, the command, its errors. `version` is what --version shows and
/// must outlive the call. Returns the exit status.
int run_program(std::span<const std::string> arguments, std::string_view version);

}  // namespace tare::cli::docker
