#include "wire/http/server_exchange.h"

#include <ctime>

#include "base/text.h"
#include "wire/http/connection.h"
#include "wire/http/server.h"

namespace tare::http {

namespace {

// Small writes of a chunked answer are gathered up to this size.
constexpr std::size_t kChunkBytes = 32 << 10;

std::string_view reason_of(int status) {
    switch (status) {
        case 101:
            return "UPGRADED";
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 204:
            return "No Content";
        case 304:
            return "Not Modified";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 408:
            return "Request Timeout";
        case 409:
            return "Conflict";
        case 413:
            return "Request Entity Too Large";
        case 417:
            return "Expectation Failed";
        case 431:
            return "Request Header Fields Too Large";
        case 500:
            return "Internal Server Error";
        case 501:
            return "Not Implemented";
        case 503:
            return "Service Unavailable";
        case 504:
            return "Gateway Timeout";
        case 505:
            return "HTTP Version Not Supported";
        default:
            return "Status";
    }
}

std::string date_now() {
    static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::time_t now = std::time(nullptr);
    std::tm time{};
    ::gmtime_r(&now, &time);
    auto two = [](int number) { return cat(number < 10 ? "0" : "", number); };
    return cat(kDays[time.tm_wday], ", ", two(time.tm_mday), ' ', kMonths[time.tm_mon], ' ',
               time.tm_year + 1900, ' ', two(time.tm_hour), ':', two(time.tm_min), ':', two(time.tm_sec),
               " GMT");
}

// A value that came from outside must not begin a header of its own.
void append_header(std::string& text, std::string_view name, std::string_view value) {
    text += cat(name, ": ");
    for (char c : value)
        text.push_back(c == '\r' || c == '\n' || c == '\0' ? ' ' : c);
    text += "\r\n";
}

}  // namespace

ServerExchange::ServerExchange(Connection& connection, RequestHead head)
    : connection_(&connection), head_(std::move(head)) {
    connection_->body = BodyReader(head_.framing, head_.content_length);
}

ServerExchange::~ServerExchange() = default;

const posix::PeerCredentials& ServerExchange::peer() const {
    return connection_->peer;
}

const posix::CancelToken& ServerExchange::cancel() const {
    return connection_->cancel;
}

Result<> ServerExchange::send_continue() {
    if (!head_.expects_continue || continue_sent_) return {};
    continue_sent_ = true;
    return connection_->send("HTTP/1.1 100 Continue\r\n\r\n");
}

Result<std::size_t> ServerExchange::read_body(char* buffer, std::size_t size) {
    TRY(send_continue());
    while (true) {
        auto count = connection_->body.take(connection_->input, buffer, size);
        if (!count) head_.keep_alive = false;
        if (auto taken = TRY(std::move(count))) return *taken;
        auto more = connection_->receive(Deadline::after(connection_->options.body_time));
        if (more && *more) continue;
        // What is missing cannot be told from a next request.
        head_.keep_alive = false;
        if (!more) return std::move(more.error());
        return fail(ErrorKind::unavailable, "the client went away in the middle of its request");
    }
}

Result<std::string> ServerExchange::read_whole_body(std::size_t max_bytes) {
    auto too_large = [&] {
        is_body_too_large_ = true;
        return fail(ErrorKind::resource_exhausted, "the request's body is larger than ", max_bytes, " bytes");
    };
    std::string body;
    if (head_.framing == BodyFraming::length && head_.content_length > max_bytes) return too_large();
    char buffer[16 << 10];
    while (true) {
        std::size_t count = TRY(read_body(buffer, sizeof buffer));
        if (count == 0) return body;
        if (body.size() + count > max_bytes) return too_large();
        body.append(buffer, count);
    }
}

void ServerExchange::add_header(std::string name, std::string value) {
    common_headers_.emplace_back(std::move(name), std::move(value));
}

bool ServerExchange::allows_body(int status) const {
    return head_.method != "HEAD" && status >= 200 && status != 204 && status != 304;
}

std::string ServerExchange::head_text(int status, const AnswerHeaders& headers,
                                      std::string_view framing) const {
    std::string text = cat("HTTP/1.", head_.minor_version, ' ', status, ' ', reason_of(status), "\r\n");
    for (const auto& [name, value] : common_headers_)
        append_header(text, name, value);
    for (const auto& [name, value] : headers)
        append_header(text, name, value);
    append_header(text, "Date", date_now());
    text += framing;
    if (!head_.keep_alive) {
        text += "Connection: close\r\n";
    } else if (head_.minor_version == 0) {
        text += "Connection: keep-alive\r\n";
    }
    text += "\r\n";
    return text;
}

Result<> ServerExchange::respond(int status, std::string_view body, const AnswerHeaders& headers) {
    if (state_ != State::open) return fail(ErrorKind::internal, "request was answered twice");
    // A client that waits for 100 Continue may send its body or not: nobody can tell what comes next.
    if (head_.expects_continue && !continue_sent_) head_.keep_alive = false;
    state_ = State::done;
    std::string length =
        status == 204 || status == 304 ? std::string() : cat("Content-Length: ", body.size(), "\r\n");
    std::string head = head_text(status, headers, length);
    auto sent = connection_->send(head, allows_body(status) ? body : std::string_view());
    if (!sent) head_.keep_alive = false;
    return sent;
}

void ServerExchange::begin_open_ended(int status, const AnswerHeaders& headers) {
    if (head_.expects_continue && !continue_sent_) head_.keep_alive = false;
    is_chunked_ = head_.minor_version == 1;
    sends_body_ = allows_body(status);
    if (!is_chunked_) head_.keep_alive = false;
    pending_ = head_text(status, headers, is_chunked_ ? "Transfer-Encoding: chunked\r\n" : "");
}

Result<> ServerExchange::begin(int status, const AnswerHeaders& headers) {
    if (state_ != State::open) return fail(ErrorKind::internal, "request was answered twice");
    state_ = State::writing;
    begin_open_ended(status, headers);
    return {};
}

Result<> ServerExchange::write(std::string_view bytes) {
    if (state_ != State::writing) return fail(ErrorKind::internal, "answer was not begun");
    if (!sends_body_) return {};
    chunk_ += bytes;
    return chunk_.size() >= kChunkBytes ? flush() : Result<>();
}

Result<> ServerExchange::flush() {
    std::string head = std::move(pending_);
    pending_.clear();
    if (!chunk_.empty() && is_chunked_) {
        head += chunk_head(chunk_.size());
        chunk_ += "\r\n";
    }
    std::string body = std::move(chunk_);
    chunk_.clear();
    auto sent = connection_->send(head, body);
    if (!sent) head_.keep_alive = false;
    return sent;
}

Result<> ServerExchange::end() {
    if (state_ != State::writing) return fail(ErrorKind::internal, "answer was not begun");
    TRY(flush());
    state_ = State::done;
    if (!is_chunked_ || !sends_body_) return {};
    auto sent = connection_->send("0\r\n\r\n");
    if (!sent) head_.keep_alive = false;
    return sent;
}

Result<> ServerExchange::stream(int status, const AnswerHeaders& headers,
                                std::unique_ptr<StreamSource> source) {
    if (state_ != State::open) return fail(ErrorKind::internal, "request was answered twice");
    begin_open_ended(status, headers);
    state_ = State::done;
    if (!sends_body_) return flush();
    state_ = State::streaming;
    connection_->stream = StreamRun{.source = std::move(source),
                                    .unsent = std::move(pending_),
                                    .is_chunked = is_chunked_,
                                    .keep_alive = head_.keep_alive && connection_->body.is_done()};
    return {};
}

Result<Hijacked> ServerExchange::hijack(std::string_view head_lines) {
    if (state_ != State::open) return fail(ErrorKind::internal, "request was answered twice");
    if (!head_lines.empty()) TRY(connection_->send(head_lines));
    state_ = State::hijacked;
    return Hijacked{.socket = connection_->detach(), .leftover = std::move(connection_->input)};
}

}  // namespace tare::http
