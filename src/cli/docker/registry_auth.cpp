#include "cli/docker/registry_auth.h"

#include "cli/docker/credentials.h"

namespace tare::cli::docker {

Result<Headers> registry_auth_headers(const Settings& settings, std::string_view registry) {
    std::string key = config_key_of(registry);
    auto credential = TRY_CONTEXT(CredentialStore(settings).find(key), cat("credentials for ", registry));
    if (!credential) return Headers();
    Json auth = Json::object();
    if (!credential->identity_token.empty()) {
        auth.set("identitytoken", credential->identity_token);
    } else {
        auth.set("username", credential->username).set("password", credential->password);
    }
    auth.set("serveraddress", key);
    // The header takes the URL-safe alphabet (Engine API, "Authentication").
    std::string encoded = base64_encode(dump(auth));
    for (char& c : encoded)
        c = c == '+' ? '-' : c == '/' ? '_' : c;
    return Headers{{"X-Registry-Auth", std::move(encoded)}};
}

}  // namespace tare::cli::docker
