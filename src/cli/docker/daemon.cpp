#include "cli/docker/daemon.h"

#include "cli/docker/autostart.h"
#include "cli/docker/each_name.h"
#include "wire/http/unix_client.h"

namespace tare::cli::docker {

namespace {

using http::AnswerHead;
using http::UnixExchange;

constexpr std::size_t kMaxAnswerBytes = std::size_t{256} << 20;
constexpr std::size_t kMaxErrorBytes = std::size_t{1} << 20;
constexpr std::string_view kDaemonError = "Error response from daemon: ";

std::string percent_encode(std::string_view text, std::string_view also_plain) {
    static constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string out;
    for (char c : text) {
        auto byte = static_cast<unsigned char>(c);
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     std::string_view("-_.~").find(c) != std::string_view::npos ||
                     also_plain.find(c) != std::string_view::npos;
        if (plain) {
            out += c;
        } else {
            out += cat('%', kDigits[byte >> 4], kDigits[byte & 15]);
        }
    }
    return out;
}

ErrorKind kind_of_status(int status) {
    switch (status) {
        case 400:
            return ErrorKind::invalid_argument;
        case 401:
            return ErrorKind::unauthenticated;
        case 403:
            return ErrorKind::permission_denied;
        case 404:
            return ErrorKind::not_found;
        case 409:
            return ErrorKind::aborted;
        case 501:
            return ErrorKind::unimplemented;
        case 503:
            return ErrorKind::unavailable;
        default:
            return ErrorKind::internal;
    }
}

Error connection_error(const Settings& settings, const Error& cause) {
    if (cause.is(ErrorKind::permission_denied))
        return Error(cause.kind(),
                     cat("permission denied while trying to connect to the Docker daemon socket at ",
                         settings.endpoint.host, ": ", cause.message()));
    return Error(ErrorKind::unavailable, cat("Cannot connect to the Docker daemon at ",
                                             settings.endpoint.host, ". Is the docker daemon running?"));
}

Result<UnixExchange> connect(const Settings& settings) {
    std::string path = settings.endpoint.socket_path();
    auto exchange = UnixExchange::connect(path);
    if (exchange || !settings.endpoint.is_default) {
        if (!exchange) return connection_error(settings, exchange.error());
        return exchange;
    }
    auto started = start_daemon(path);
    if (!started) {
        Error error = connection_error(settings, exchange.error());
        if (!started.error().message().empty()) error.set_hint(started.error().message());
        return error;
    }
    exchange = UnixExchange::connect(path);
    if (!exchange) return connection_error(settings, exchange.error());
    return exchange;
}

// "1.41" as a number that can be compared; 0 for anything else.
unsigned rank_of(std::string_view version) {
    Cut parts = cut(version, '.');
    auto major = parse_integer<unsigned>(parts.before);
    auto minor = parse_integer<unsigned>(parts.after.value_or(""));
    return major && minor ? *major * 1000 + *minor : 0;
}

// The daemon's own words for its failure.
Error error_of(const AnswerHead& head, UnixExchange& exchange, std::string_view target) {
    auto body = exchange.read_whole_body(kMaxErrorBytes);
    std::string message;
    if (body) {
        auto document = parse_json(*body, {.what = "error"});
        message =
            document && document->is_object() ? text_at(*document, "message") : std::string(trim(*body));
    }
    if (message.empty())
        message = cat("request returned status ", head.status, " for API route ", target,
                      ", check if the server supports it");
    return Error(kind_of_status(head.status), cat(kDaemonError, message));
}

Result<AnswerHead> read_good_head(UnixExchange& exchange, std::string_view target) {
    auto head = exchange.read_head();
    if (!head) return std::move(head.error().prepend("error during connect"));
    if (head->status >= 400) return error_of(*head, exchange, target);
    return head;
}

Result<Json> read_json(UnixExchange& exchange) {
    std::string body = TRY_CONTEXT(exchange.read_whole_body(kMaxAnswerBytes), "error during connect");
    if (trim(body).empty()) return Json();
    return parse_json(trim(body), {.what = "answer of the daemon", .size_bytes = kMaxAnswerBytes});
}

struct Body {
    Headers headers;
    std::optional<std::string> text;
};

Body body_of(const Json& json, Headers headers) {
    if (json.is_null()) return {std::move(headers), std::nullopt};
    headers.emplace_back("Content-Type", "application/json");
    return {std::move(headers), dump(json)};
}

Result<> hand_on(UnixExchange& exchange, const Sink& sink) {
    for (;;) {
        std::string piece = TRY(exchange.read_body());
        if (piece.empty()) return {};
        TRY(sink(piece));
    }
}

}  // namespace

Query& Query::add(std::string_view key, std::string_view value) {
    text_ += cat(text_.empty() ? '?' : '&', percent_encode(key, ""), '=', percent_encode(value, ""));
    return *this;
}

Query& Query::add_if(std::string_view key, std::string_view value) {
    return value.empty() ? *this : add(key, value);
}

Query& Query::flag(std::string_view key, bool value) {
    return value ? add(key, "1") : *this;
}

std::string path_segment(std::string_view name) {
    return percent_encode(name, "");
}

std::string path_reference(std::string_view reference) {
    return percent_encode(reference, "/:@");
}

struct PendingAnswer::State {
    UnixExchange exchange;
};

PendingAnswer::PendingAnswer(std::unique_ptr<State> state) : state_(std::move(state)) {}
PendingAnswer::PendingAnswer(PendingAnswer&&) noexcept = default;
PendingAnswer& PendingAnswer::operator=(PendingAnswer&&) noexcept = default;
PendingAnswer::~PendingAnswer() = default;

int PendingAnswer::descriptor() const {
    return state_->exchange.descriptor();
}

Result<Json> PendingAnswer::finish() {
    return read_json(state_->exchange);
}

Daemon::Daemon(const Settings& settings) : settings_(settings) {
    if (!settings.api_version.empty()) prefix_ = cat("/v", settings.api_version);
}

Result<std::string> Daemon::versioned(const std::string& target) {
    if (prefix_) return cat(*prefix_, target);
    UnixExchange exchange = TRY(connect(settings_));
    TRY(exchange.send("HEAD", "/_ping", {}, std::nullopt));
    AnswerHead head = TRY_CONTEXT(exchange.read_head(), "error during connect");
    std::string_view offered = head.header("api-version");
    // A daemon that does not say what it speaks gets requests without a version.
    prefix_ = rank_of(offered) == 0                     ? ""
              : rank_of(offered) < rank_of(kApiVersion) ? cat("/v", offered)
                                                        : cat("/v", kApiVersion);
    return cat(*prefix_, target);
}

Result<Json> Daemon::call(std::string_view method, const std::string& target, const Json& json,
                          const Headers& headers) {
    std::string path = TRY(versioned(target));
    UnixExchange exchange = TRY(connect(settings_));
    Body body = body_of(json, headers);
    TRY(exchange.send(method, path, body.headers, body.text));
    TRY(read_good_head(exchange, target));
    return read_json(exchange);
}

Result<Json> Daemon::get(const std::string& target) {
    return call("GET", target, Json(), {});
}

Result<Json> Daemon::post(const std::string& target, const Json& body, const Headers& headers) {
    return call("POST", target, body, headers);
}

Result<Json> Daemon::remove(const std::string& target) {
    return call("DELETE", target, Json(), {});
}

Result<Answer> Daemon::head(const std::string& target) {
    std::string path = TRY(versioned(target));
    UnixExchange exchange = TRY(connect(settings_));
    TRY(exchange.send("HEAD", path, {}, std::nullopt));
    AnswerHead head = TRY(read_good_head(exchange, target));
    return Answer{head.status, std::move(head.headers), {}};
}

Result<> Daemon::stream(std::string_view method, const std::string& target, const Json& json,
                        const Headers& headers, const Sink& sink) {
    std::string path = TRY(versioned(target));
    UnixExchange exchange = TRY(connect(settings_));
    Body body = body_of(json, headers);
    TRY(exchange.send(method, path, body.headers, body.text));
    TRY(read_good_head(exchange, target));
    return hand_on(exchange, sink);
}

Result<> Daemon::upload(std::string_view method, const std::string& target, std::string_view content_type,
                        const Producer& producer, const Sink& sink) {
    std::string path = TRY(versioned(target));
    UnixExchange exchange = TRY(connect(settings_));
    TRY(exchange.begin_chunked(method, path, {{"Content-Type", std::string(content_type)}}));
    bool is_refused = false;
    auto produced = producer([&](std::string_view piece) -> Result<> {
        auto sent = exchange.send_chunk(piece);
        is_refused = !sent;
        return sent;
    });
    // A daemon that stops reading has already answered why; every other failure is ours.
    if (!produced && !is_refused) return std::move(produced.error());
    if (produced) TRY(exchange.end_chunks());
    TRY(read_good_head(exchange, target));
    return hand_on(exchange, sink);
}

struct Download::State {
    UnixExchange exchange;
    AnswerHead head;
};

Download::Download(std::unique_ptr<State> state) : state_(std::move(state)) {}
Download::Download(Download&&) noexcept = default;
Download& Download::operator=(Download&&) noexcept = default;
Download::~Download() = default;

std::string Download::header(std::string_view name) const {
    return std::string(state_->head.header(name));
}

Result<std::string> Download::read() {
    return state_->exchange.read_body();
}

Result<Download> Daemon::download(const std::string& target) {
    std::string path = TRY(versioned(target));
    UnixExchange exchange = TRY(connect(settings_));
    TRY(exchange.send("GET", path, {}, std::nullopt));
    AnswerHead head = TRY(read_good_head(exchange, target));
    return Download(std::make_unique<Download::State>(Download::State{std::move(exchange), std::move(head)}));
}

Result<Hijacked> Daemon::hijack(const std::string& target, const Json& json) {
    std::string path = TRY(versioned(target));
    UnixExchange exchange = TRY(connect(settings_));
    Body body = body_of(json, {{"Connection", "Upgrade"}, {"Upgrade", "tcp"}});
    TRY(exchange.send("POST", path, body.headers, body.text));
    AnswerHead head = TRY(read_good_head(exchange, target));
    bool multiplexed = head.header("content-type") == "application/vnd.docker.multiplexed-stream";
    auto [socket, leftover] = exchange.hijack();
    return Hijacked{std::move(socket), std::move(leftover), multiplexed};
}

Result<PendingAnswer> Daemon::begin(std::string_view method, const std::string& target) {
    std::string path = TRY(versioned(target));
    UnixExchange exchange = TRY(connect(settings_));
    TRY(exchange.send(method, path, {}, std::nullopt));
    TRY(read_good_head(exchange, target));
    return PendingAnswer(std::make_unique<PendingAnswer::State>(PendingAnswer::State{std::move(exchange)}));
}

bool is_daemon_error(const Error& error) {
    return error.message().starts_with(kDaemonError);
}

}  // namespace tare::cli::docker
