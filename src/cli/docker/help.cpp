#include "cli/docker/help.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "posix/terminal.h"

namespace tare::cli::docker {

namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kGroups{{
    {"container", "Work with containers"},
    {"image", "Work with images"},
    {"network", "Work with networks"},
    {"system", "Look after the daemon"},
    {"volume", "Work with volumes"},
}};

// Help is wrapped for the terminal it is read on, or for 80 columns.
std::size_t help_columns() {
    auto size = posix::window_size(1);
    return size && size->columns >= 40 ? size->columns : 80;
}

using Lines = std::vector<std::pair<std::string_view, std::string_view>>;

std::string listing(std::string_view title, const Lines& lines) {
    if (lines.empty()) return {};
    std::size_t width = 0;
    for (const auto& [name, summary] : lines)
        width = std::max(width, name.size());
    std::string out = cat('\n', title, ":\n");
    for (const auto& [name, summary] : lines)
        out += cat("  ", name, std::string(width + 3 - name.size(), ' '), summary, '\n');
    return out;
}

Lines section(Command::Section wanted) {
    Lines lines;
    for (const Command& command : commands())
        if (command.section == wanted && command.path.find(' ') == std::string_view::npos)
            lines.emplace_back(command.path, command.summary);
    return lines;
}

}  // namespace

std::string_view group_summary(std::string_view group) {
    auto found = std::ranges::find(kGroups, group, &std::pair<std::string_view, std::string_view>::first);
    return found == kGroups.end() ? std::string_view() : found->second;
}

std::string usage_line(const Command& command, std::string_view program) {
    return cat("Usage:  ", program, ' ', command.path, ' ', replace_all(command.usage, "{program}", program));
}

std::string command_help(const Command& command, const FlagSet& flags, std::string_view program) {
    std::string out = cat(usage_line(command, program), "\n\n", command.summary, '\n');
    if (!command.aliases.empty()) {
        out += "\nAliases:\n  ";
        std::string separator;
        for (std::string_view alias : split(command.aliases, ',')) {
            out += cat(separator, program, ' ', trim(alias));
            separator = ", ";
        }
        out += '\n';
    }
    std::string usage = flags.usage(help_columns());
    if (!usage.empty()) out += cat("\nOptions:\n", usage);
    return out;
}

std::string group_help(std::string_view group, std::string_view program) {
    Lines lines;
    for (const Command& command : commands())
        if (command.section != Command::Section::hidden && command.path.starts_with(cat(group, ' ')))
            lines.emplace_back(command.path.substr(group.size() + 1), command.summary);
    return cat("Usage:  ", program, ' ', group, " COMMAND\n\n", group_summary(group), '\n',
               listing("Commands", lines), "\nRun '", program, ' ', group,
               " COMMAND --help' for more information on a command.\n");
}

std::string program_help(const FlagSet& flags, std::string_view program) {
    Lines groups(kGroups.begin(), kGroups.end());
    return cat("Usage:  ", program, " [OPTIONS] COMMAND\n\nRun and look after containers\n",
               listing("Common commands", section(Command::Section::common)),
               listing("Management commands", groups), listing("Commands", section(Command::Section::plain)),
               "\nGlobal options:\n", flags.usage(help_columns()), "\nRun '", program,
               " COMMAND --help' for more information on a command.\n");
}

}  // namespace tare::cli::docker
