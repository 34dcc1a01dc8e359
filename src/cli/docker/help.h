#pragma once

// The help texts, made of the command table and the flags.

#include <string>
#include <string_view>

#include "cli/docker/command.h"

namespace tare::cli::docker {

/// "Usage:  tare ps [OPTIONS]".
std::string usage_line(const Command& command, std::string_view program);
/// The help of one command.
std::string command_help(const Command& command, const FlagSet& flags, std::string_view program);
/// The help of a management command ("container").
std::string group_help(std::string_view group, std::string_view program);
/// The help of the program with its global flags.
std::string program_help(const FlagSet& flags, std::string_view program);
/// What a management command is about; "" for other names.
std::string_view group_summary(std::string_view group);

}  // namespace tare::cli::docker
