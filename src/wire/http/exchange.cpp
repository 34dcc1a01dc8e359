#include "wire/http/exchange.h"

#include <cerrno>
#include <cstring>

#include "posix/file.h"
#include "posix/socket.h"
#include "wire/http/address.h"

namespace tare::http {

namespace {

constexpr std::size_t kHeaderLimit = 100;
constexpr std::size_t kHeaderBytesLimit = std::size_t{64} << 10;
constexpr std::size_t kHeadBytesLimit = std::size_t{256} << 10;
/// What may wait for a slow reader before the network has to.
constexpr std::size_t kBodyBuffer = std::size_t{1} << 20;
constexpr long kReceiveBuffer = 256L << 10;
constexpr std::size_t kCaFileLimit = std::size_t{4} << 20;

template <class Value>
void set(CURL* easy, CURLoption option, Value value) {
    curl_easy_setopt(easy, option, value);
}

bool reads_as(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

std::string method_word(std::string_view method) {
    std::string word = to_lower(method);
    if (!word.empty()) word[0] = static_cast<char>(word[0] - 'a' + 'A');
    return word;
}

}  // namespace

Exchange::State::State(std::shared_ptr<Client::State> client, const ClientRequest& request,
                       const std::stop_token& cancel)
    : client_(std::move(client)), request_(request), cancel_(cancel) {
    line_ = client_->take(request_);
}

Exchange::State::~State() {
    wake_.reset();
    curl_multi_remove_handle(line_->multi, line_->easy);
    curl_easy_reset(line_->easy);
    curl_slist_free_all(headers_);
    // A transfer that was left in its middle took its connection with it; the line is as good as new.
    client_->give_back(std::move(line_));
}

Result<> Exchange::State::prepare() {
    CURL* easy = line_->easy;
    set(easy, CURLOPT_URL, request_.url.text().c_str());
    set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    set(easy, CURLOPT_PATH_AS_IS, 1L);
    set(easy, CURLOPT_FOLLOWLOCATION, 0L);
    set(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    set(easy, CURLOPT_NOSIGNAL, 1L);
    set(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    set(easy, CURLOPT_USERAGENT, client_->user_agent.c_str());
    set(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(client_->limits.connect.count()));
    set(easy, CURLOPT_BUFFERSIZE, kReceiveBuffer);
    set(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    set(easy, CURLOPT_ERRORBUFFER, static_cast<char*>(curl_message_));
    set(easy, CURLOPT_HEADERFUNCTION, &State::on_header);
    set(easy, CURLOPT_HEADERDATA, this);
    set(easy, CURLOPT_WRITEFUNCTION, &State::on_body);
    set(easy, CURLOPT_WRITEDATA, this);
    set(easy, CURLOPT_OPENSOCKETFUNCTION, &State::on_socket);
    set(easy, CURLOPT_OPENSOCKETDATA, this);
    // A registry on this machine is not reached through somebody else's proxy.
    if (is_loopback_host(request_.url.origin().host)) set(easy, CURLOPT_PROXY, "");
    prepare_method();
    TRY(prepare_tls());
    curl_multi_add_handle(line_->multi, easy);
    wake_.emplace(cancel_, [multi = line_->multi] { curl_multi_wakeup(multi); });
    return {};
}

void Exchange::State::prepare_method() {
    CURL* easy = line_->easy;
    if (request_.method == "HEAD") {
        set(easy, CURLOPT_NOBODY, 1L);
    } else if (request_.method == "POST" || request_.method == "PUT" || request_.method == "PATCH") {
        set(easy, CURLOPT_POST, 1L);
        set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
        set(easy, CURLOPT_POSTFIELDS, request_.body.data());
        set(easy, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
        headers_ = curl_slist_append(headers_, "Expect:");
    } else {
        set(easy, CURLOPT_HTTPGET, 1L);
        set(easy, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
    }
    for (auto& [name, value] : request_.headers) {
        // curl takes "Name;" for a header with an empty value.
        std::string line = value.empty() ? cat(name, ";") : cat(name, ": ", value);
        headers_ = curl_slist_append(headers_, line.c_str());
    }
    set(easy, CURLOPT_HTTPHEADER, headers_);
}

Result<> Exchange::State::prepare_tls() {
    CURL* easy = line_->easy;
    set(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (request_.tls.skip_verify) {
        set(easy, CURLOPT_SSL_VERIFYPEER, 0L);
        set(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    // Beside the system's: those are still looked up in curl's certificate directory.
    std::string bundle;
    for (auto& file : request_.tls.ca_files)
        bundle += TRY_CONTEXT(posix::read_file(file, kCaFileLimit), "read CA certificate") + "\n";
    if (!bundle.empty()) {
        curl_blob blob{.data = bundle.data(), .len = bundle.size(), .flags = CURL_BLOB_COPY};
        set(easy, CURLOPT_CAINFO_BLOB, &blob);
    }
    if (!request_.tls.client_cert_file.empty()) {
        set(easy, CURLOPT_SSLCERT, request_.tls.client_cert_file.c_str());
        if (!request_.tls.client_key_file.empty())
            set(easy, CURLOPT_SSLKEY, request_.tls.client_key_file.c_str());
    }
    return {};
}

std::size_t Exchange::State::on_header(char* bytes, std::size_t size, std::size_t count, void* self) {
    auto* state = static_cast<State*>(self);
    return state->take_header({bytes, size * count}) ? size * count : 0;
}

bool Exchange::State::take_header(std::string_view line) {
    if (is_head_complete_) return true;  // a trailer: nothing of ours reads one
    head_bytes_ += line.size();
    if (line.size() > kHeaderBytesLimit || head_bytes_ > kHeadBytesLimit ||
        head.headers.size() == kHeaderLimit) {
        reject_ = "the head of the answer is longer than allowed";
        return false;
    }
    line = trim(line);
    if (line.empty()) {
        is_head_complete_ = head.status >= 200;
        return true;
    }
    if (line.starts_with("HTTP/")) {
        head.headers.clear();
        auto words = split_words(line);
        head.status = words.size() > 1 ? parse_integer<int>(words[1]).value_or(0) : 0;
        return true;
    }
    auto [name, value] = cut(line, ':');
    if (value) head.headers.emplace_back(to_lower(name), std::string(trim(*value)));
    return true;
}

std::size_t Exchange::State::on_body(char* bytes, std::size_t size, std::size_t count, void* self) {
    auto* state = static_cast<State*>(self);
    if (state->arriving_.size() >= kBodyBuffer) {
        state->is_paused_ = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    state->arriving_.append(bytes, size * count);
    return size * count;
}

curl_socket_t Exchange::State::on_socket(void* self, curlsocktype, curl_sockaddr* address) {
    auto* state = static_cast<State*>(self);
    bool is_local = is_local_address(address->addr);
    if (is_local && state->request_.local_peers == LocalPeers::refused) {
        state->refused_address_ = state->request_.url.origin().host;
        return CURL_SOCKET_BAD;
    }
    auto socket = posix::make_socket(address->family, address->socktype, address->protocol);
    return socket ? socket->release() : CURL_SOCKET_BAD;
}

void Exchange::State::note_end() {
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(line_->multi, &left))
        if (message->msg == CURLMSG_DONE) ended_ = message->data.result;
}

Result<> Exchange::State::advance(std::chrono::steady_clock::time_point until, std::string_view waiting_for) {
    int running = 0;
    bool had_head = is_head_complete_;
    std::size_t had_bytes = arriving_.size();
    curl_multi_perform(line_->multi, &running);
    note_end();
    if (cancel_.stop_requested()) return describe(ErrorKind::cancelled, "context canceled");
    bool has_news = ended_ || is_head_complete_ != had_head || arriving_.size() != had_bytes;
    if (has_news) return {};
    auto left =
        std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
    if (left <= 0) return describe(ErrorKind::deadline_exceeded, cat("timeout awaiting ", waiting_for));
    curl_multi_poll(line_->multi, nullptr, 0, static_cast<int>(std::min<long long>(left, 60'000)), nullptr);
    return {};
}

Result<> Exchange::State::wait_for_head() {
    auto until = std::chrono::steady_clock::now() + client_->limits.connect + client_->limits.head;
    while (!is_head_complete_) {
        if (ended_ && *ended_ != CURLE_OK) return failure(*ended_);
        if (ended_) return describe(ErrorKind::unavailable, "the answer has no head");
        TRY(advance(until, "response headers"));
    }
    char* peer = nullptr;
    curl_easy_getinfo(line_->easy, CURLINFO_PRIMARY_IP, &peer);
    peer_is_local = !peer || is_local_address(std::string_view(peer));
    line_->is_local = peer_is_local;
    return {};
}

Result<std::string_view> Exchange::State::read() {
    auto until = std::chrono::steady_clock::now() + client_->limits.stall;
    handed_out_.clear();
    while (arriving_.empty()) {
        if (ended_ && *ended_ != CURLE_OK) return failure(*ended_);
        if (ended_) return std::string_view();
        if (is_paused_) {
            is_paused_ = false;
            curl_easy_pause(line_->easy, CURLPAUSE_CONT);
            if (!arriving_.empty()) break;
        }
        TRY(advance(until, "more of the body"));
    }
    handed_out_.swap(arriving_);
    return std::string_view(handed_out_);
}

Error Exchange::State::describe(ErrorKind kind, std::string_view reason) const {
    return fail(kind, method_word(request_.method), " ", quote(request_.url.display()), ": ", reason);
}

Error Exchange::State::failure(CURLcode code) const {
    std::string_view message = curl_message_[0] ? curl_message_ : curl_easy_strerror(code);
    long os_error = 0;
    curl_easy_getinfo(line_->easy, CURLINFO_OS_ERRNO, &os_error);
    auto& origin = request_.url.origin();
    if (!reject_.empty()) return describe(ErrorKind::resource_exhausted, reject_);
    if (!refused_address_.empty())
        return describe(ErrorKind::permission_denied,
                        "a registry elsewhere may not lead to an address of this machine or its link");
    switch (code) {
        case CURLE_COULDNT_RESOLVE_HOST:
            return describe(ErrorKind::unavailable, cat("dial tcp: lookup ", origin.host, ": no such host"))
                .set_error_number(EHOSTUNREACH);
        case CURLE_COULDNT_CONNECT:
            return describe(ErrorKind::unavailable,
                            cat("dial tcp ", origin.host, ":", origin.port, ": connect: ",
                                os_error ? to_lower(std::strerror(static_cast<int>(os_error))) : message))
                .set_error_number(os_error ? static_cast<int>(os_error) : ECONNREFUSED);
        case CURLE_OPERATION_TIMEDOUT:
            return describe(ErrorKind::deadline_exceeded, "timeout while connecting");
        case CURLE_PEER_FAILED_VERIFICATION:
            return describe(ErrorKind::unauthenticated, cat("x509: ", message));
        case CURLE_SSL_CONNECT_ERROR:
            if (reads_as(message, "wrong version number") || reads_as(message, "packet length too long"))
                return describe(ErrorKind::failed_precondition,
                                "http: server gave HTTP response to HTTPS client");
            return describe(ErrorKind::unavailable, cat("tls: ", message));
        case CURLE_SSL_CERTPROBLEM:
        case CURLE_SSL_CACERT_BADFILE:
            return describe(ErrorKind::invalid_argument, cat("tls: ", message));
        default:
            return describe(ErrorKind::unavailable, message);
    }
}

}  // namespace tare::http
