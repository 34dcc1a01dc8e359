#include <algorithm>
#include <cstdlib>

#include <fcntl.h>

#include "apps/tare-oci/invocation.h"
#include "base/log.h"
#include "cli/common/flags.h"
#include "posix/credentials.h"
#include "posix/file.h"
#include "posix/path.h"
#include "posix/reexec.h"
#include "run/runtime/time_text.h"

namespace {

using namespace tare;
using oci_command::Globals;

std::string default_root() {
    const char* runtime_directory = std::getenv("XDG_RUNTIME_DIR");
    if (posix::effective_user() != 0 && runtime_directory) return cat(runtime_directory, "/tare-oci");
    return "/run/tare-oci";
}

/// Callers (go-runc, conmon, BuildKit) read the last line of level error as the cause.
Result<> write_log(const Globals& globals, const Error& error) {
    if (globals.log.empty()) return {};
    posix::Fd file = TRY(posix::open_file(globals.log, O_WRONLY | O_CREAT | O_APPEND, 0644));
    std::string line;
    if (globals.log_format == "json") {
        Json document;
        document.set("level", "error").set("msg", error.message()).set("time", runtime::rfc3339_now());
        line = dump(document);
    } else {
        line = cat("time=", quote(runtime::rfc3339_now()), " level=error msg=", quote(error.message()));
    }
    return posix::write_all(file.get(), cat(line, "\n"));
}

std::string help_text() {
    std::string text = "Usage: tare-oci [GLOBAL FLAGS] COMMAND [FLAGS] ARGUMENTS\n\nCommands:\n";
    for (auto& command : oci_command::commands()) {
        std::string name(command.name);
        name.resize(10, ' ');
        text += cat("  ", name, command.summary, "\n");
    }
    return text +
           "\nGlobal flags: --root DIR, --log FILE, --log-format text|json, --debug, --rootless "
           "true|false|auto,\n"
           "  --systemd-cgroup, --version, --help\n";
}

std::string version_text() {
    return cat("runc version ", TARE_VERSION, " (tare-oci)\ncommit: tare\nspec: ", oci::kRuntimeSpecVersion,
               "\n");
}

/// Where the command's name stands: the first word that is neither a global flag nor its value.
Result<std::size_t> parse_globals(std::span<const std::string> words, Globals& globals, bool& wants_version,
                                  bool& wants_help) {
    cli::FlagSet flags;
    std::string ignored;
    flags.text(globals.root, "root", 0, "State directory");
    flags.text(globals.log, "log", 0, "Log file");
    flags.text(globals.log_format, "log-format", 0, "text or json");
    flags.text(globals.rootless, "rootless", 0, "true, false or auto");
    flags.text(ignored, "criu", 0, "Accepted for compatibility");
    flags.boolean(globals.debug, "debug", 0, "Log everything");
    flags.boolean(globals.systemd_cgroup, "systemd-cgroup", 0, "Use systemd for cgroups");
    flags.boolean(wants_version, "version", 'v', "Print the version");
    flags.boolean(wants_help, "help", 'h', "Print this help");
    auto rest = TRY(flags.parse(words, cli::FlagSet::Interspersed::no));
    if (globals.log_format != "text" && globals.log_format != "json")
        return fail(ErrorKind::invalid_argument, "invalid log-format: ", quote(globals.log_format));
    if (globals.systemd_cgroup)
        return fail(ErrorKind::failed_precondition, "--systemd-cgroup: tare-oci manages cgroups by itself")
            .set_hint("configure the cgroupfs driver");
    if (posix::clean_path(globals.root) == "/")
        return fail(ErrorKind::invalid_argument, "Option --root argument should not be set to /");
    return words.size() - rest.size();
}

Result<int> run(std::span<const std::string> words, Globals& globals) {
    bool wants_version = false;
    bool wants_help = false;
    std::size_t at = TRY(parse_globals(words, globals, wants_version, wants_help));
    if (wants_version) {
        TRY(oci_command::print(version_text()));
        return 0;
    }
    if (wants_help || at == words.size()) {
        TRY(oci_command::print(help_text()));
        return wants_help ? 0 : 1;
    }
    if (globals.debug) log::set_level(log::Level::debug);
    auto all = oci_command::commands();
    auto command = std::ranges::find(all, words[at], &oci_command::Command::name);
    if (command == all.end())
        return fail(ErrorKind::invalid_argument, "No help topic for ", quote(words[at]))
            .set_hint("see tare-oci --help");
    // Our own file must not be reachable for writing from inside of a container (CVE-2019-5736).
    if (words[at] == "create" || words[at] == "run" || words[at] == "exec")
        TRY(posix::run_from_read_only_copy());
    return command->run(globals, words.subspan(at + 1));
}

}  // namespace

int main(int count, char** values) {
    std::vector<std::string> words(values + 1, values + count);
    Globals globals;
    globals.root = default_root();
    log::set_level(log::Level::warning);
    auto outcome = run(words, globals);
    if (outcome) return *outcome;
    if (auto logged = write_log(globals, outcome.error()); !logged) log::failure("log", logged.error());
    std::string hint = outcome.error().hint().empty() ? "" : cat(" (", outcome.error().hint(), ")");
    const std::string& message = outcome.error().message();
    std::string_view name = message.starts_with("tare-oci: ") ? "" : "tare-oci: ";
    (void)posix::write_all(2, cat(name, message, hint, "\n"));  // no other place is left
    bool is_exec = std::ranges::find(words, "exec") != words.end();
    return is_exec ? 255 : 1;
}
