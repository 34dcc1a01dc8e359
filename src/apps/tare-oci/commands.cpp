#include <algorithm>
#include <array>
#include <cstdlib>

#include "apps/tare-oci/invocation.h"
#include "posix/credentials.h"

namespace tare::oci_command {

namespace {

constexpr std::array kCommands = {
    Command{"create", "ID", "create a container", &run_create},
    Command{"delete", "ID", "delete what a container holds", &run_delete},
    Command{"events", "ID", "print what a container uses, and when it runs out of memory", &run_events},
    Command{"exec", "ID COMMAND [ARG...]", "run one more process in a container", &run_exec},
    Command{"features", "", "print what this runtime can do", &run_features},
    Command{"kill", "ID [SIGNAL]", "send a signal to the container's first process", &run_kill},
    Command{"list", "", "list the containers", &run_list},
    Command{"pause", "ID", "freeze all processes of a container", &run_pause},
    Command{"ps", "ID", "show the processes of a container", &run_ps},
    Command{"resume", "ID", "thaw a paused container", &run_resume},
    Command{"run", "ID", "create, start and wait for a container", &run_run},
    Command{"spec", "", "write a config.json to begin with", &run_spec},
    Command{"start", "ID", "start a created container", &run_start},
    Command{"state", "ID", "print the state of a container", &run_state},
    Command{"update", "ID", "change a container's limits", &run_update},
};

constexpr std::size_t help_columns = 80;

}  // namespace

std::span<const Command> commands() {
    return kCommands;
}

CommandFlags::CommandFlags(std::string_view command) {
    auto tell = [this, command](std::string_view) -> Result<> {
        auto known = std::ranges::find(kCommands, command, &Command::name);
        TRY(print(cat("Usage: tare-oci ", command, " [FLAGS] ", known->usage, "\n\nIt is to ", known->summary,
                      ".\n\nFlags:\n", usage(help_columns))));
        posix::exit_now(0);
    };
    custom("help", 'h', "", "Print this help", tell).no_value = "true";
}

std::string seccomp_cache() {
    if (posix::effective_user() == 0) return "/run/tare/seccomp";
    const char* runtime_directory = std::getenv("XDG_RUNTIME_DIR");
    return runtime_directory ? cat(runtime_directory, "/tare/seccomp") : "";
}

cgroup::Permission Globals::cgroup_permission() const {
    bool is_rootless = rootless == "true" || (rootless == "auto" && posix::effective_user() != 0);
    return is_rootless ? cgroup::Permission::optional : cgroup::Permission::required;
}

Result<> print(std::string_view text) {
    return posix::write_all(1, text);
}

}  // namespace tare::oci_command
