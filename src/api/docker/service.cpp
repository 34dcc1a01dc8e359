#include "api/docker/service.h"

#include "api/common/error_status.h"
#include "api/docker/call.h"
#include "base/log.h"

namespace tare::docker {

Service::Service(Parts parts) : parts_(std::move(parts)), router_(std::make_unique<Router>(all_routes())) {}

Service::~Service() = default;

namespace {

// Whether a failure is the client's doing and therefore no news for the daemon's log.
bool is_of_client(int status) {
    return status < 500 || status == 501;
}

void answer_error(http::ServerExchange& exchange, const Error& error) {
    const http::RequestHead& request = exchange.request();
    int status = exchange.is_body_too_large() ? 413 : api::http_status(error.kind());
    if (!is_of_client(status) && !exchange.cancel().is_cancelled())
        log::error("request failed",
                   {{"method", request.method}, {"path", request.path}, {"error", error.message()}});
    if (exchange.is_answered()) return;
    // A client that is gone does not read why.
    (void)exchange.respond(status, api::error_document(error), {{"Content-Type", "application/json"}});
}

}  // namespace

void Service::serve(http::ServerExchange& exchange) {
    const http::RequestHead& request = exchange.request();
    log::debug("request", {{"method", request.method}, {"path", request.path}});
    exchange.add_header("Api-Version", kNewestVersion.text());
    exchange.add_header("Docker-Experimental", "false");
    exchange.add_header("Ostype", "linux");
    exchange.add_header("Server", cat("tare/", parts_.version, " (linux)"));
    auto match = router_->find(request.method, request.path);
    if (!match) return answer_error(exchange, match.error());
    Endpoint endpoint = match->endpoint;
    Call call(parts_, exchange, std::move(*match));
    auto done = endpoint(call);
    if (!done) answer_error(exchange, done.error());
}

}  // namespace tare::docker
