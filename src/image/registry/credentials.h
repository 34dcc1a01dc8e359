#pragma once

// Who the caller is to a registry. Handed in with each request, never stored or logged (security R20).

#include <string>
#include <string_view>

#include "base/result.h"

namespace tare::registry {

/// What a client knows for one registry; empty for an anonymous one.
struct Credentials {
    std::string username;
    std::string password;
    std::string identity_token;  ///< an OAuth2 refresh token, instead of name and password
    std::string registry_token;  ///< a bearer token to be used as it is
    std::string server_address;  ///< what it is meant for, as the client wrote it; may be empty

    bool empty() const {
        return username.empty() && password.empty() && identity_token.empty() && registry_token.empty();
    }
};

/// Reads Docker's X-Registry-Auth header: URL-safe base64 of an AuthConfig document. "" and "null" are
/// anonymous; invalid_argument otherwise, without the value in the message.
Result<Credentials> parse_registry_auth(std::string_view header);
/// Reads the AuthConfig document itself (the body of POST /auth).
Result<Credentials> parse_auth_config(std::string_view json);

}  // namespace tare::registry
