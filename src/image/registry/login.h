#pragma once

// `docker login`: whether a registry takes these credentials.

#include <stop_token>
#include <string>

#include "image/registry/credentials.h"
#include "image/registry/registry.h"

namespace tare::registry {

struct LoginAnswer {
    std::string status;          ///< "Login Succeeded"
    std::string identity_token;  ///< a refresh token to keep instead of the password; mostly empty
};

/// Asks `server` ("", "docker.io" and "https://index.docker.io/v1/" are Docker Hub; "host[:port]", with
/// or without scheme and path). unauthenticated in the registry's words if it refuses.
Result<LoginAnswer> check_login(Registry& registry, std::string_view server, const Credentials& credentials,
                                const std::stop_token& cancel = {});

}  // namespace tare::registry
