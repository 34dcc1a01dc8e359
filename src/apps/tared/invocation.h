#pragma once

// tared's command line.

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace tare::tared {

struct Invocation {
    std::optional<std::string> root;
    std::optional<std::string> state;
    std::string config_path = "/etc/tare/config.toml";
    bool has_config_path = false;  ///< said so: then the file must be there
    bool is_debug = false;
    bool wants_version = false;
    bool wants_help = false;
};

/// "--root DIR" or "--root=DIR"; invalid_argument for anything that is no option of tared.
Result<Invocation> parse_invocation(const std::vector<std::string>& arguments);

/// The text of --help.
std::string_view usage();

}  // namespace tare::tared
