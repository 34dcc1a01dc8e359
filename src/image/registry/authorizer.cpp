#include "image/registry/authorizer.h"

#include <algorithm>

#include "base/json.h"
#include "base/sha256.h"
#include "image/registry/errors.h"
#include "image/registry/realm.h"

namespace tare::registry {

namespace {

constexpr std::size_t kReplyLimit = std::size_t{1} << 20;
constexpr std::size_t kTokenLimit = std::size_t{64} << 10;
constexpr std::size_t kEntriesLimit = 1024;
/// What a token server means that says nothing (token authentication, "expires_in").
constexpr std::chrono::seconds kDefaultLifetime{60};
/// A token is not used up to its last second: the request has to arrive.
constexpr std::chrono::seconds kReserve{10};

struct Token {
    std::string token;
    std::string refresh_token;
    std::chrono::seconds lifetime = kDefaultLifetime;
};

/// Whether it can stand in a header (R11).
bool is_header_text(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7F; });
}

Result<Token> parse_token(std::string_view body) {
    // The parser's message could show a part of the token.
    auto document = parse_json(body, {.what = "token", .size_bytes = kReplyLimit});
    if (!document || !document->is_object())
        return fail(ErrorKind::unauthenticated, "the token server's answer is no JSON object");
    auto text = [&](std::string_view key) {
        auto* member = document->find(key);
        auto* value = member ? member->as_string() : nullptr;
        return value ? *value : std::string();
    };
    Token token{.token = text("token"), .refresh_token = text("refresh_token")};
    if (token.token.empty()) token.token = text("access_token");
    if (token.token.empty()) return fail(ErrorKind::unauthenticated, "the token server gave no token");
    if (token.token.size() > kTokenLimit || !is_header_text(token.token))
        return fail(ErrorKind::unauthenticated, "the token server gave a malformed token");
    auto* expires = document->find("expires_in");
    auto seconds = expires ? expires->as_int64() : std::nullopt;
    if (seconds) token.lifetime = std::chrono::seconds(std::clamp<std::int64_t>(*seconds, 60, 24 * 3600));
    return token;
}

std::string form_field(std::string_view name, std::string_view value) {
    return cat("&", name, "=", http::percent_encode(value));
}

std::string basic_header(const Credentials& credentials) {
    return cat("Basic ", base64_encode(cat(credentials.username, ":", credentials.password)));
}

/// OAuth2, for a refresh token: the secret stands in the body, never in an address.
http::ClientRequest refresh_request(const AuthContext& context, const http::Url& realm,
                                    std::string_view service) {
    std::string body = "grant_type=refresh_token&client_id=tare";
    body += form_field("service", service);
    if (!context.scope.empty()) body += form_field("scope", context.scope);
    body += form_field("refresh_token", context.credentials.identity_token);
    if (context.wants_refresh_token) body += "&access_type=offline";
    return {.method = "POST",
            .url = realm,
            .headers = {{"Content-Type", "application/x-www-form-urlencoded"}},
            .body = std::move(body)};
}

http::ClientRequest token_request(const AuthContext& context, const http::Url& realm,
                                  std::string_view service, bool with_credentials) {
    auto& credentials = context.credentials;
    if (with_credentials && !credentials.identity_token.empty())
        return refresh_request(context, realm, service);
    http::ClientRequest request{.url = realm};
    if (!service.empty()) request.url = request.url.with_query("service", service);
    if (!context.scope.empty()) request.url = request.url.with_query("scope", context.scope);
    if (!with_credentials || credentials.username.empty()) return request;
    request.url = request.url.with_query("account", credentials.username);
    if (context.wants_refresh_token)
        request.url = request.url.with_query("offline_token", "true").with_query("client_id", "tare");
    request.headers.emplace_back("Authorization", basic_header(credentials));
    return request;
}

}  // namespace

std::string Authorizer::key_of(const AuthContext& context) {
    // Hashed, so that the map holds tokens but no password; every input is in it (R24).
    auto& c = context.credentials;
    std::string all;
    for (auto part : {std::string_view(c.username), std::string_view(c.password),
                      std::string_view(c.identity_token), std::string_view(c.registry_token)})
        all += cat(part.size(), ":", part);
    return cat(context.origin.text(), " ", context.scope, " ", sha256(all).hex());
}

std::string Authorizer::known(const AuthContext& context) {
    if (!context.credentials.registry_token.empty() && is_header_text(context.credentials.registry_token))
        return cat("Bearer ", context.credentials.registry_token);
    std::lock_guard lock(mutex_);
    auto found = entries_.find(key_of(context));
    if (found == entries_.end()) return {};
    if (std::chrono::steady_clock::now() < found->second.expires) return found->second.header;
    entries_.erase(found);
    return {};
}

void Authorizer::forget(const AuthContext& context) {
    std::lock_guard lock(mutex_);
    entries_.erase(key_of(context));
}

void Authorizer::remember(const AuthContext& context, std::string header, std::chrono::seconds lifetime) {
    auto now = std::chrono::steady_clock::now();
    std::lock_guard lock(mutex_);
    if (entries_.size() >= kEntriesLimit)
        std::erase_if(entries_, [&](auto& e) { return e.second.expires <= now; });
    if (entries_.size() >= kEntriesLimit) entries_.clear();
    entries_[key_of(context)] = {.header = std::move(header), .expires = now + lifetime - kReserve};
}

Result<Authorizer::Answer> Authorizer::answer(const AuthContext& context,
                                              const std::vector<std::string_view>& challenges,
                                              bool peer_is_local, const std::stop_token& cancel) {
    auto challenge = choose_challenge(parse_challenges(challenges));
    if (!challenge)
        return fail(ErrorKind::unauthenticated, context.origin.host,
                    " asks for a kind of authentication that is neither Bearer nor Basic");
    if (challenge->scheme == "bearer") return fetch_token(context, *challenge, peer_is_local, cancel);
    if (context.credentials.username.empty()) {
        const std::string address = context.origin.text();
        return fail(ErrorKind::unauthenticated, "no basic auth credentials")
            .set_hint(cat("run 'docker login ", address.substr(address.find("://") + 3), "'"));
    }
    Answer answer{.header = basic_header(context.credentials), .refresh_token = {}};
    remember(context, answer.header, std::chrono::hours(1));
    return answer;
}

Result<Authorizer::Answer> Authorizer::fetch_token(const AuthContext& context, const Challenge& challenge,
                                                   bool peer_is_local, const std::stop_token& cancel) {
    auto realm = http::Url::parse(challenge.parameter("realm"));
    if (!realm)
        return fail(ErrorKind::unauthenticated, context.origin.host, " names a malformed token server");
    auto trust = judge_realm(context.origin, realm->origin(), trusted_realms_);
    if (trust == RealmTrust::refused)
        return fail(ErrorKind::unauthenticated, context.origin.host, " names a token server without TLS, ",
                    one_line(realm->display()));
    bool with_credentials = trust == RealmTrust::trusted;
    auto request = token_request(context, *realm, challenge.parameter("service"), with_credentials);
    request.tls = tls_of_(tls_context_, realm->origin());
    request.local_peers = peer_is_local ? http::LocalPeers::allowed : http::LocalPeers::refused;
    auto reply = TRY_CONTEXT(client_.send(request, cancel), "fetch token");
    if (reply.head().status != 200) {
        auto refusal = read_refusal(reply, *realm, request.method);
        auto error = fail(ErrorKind::unauthenticated, request.method, " ", quote(refusal.url), ": ",
                          refusal.status == 401 ? "unauthorized: incorrect username or password"
                                                : cat("received unexpected HTTP status: ", refusal.status));
        if (!with_credentials && !context.credentials.empty())
            error.set_hint(cat("credentials were not sent, as ", realm->origin().host, " is not of ",
                               context.origin.host,
                               "; name it in trusted-realms of [registry] to allow that"));
        return error;
    }
    auto token = TRY(parse_token(TRY_CONTEXT(reply.read_all(kReplyLimit), "fetch token")));
    Answer answer{.header = cat("Bearer ", token.token), .refresh_token = std::move(token.refresh_token)};
    remember(context, answer.header, token.lifetime);
    return answer;
}

}  // namespace tare::registry
