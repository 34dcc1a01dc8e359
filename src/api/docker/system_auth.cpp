#include "api/docker/endpoints.h"
#include "image/registry/login.h"

namespace tare::docker {

Result<> system_auth(Call& call) {
    std::string body = TRY(call.exchange.read_whole_body(64 << 10));
    registry::Credentials credentials = TRY(registry::parse_auth_config(body));
    auto answer = TRY(registry::check_login(call.parts.registry, credentials.server_address, credentials,
                                            call.exchange.cancel().stop_token()));
    return call.respond(
        200, Json::object().set("Status", answer.status).set("IdentityToken", answer.identity_token));
}

}  // namespace tare::docker
