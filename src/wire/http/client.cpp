#include "wire/http/client.h"

#include <algorithm>

#include "wire/http/exchange.h"

namespace tare::http {

namespace {

constexpr std::size_t kIdleLines = 8;

/// Once a process; curl counts its users itself, but not before 7.84 in a thread-safe way.
void initialize_curl() {
    static const bool done = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    static_cast<void>(done);
}

}  // namespace

Line::Line() : multi(curl_multi_init()), easy(curl_easy_init()) {}

Line::~Line() {
    curl_multi_remove_handle(multi, easy);
    curl_easy_cleanup(easy);
    curl_multi_cleanup(multi);
}

std::unique_ptr<Line> Client::State::take(const ClientRequest& request) {
    {
        std::lock_guard lock(mutex_);
        for (auto it = idle_.rbegin(); it != idle_.rend(); ++it) {
            Line& idle = **it;
            if (idle.origin != request.url.origin() || idle.tls != request.tls) continue;
            if (idle.is_local && request.local_peers == LocalPeers::refused) continue;
            auto line = std::move(*it);
            idle_.erase(std::next(it).base());
            return line;
        }
    }
    auto line = std::make_unique<Line>();
    line->origin = request.url.origin();
    line->tls = request.tls;
    return line;
}

void Client::State::give_back(std::unique_ptr<Line> line) {
    std::unique_ptr<Line> oldest;  // closed outside the lock
    std::lock_guard lock(mutex_);
    if (idle_.size() == kIdleLines) {
        oldest = std::move(idle_.front());
        idle_.erase(idle_.begin());
    }
    idle_.push_back(std::move(line));
}

void Client::State::close_idle() {
    std::vector<std::unique_ptr<Line>> closing;
    std::lock_guard lock(mutex_);
    closing.swap(idle_);
}

Client::Client(const ClientLimits& limits, std::string user_agent) : state_(std::make_shared<State>()) {
    initialize_curl();
    state_->limits = limits;
    state_->user_agent = std::move(user_agent);
}

Client::~Client() = default;

void Client::close_idle() {
    state_->close_idle();
}

Result<Exchange> Client::send(const ClientRequest& request, const std::stop_token& cancel) {
    auto exchange = std::make_unique<Exchange::State>(state_, request, cancel);
    TRY(exchange->prepare());
    TRY(exchange->wait_for_head());
    return Exchange(std::move(exchange));
}

std::string_view ClientHead::header(std::string_view name) const {
    auto found =
        std::ranges::find(headers, name, [](auto& header) { return std::string_view(header.first); });
    return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

std::vector<std::string_view> ClientHead::all(std::string_view name) const {
    std::vector<std::string_view> values;
    for (auto& [key, value] : headers)
        if (key == name) values.emplace_back(value);
    return values;
}

Exchange::Exchange(std::unique_ptr<State> state) : state_(std::move(state)) {}
Exchange::Exchange(Exchange&&) noexcept = default;
Exchange& Exchange::operator=(Exchange&&) noexcept = default;
Exchange::~Exchange() = default;

const ClientHead& Exchange::head() const {
    return state_->head;
}

bool Exchange::peer_is_local() const {
    return state_->peer_is_local;
}

Result<std::string_view> Exchange::read() {
    return state_->read();
}

Result<std::string> Exchange::read_all(std::size_t max_bytes) {
    std::string whole;
    while (true) {
        auto piece = TRY(read());
        if (piece.empty()) return whole;
        if (piece.size() > max_bytes - whole.size())
            return fail(ErrorKind::resource_exhausted, "answer is longer than ", max_bytes, " bytes");
        whole += piece;
    }
}

}  // namespace tare::http
