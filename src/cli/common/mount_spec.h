#pragma once

// `-v` and `--mount`.

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace tare::cli {

/// What one `-v` option asks for.
struct VolumeOption {
    enum class Type { anonymous, volume, bind };
    Type type = Type::anonymous;
    std::string target;  ///< of an anonymous volume
    std::string bind;    ///< "source:target[:options]" as the API's Binds has it; source made absolute
};

/// "target", "name:target[:options]", "/path:target[:options]", "./path:…" (relative to
/// `working_directory`). invalid_argument in Docker's wording.
Result<VolumeOption> parse_volume(std::string_view option, std::string_view working_directory);

/// One `--mount` option as an element of the API's HostConfig.Mounts.
Result<Json> parse_mount(std::string_view option, std::string_view working_directory);

}  // namespace tare::cli
