#include "image/registry/request.h"

#include <algorithm>

#include "base/log.h"

namespace tare::registry {

namespace {

constexpr std::size_t kRedirectBodyLimit = std::size_t{64} << 10;

http::TlsOptions tls_for(const void* options, const http::Origin& origin) {
    bool is_default_port = origin.port == (origin.is_tls ? 443 : 80);
    std::string host = is_default_port ? origin.host : cat(origin.host, ":", origin.port);
    auto endpoints = endpoints_for(host, *static_cast<const HostsOptions*>(options));
    if (!endpoints) return {};
    for (auto& endpoint : *endpoints)
        if (endpoint.base.origin() == origin) return endpoint.tls;
    return {};
}

bool is_redirect(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

http::Url address_of(const Repository::State& repository, const Endpoint& endpoint,
                     const Question& question) {
    auto url = endpoint.base.with_path_suffix(cat("/", repository.reference.path(), question.path));
    for (auto& [name, value] : question.query)
        url = url.with_query(name, value);
    // A mirror of several registries has to be told which is meant (containerd's convention).
    return endpoint.is_upstream ? url : url.with_query("ns", repository.reference.host());
}

/// Where a redirect leads. TLS is never left.
Result<http::Url> next_hop(http::Exchange& answer, const http::Url& from) {
    auto target = from.resolve(answer.head().header("location"));
    if (!target)
        return fail(ErrorKind::unavailable, quote(from.display()), " redirects to no usable address");
    if (from.origin().is_tls && !target->origin().is_tls)
        return fail(ErrorKind::permission_denied, quote(from.display()), " redirects from https to http, to ",
                    quote(target->origin().host));
    // Read to its end, a short body leaves the connection to the next request.
    auto body = answer.read_all(kRedirectBodyLimit);
    static_cast<void>(body);
    return target;
}

/// Sends the question to an endpoint and follows where it leads. Each hop's headers are made for its own
/// origin; once the endpoint's was left, its secrets stay behind for good (R19).
Result<Answered> follow(Repository::State& repository, const Endpoint& endpoint, const Question& question,
                        const std::string& authorization, const std::stop_token& cancel) {
    auto& registry = *repository.registry;
    http::Url first = address_of(repository, endpoint, question);
    http::Url url = first;
    bool is_home = true;
    bool home_is_local = false;
    for (int hop = 0; hop <= question.redirect_limit; ++hop) {
        http::ClientRequest request{.method = question.method, .url = url, .headers = question.headers};
        if (is_home) {
            request.tls = endpoint.tls;
            request.headers.insert(request.headers.end(), endpoint.headers.begin(), endpoint.headers.end());
            if (!authorization.empty()) request.headers.emplace_back("Authorization", authorization);
        } else {
            request.tls = tls_for(&registry.options.hosts, url.origin());
            request.local_peers = home_is_local ? http::LocalPeers::allowed : http::LocalPeers::refused;
        }
        auto exchange = TRY(registry.client.send(request, cancel));
        if (hop == 0) home_is_local = exchange.peer_is_local();
        if (!is_redirect(exchange.head().status))
            return Answered{.exchange = std::move(exchange),
                            .url = first,
                            .used_token = is_home && authorization.starts_with("Bearer ")};
        url = TRY(next_hop(exchange, url));
        is_home = is_home && url.origin() == endpoint.base.origin();
    }
    return fail(ErrorKind::unavailable, quote(first.display()), " redirects more than ",
                question.redirect_limit, " times");
}

/// A failure to even reach the endpoint: another try a moment later will not help, another endpoint may.
bool is_unreachable(const Error& error) {
    return error.error_number() != 0 || error.is(ErrorKind::failed_precondition);
}

bool is_broken_off(const Error& error) {
    return (error.is(ErrorKind::unavailable) || error.is(ErrorKind::deadline_exceeded)) &&
           !is_unreachable(error);
}

/// One endpoint, tried again while that may help.
Result<> ask_endpoint(Repository::State& repository, const Endpoint& endpoint, const Question& question,
                      const std::stop_token& cancel, const std::function<Result<>(Answered&)>& take) {
    Backoff backoff(repository.registry->options);
    while (true) {
        std::string retry_after;
        Error error(ErrorKind::unknown, "");
        auto answered = ask_once(repository, endpoint, question, cancel);
        if (answered && answered->exchange.head().status / 100 == 2) {
            auto taken = take(*answered);
            if (taken) return {};
            error = std::move(taken.error());
            if (!is_broken_off(error)) return error;
        } else if (answered) {
            retry_after = answered->exchange.head().header("retry-after");
            bool is_final = !is_temporary(answered->exchange.head().status);
            error = refusal_of(*answered, question, repository.reference);
            if (is_final) return error;
        } else {
            error = std::move(answered.error());
            if (!is_broken_off(error)) return error;
        }
        if (!backoff.may_retry()) return error;
        TRY(wait_for(backoff.next(retry_after), cancel));
    }
}

bool is_eligible(const Endpoint& endpoint, Question::About about) {
    return about == Question::About::name ? endpoint.can_resolve : endpoint.can_pull;
}

/// The endpoints to ask, the unreachable ones last.
std::vector<std::size_t> order_of(Repository::State& repository, Question::About about) {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < repository.endpoints.size(); ++i)
        if (is_eligible(repository.endpoints[i], about)) order.push_back(i);
    std::lock_guard lock(repository.mutex);
    std::ranges::stable_partition(order, [&](std::size_t i) { return !repository.unreachable[i]; });
    return order;
}

void note_unreachable(Repository::State& repository, std::size_t index) {
    std::lock_guard lock(repository.mutex);
    repository.unreachable[index] = true;
}

}  // namespace

Registry::State::State(RegistryOptions given, std::shared_ptr<http::Client> shared)
    : options(std::move(given)),
      connections(std::move(shared)),
      client(*connections),
      authorizer(client, options.trusted_realms, &tls_for, &options.hosts) {}

Result<Answered> ask_once(Repository::State& repository, const Endpoint& endpoint, const Question& question,
                          const std::stop_token& cancel) {
    static const Credentials anonymous;
    auto& authorizer = repository.registry->authorizer;
    std::string scope = cat("repository:", repository.reference.path(), ":pull");
    http::Origin origin = endpoint.base.origin();
    AuthContext context{.origin = origin,
                        .credentials = endpoint.is_upstream ? repository.credentials : anonymous,
                        .scope = scope};
    std::string header = authorizer.known(context);
    bool is_fresh = false;
    while (true) {
        auto answered = TRY(follow(repository, endpoint, question, header, cancel));
        auto challenges = answered.exchange.head().all("www-authenticate");
        bool is_asked = answered.exchange.head().status == 401 && !challenges.empty() && !is_fresh;
        if (!is_asked) return answered;
        if (!header.empty()) authorizer.forget(context);
        auto answer =
            TRY_CONTEXT(authorizer.answer(context, challenges, answered.exchange.peer_is_local(), cancel),
                        cat(question.method == "HEAD" ? "Head" : "Get", " ", quote(answered.url.display())));
        header = answer.header;
        is_fresh = true;
    }
}

Error refusal_of(Answered& answered, const Question& question, const oci::Reference& reference) {
    auto refusal = read_refusal(answered.exchange, answered.url, question.method);
    // A token was given, but not for this: the repository is private or is not there at all.
    if (refusal.status == 401 && answered.used_token)
        refusal.error = {.code = "DENIED", .message = "requested access to the resource is denied"};
    if (refusal.status == 401 && refusal.error.code.empty())
        refusal.error = {.code = "UNAUTHORIZED", .message = "authentication required"};
    return refusal_error(refusal, reference);
}

Result<> ask(Repository::State& repository, const Question& question, const std::stop_token& cancel,
             const std::function<Result<>(Answered&)>& take) {
    Error last = fail(ErrorKind::failed_precondition, "no endpoint of ", repository.reference.host(),
                      " may be asked for ", repository.reference.familiar());
    bool has_upstream_error = false;
    for (std::size_t index : order_of(repository, question.about)) {
        auto& endpoint = repository.endpoints[index];
        auto done = ask_endpoint(repository, endpoint, question, cancel, take);
        if (done) return {};
        Error error = std::move(done.error());
        bool is_last_word = endpoint.is_upstream && !is_unreachable(error);
        if (error.is(ErrorKind::cancelled) || is_last_word) return error;
        if (is_unreachable(error)) note_unreachable(repository, index);
        log::debug("registry endpoint failed",
                   {{"endpoint", endpoint.base.display()}, {"error", error.message()}});
        if (endpoint.is_upstream || !has_upstream_error) last = std::move(error);
        has_upstream_error = has_upstream_error || endpoint.is_upstream;
    }
    return last;
}

}  // namespace tare::registry
