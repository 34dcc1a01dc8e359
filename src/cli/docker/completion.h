#pragma once

// What the shell offers at a word: names of commands, flags, containers, images, ….

#include <span>
#include <string>

#include "cli/docker/command.h"

namespace tare::cli::docker {

/// The candidates for the last of `words` (the words behind the command's path), one a line. Asks
/// the daemon for names, and is silent if that fails.
std::string complete_command(const Command& command, const FlagSet& flags, std::span<const std::string> words,
                             const Settings& settings);
/// The candidates for a command's name; `group` is "" or the management command before it.
std::string complete_path(std::string_view group, std::string_view prefix, const FlagSet& global_flags);

}  // namespace tare::cli::docker
