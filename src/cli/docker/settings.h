#pragma once

// The global flags and what the environment and the user's config.json say.

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace tare::cli::docker {

/// Where the daemon listens.
struct Endpoint {
    std::string host;         ///< as the user gave it or the default: "unix:///run/tare/docker.sock"
    bool is_default = false;  ///< nobody named one: tare may start the daemon itself
    /// The path of a unix socket, "" for other kinds.
    std::string socket_path() const;
};

/// The state that every command shares. Read-only after start.
struct Settings {
    std::string program = "tare";  ///< as it was called: "tare" or "docker"
    std::string_view version;      ///< of this program
    Endpoint endpoint;
    std::string config_directory;  ///< --config, DOCKER_CONFIG or ~/.docker
    std::string api_version;       ///< DOCKER_API_VERSION, "" to leave it to the daemon
    bool debug = false;

    /// A text of config.json ("psFormat", "detachKeys"); "" without one or without the file.
    std::string config_text(std::string_view key) const;
};

/// The default socket of tared.
inline constexpr std::string_view kDefaultSocket = "/run/tare/docker.sock";

}  // namespace tare::cli::docker
