#pragma once

// Text from containers, images and registries on its way to a terminal (security entry CL1).

#include <string>
#include <string_view>

namespace tare::cli {

/// The text with everything a terminal would act upon made visible: C0 controls but tab and
/// newline, DEL, C1 controls, bidirectional overrides and invalid UTF-8 become `\x1b`-like escapes.
std::string escape_for_terminal(std::string_view text);

/// Writes to standard output or standard error, all of it; escaped if that is a terminal. Failures
/// (a closed pipe) end nothing: like every filter, the command then goes on without readers.
void print(std::string_view text);
void print_error(std::string_view text);
/// The same without escaping, for streams that are the user's own bytes (logs, tar, `tare run`).
void print_raw(std::string_view bytes);

}  // namespace tare::cli
