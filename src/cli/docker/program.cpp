// The program: global flags, finding the command, telling its failure.

#include "cli/common/key_value.h"
#include "cli/common/safe_text.h"
#include "cli/docker/command.h"
#include "cli/docker/completion.h"
#include "cli/docker/help.h"

namespace tare::cli::docker {

namespace {

struct GlobalOptions {
    std::vector<std::string> hosts;
    std::string config;
    std::string context;
    std::string log_level = "info";
    std::string tls_ca, tls_cert, tls_key;
    bool debug = false;
    bool tls = false;
    bool tls_verify = false;
    bool version = false;
    bool help = false;
};

void define(FlagSet& flags, GlobalOptions& options) {
    flags.list(options.hosts, "host", 'H', "Socket of the daemon, unix:///path");
    flags.text(options.config, "config", 0, "Directory of the client's configuration (default ~/.docker)")
        .completion = "file";
    flags.text(options.context, "context", 'c', "Name of the context; \"default\" is the only one")
        .completion = "default";
    flags.boolean(options.debug, "debug", 'D', "Tell more about failures");
    flags.text(options.log_level, "log-level", 'l', "Level of messages: debug, info, warn, error, fatal")
        .completion = "debug|info|warn|error|fatal";
    flags.boolean(options.tls, "tls", 0, "Use TLS (not for unix sockets)");
    flags.text(options.tls_ca, "tlscacert", 0, "Certificates to trust").is_hidden = true;
    flags.text(options.tls_cert, "tlscert", 0, "Own certificate").is_hidden = true;
    flags.text(options.tls_key, "tlskey", 0, "Own key").is_hidden = true;
    flags.boolean(options.tls_verify, "tlsverify", 0, "Use TLS and verify the daemon (not for unix sockets)");
    flags.boolean(options.version, "version", 'v', "Print the version");
    flags.boolean(options.help, "help", 0, "Print this help");
}

std::string environment_or(std::string_view name, std::string_view otherwise = {}) {
    auto value = environment(name);
    return value && !value->empty() ? *value : std::string(otherwise);
}

Result<Endpoint> choose_endpoint(const GlobalOptions& options) {
    if (options.hosts.size() > 1) return fail(ErrorKind::invalid_argument, "specify only one -H");
    if (options.tls || options.tls_verify)
        return fail(ErrorKind::unimplemented,
                    "TLS is for TCP, which this command does not speak: use a unix socket (-H unix:///path)");
    if (!options.context.empty() && options.context != "default")
        return fail(ErrorKind::not_found, "context ", quote(options.context),
                    ": context not found: there is only \"default\"");
    std::string host = !options.hosts.empty() ? options.hosts[0] : environment_or("DOCKER_HOST");
    if (host.empty()) return Endpoint{cat("unix://", kDefaultSocket), true};
    if (!host.starts_with("unix://"))
        return fail(ErrorKind::unimplemented, "unable to connect to ", host,
                    ": only unix sockets are spoken (unix:///path)");
    return Endpoint{std::move(host), false};
}

Result<Settings> settings_of(const GlobalOptions& options, std::string_view program,
                             std::string_view version) {
    Settings settings;
    settings.program = program;
    settings.version = version;
    settings.endpoint = TRY(choose_endpoint(options));
    settings.config_directory =
        !options.config.empty() ? options.config
                                : environment_or("DOCKER_CONFIG", cat(environment_or("HOME"), "/.docker"));
    settings.api_version = environment_or("DOCKER_API_VERSION");
    settings.debug = options.debug || options.log_level == "debug";
    return settings;
}

int run_command(const Command& command, const Settings& settings, std::span<const std::string> words,
                Invocation::Mode mode) {
    Invocation call(command, settings, words, mode);
    auto result = command.run(call);
    if (result) return *result;
    std::string message = result.error().message();
    if (!result.error().hint().empty()) message += cat(" (", result.error().hint(), ')');
    print_error(cat(message, '\n'));
    return kExitFailure;
}

int unknown_command(std::string_view program, std::string_view path, std::string_view group) {
    std::string usage = group.empty() ? std::string() : cat("Usage:  ", program, ' ', group, "\n\n");
    print_error(cat(program, ": unknown command: ", program, ' ', path, "\n\n", usage, "Run '", program,
                    group.empty() ? "" : " ", group, " --help' for more information\n"));
    return kExitFailure;
}

// Finds the command in `words`, whose first one is a name, and runs it.
int dispatch(std::span<const std::string> words, const Settings& settings, Invocation::Mode mode) {
    const std::string& name = words[0];
    if (!is_group(name)) {
        const Command* command = find_command(name);
        if (command == nullptr) return unknown_command(settings.program, name, {});
        return run_command(*command, settings, words.subspan(1), mode);
    }
    bool wants_help =
        words.size() == 1 || words[1] == "--help" || words[1] == "-h" || mode == Invocation::Mode::help;
    const Command* command = words.size() > 1 ? find_command(cat(name, ' ', words[1])) : nullptr;
    if (command != nullptr) return run_command(*command, settings, words.subspan(2), mode);
    if (wants_help) {
        // Asked for, help is the output; as an answer to half a command it is a remark.
        words.size() == 1 && mode == Invocation::Mode::act ? print_error(group_help(name, settings.program))
                                                           : print(group_help(name, settings.program));
        return 0;
    }
    return unknown_command(settings.program, cat(name, ' ', words[1]), name);
}

int complete(std::span<const std::string> words, const Settings& settings, const FlagSet& flags) {
    std::size_t at = 0;
    while (at + 1 < words.size() && words[at].starts_with('-')) {
        const Flag* flag =
            flags.find(std::string_view(words[at]).substr(std::min<std::size_t>(2, words[at].size())));
        at += flag != nullptr && flag->no_value.empty() ? 2 : 1;
    }
    if (at >= words.size()) return 0;
    words = words.subspan(at);
    if (words.size() == 1) {
        print(complete_path({}, words[0], flags));
        return 0;
    }
    bool in_group = is_group(words[0]);
    if (in_group && words.size() == 2) {
        print(complete_path(words[0], words[1], flags));
        return 0;
    }
    const Command* command = find_command(in_group ? cat(words[0], ' ', words[1]) : words[0]);
    if (command == nullptr) return 0;
    return run_command(*command, settings, words.subspan(in_group ? 2 : 1), Invocation::Mode::complete);
}

std::string program_name(std::string_view argument) {
    std::string_view base = argument.substr(argument.rfind('/') + 1);
    return base == "docker" ? "docker" : "tare";
}

}  // namespace

int run_program(std::span<const std::string> arguments, std::string_view version) {
    std::string program = program_name(arguments.empty() ? "" : arguments[0]);
    if (!arguments.empty()) arguments = arguments.subspan(1);
    GlobalOptions options;
    FlagSet flags;
    define(flags, options);
    if (!arguments.empty() && arguments[0] == "__complete") {
        auto settings = settings_of(options, program, version);
        return settings ? complete(arguments.subspan(1), *settings, flags) : 0;
    }
    auto words = flags.parse(arguments, FlagSet::Interspersed::no);
    if (!words) {
        print_error(cat(words.error().message(), "\n\nUsage:  ", program,
                        " [OPTIONS] COMMAND [ARG...]\n\nRun '", program, " --help' for more information\n"));
        return kExitDaemon;
    }
    if (options.version) {
        print(cat(program, " version ", version, '\n'));
        return 0;
    }
    if (options.help || words->empty()) {
        print(program_help(flags, program));
        return 0;
    }
    auto settings = settings_of(options, program, version);
    if (!settings) {
        print_error(cat(settings.error().message(), '\n'));
        return kExitFailure;
    }
    auto mode = Invocation::Mode::act;
    std::span<const std::string> rest = *words;
    if (rest[0] == "help") {
        rest = rest.subspan(1);
        mode = Invocation::Mode::help;
        if (rest.empty()) {
            print(program_help(flags, program));
            return 0;
        }
    }
    return dispatch(rest, *settings, mode);
}

}  // namespace tare::cli::docker
