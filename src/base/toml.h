#pragma once

// toml++, configured here and nowhere else: its functions are inline, and of two that are configured
// differently the linker keeps one for both, which then reads the other's objects (a parse that crashes).

// NOLINTBEGIN(cppcoreguidelines-macro-usage)
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
// NOLINTEND(cppcoreguidelines-macro-usage)
#include <toml++/toml.h>
