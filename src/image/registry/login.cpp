#include "image/registry/login.h"

#include "image/registry/request.h"

namespace tare::registry {

namespace {

/// The host of a reference that `server` stands for.
std::string_view host_of(std::string_view server) {
    if (auto scheme = server.find("://"); scheme != std::string_view::npos) server.remove_prefix(scheme + 3);
    server = cut(server, '/').before;
    bool is_hub = server.empty() || server == "docker.io" || server == "index.docker.io" ||
                  server == "registry-1.docker.io";
    return is_hub ? "docker.io" : server;
}

Result<http::Exchange> probe(Registry::State& registry, const Endpoint& endpoint,
                             const std::string& authorization, const std::stop_token& cancel) {
    http::ClientRequest request{
        .url = endpoint.base.with_path_suffix("/"), .headers = endpoint.headers, .tls = endpoint.tls};
    if (!authorization.empty()) request.headers.emplace_back("Authorization", authorization);
    return registry.client.send(request, cancel);
}

Result<LoginAnswer> log_in(Registry::State& registry, const Endpoint& endpoint,
                           const Credentials& credentials, const std::stop_token& cancel) {
    LoginAnswer login{.status = "Login Succeeded", .identity_token = {}};
    std::string shown = endpoint.base.with_path_suffix("/").display();
    auto first = TRY(probe(registry, endpoint, "", cancel));
    if (first.head().status == 200) return login;
    if (first.head().status != 401)
        return fail(ErrorKind::unavailable, "login attempt to ", shown,
                    " failed with status: ", first.head().status);
    AuthContext context{.origin = endpoint.base.origin(),
                        .credentials = credentials,
                        .scope = {},
                        .wants_refresh_token = true};
    registry.authorizer.forget(context);
    auto answer = TRY_CONTEXT(registry.authorizer.answer(context, first.head().all("www-authenticate"),
                                                         first.peer_is_local(), cancel),
                              cat("Get ", quote(shown)));
    auto second = TRY(probe(registry, endpoint, answer.header, cancel));
    if (second.head().status != 200) {
        registry.authorizer.forget(context);
        bool is_refused = second.head().status == 401 || second.head().status == 403;
        return fail(is_refused ? ErrorKind::unauthenticated : ErrorKind::unavailable, "login attempt to ",
                    shown, " failed with status: ", second.head().status,
                    second.head().status == 401 ? " Unauthorized" : "");
    }
    login.identity_token = std::move(answer.refresh_token);
    return login;
}

}  // namespace

Result<LoginAnswer> check_login(Registry& registry, std::string_view server, const Credentials& credentials,
                                const std::stop_token& cancel) {
    // Through a reference, so that the host is a validated name before it is part of a path or an address.
    auto reference = TRY_CONTEXT(oci::Reference::parse(cat(host_of(server), "/login")), "registry");
    const std::shared_ptr<Registry::State> state = registry.state();
    auto endpoints = TRY(endpoints_for(reference.host(), state->options.hosts));
    Error last = fail(ErrorKind::failed_precondition, "no endpoint of ", reference.host(), " to log in to");
    for (auto& endpoint : endpoints) {
        if (!endpoint.is_upstream) continue;
        auto login = log_in(*state, endpoint, credentials, cancel);
        // Plain http is tried only where the configuration lists it, and TLS turned out not to be there.
        bool is_absent =
            !login && (login.error().is(ErrorKind::failed_precondition) || login.error().error_number() != 0);
        if (!is_absent) return login;
        last = std::move(login.error());
    }
    return last;
}

}  // namespace tare::registry
