#include "image/registry/credentials.h"

#include "base/json.h"
#include "base/text.h"

namespace tare::registry {

namespace {

constexpr std::size_t kAuthLimitBytes = std::size_t{64} << 10;

/// The parser's message may show a piece of the document, which is the secret itself.
Error malformed() {
    return fail(ErrorKind::invalid_argument, "registry credentials: not a valid AuthConfig document");
}

/// "user:password" in base64, the older way to write both.
Result<> split_auth(std::string_view auth, Credentials& credentials) {
    auto plain = base64_decode(auth);
    if (!plain) return malformed();
    while (plain->ends_with('\0'))
        plain->pop_back();
    auto [user, password] = cut(*plain, ':');
    if (!password) return malformed();
    credentials.username = user;
    credentials.password = *password;
    return {};
}

}  // namespace

Result<Credentials> parse_auth_config(std::string_view json) {
    auto document = parse_json(json, {.what = "auth", .size_bytes = kAuthLimitBytes, .depth = 4});
    if (!document || !document->is_object()) return malformed();
    auto text = [&](std::string_view key) {
        auto* member = document->find(key);
        auto* value = member ? member->as_string() : nullptr;
        return value ? *value : std::string();
    };
    Credentials credentials{.username = text("username"),
                            .password = text("password"),
                            .identity_token = text("identitytoken"),
                            .registry_token = text("registrytoken"),
                            .server_address = text("serveraddress")};
    if (auto auth = text("auth"); !auth.empty() && credentials.username.empty())
        TRY(split_auth(auth, credentials));
    // Docker's client sends a refresh token as the password of this user.
    if (credentials.username == "<token>") {
        credentials.identity_token = std::move(credentials.password);
        credentials.username.clear();
        credentials.password.clear();
    }
    return credentials;
}

Result<Credentials> parse_registry_auth(std::string_view header) {
    header = trim(header);
    if (header.empty() || header == "null") return Credentials();
    auto json = header.size() <= 2 * kAuthLimitBytes ? base64_decode(header) : std::nullopt;
    if (!json) return malformed();
    if (trim(*json).empty() || trim(*json) == "null") return Credentials();
    return parse_auth_config(*json);
}

}  // namespace tare::registry
