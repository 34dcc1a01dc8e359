#include "cli/common/safe_text.h"
#include "cli/docker/command.h"
#include "cli/docker/completion.h"
#include "cli/docker/help.h"

namespace tare::cli::docker {

namespace {

std::string plural(std::size_t count) {
    return cat(count, count == 1 ? " argument" : " arguments");
}

}  // namespace

std::string Invocation::arity_error() const {
    const auto& [least, most] = command_.arity;
    const std::size_t given = arguments.size();
    if (given >= least && given <= most) return {};
    if (most == 0) return "accepts no arguments";
    if (least == most) return cat("requires ", plural(least));
    if (most == static_cast<std::size_t>(-1)) return cat("requires at least ", plural(least));
    if (least == 0) return cat("requires at most ", plural(most));
    return cat("requires at least ", least, " and at most ", plural(most));
}

void Invocation::print_usage_error(std::string_view message, std::string_view verb) const {
    print_error(cat(message, "\n\n", usage_line(command_, settings.program), "\n\n", verb, " '",
                    settings.program, ' ', command_.path, " --help' for more information\n"));
}

bool Invocation::parse() {
    bool help = false;
    if (flags.find("help") == nullptr) flags.boolean(help, "help", 0, "Print this help").is_hidden = true;
    if (mode_ == Mode::help) {
        print(command_help(command_, flags, settings.program));
        return stop(0);
    }
    if (mode_ == Mode::complete) {
        print(complete_command(command_, flags, words_, settings));
        return stop(0);
    }
    auto parsed = flags.parse(words_, command_.interspersed);
    if (!parsed) {
        // `-h` asks for help wherever it means nothing else.
        if (parsed.error().message() == "unknown shorthand flag: 'h' in -h") help = true;
        if (!help) {
            print_usage_error(parsed.error().message(), "Run");
            return stop(kExitDaemon);
        }
    }
    if (help) {
        print(command_help(command_, flags, settings.program));
        return stop(0);
    }
    arguments = std::move(*parsed);
    std::string problem = arity_error();
    if (!problem.empty()) {
        const bool open_ended = command_.arity.most == static_cast<std::size_t>(-1);
        print_usage_error(cat(settings.program, ": '", settings.program, ' ', command_.path, "' ", problem),
                          open_ended ? "See" : "Run");
        return stop(kExitFailure);
    }
    return true;
}

}  // namespace tare::cli::docker
