#include "wire/http/unix_client.h"

#include <algorithm>

#include "base/text.h"
#include "posix/socket.h"

namespace tare::http {

namespace {

constexpr std::size_t kMaxHeadBytes = 64 << 10;
constexpr std::size_t kReadBytes = 64 << 10;

std::string head_of(std::string_view method, std::string_view target, const HeaderList& headers) {
    std::string head = cat(method, ' ', target, " HTTP/1.1\r\nHost: docker\r\nUser-Agent: tare\r\n");
    for (const auto& [name, value] : headers)
        head += cat(name, ": ", value, "\r\n");
    return head;
}

// A value from outside must not end its line.
Result<> check_headers(std::string_view target, const HeaderList& headers) {
    auto is_bad = [](std::string_view text) {
        return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
    };
    if (is_bad(target) || target.find(' ') != std::string_view::npos)
        return fail(ErrorKind::invalid_argument, "request target ", quote(target),
                    " holds a character that HTTP has no place for");
    for (const auto& [name, value] : headers)
        if (is_bad(name) || is_bad(value))
            return fail(ErrorKind::invalid_argument, "header ", quote(name), " holds a line break");
    return {};
}

}  // namespace

std::string_view AnswerHead::header(std::string_view name) const {
    auto found = headers.find(std::string(name));
    return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

Result<UnixExchange> UnixExchange::connect(const std::string& socket_path) {
    return UnixExchange(TRY(posix::connect_unix(socket_path)));
}

Result<> UnixExchange::send(std::string_view method, std::string_view target, const HeaderList& headers,
                            const std::optional<std::string>& body) {
    TRY(check_headers(target, headers));
    method_ = method;
    std::string head = head_of(method, target, headers);
    if (body || method == "POST" || method == "PUT")
        head += cat("Content-Length: ", body ? body->size() : 0, "\r\n");
    return posix::send_message(socket_.get(), cat(head, "\r\n", body ? *body : std::string()));
}

Result<> UnixExchange::begin_chunked(std::string_view method, std::string_view target,
                                     const HeaderList& headers) {
    TRY(check_headers(target, headers));
    method_ = method;
    return posix::send_message(socket_.get(),
                               cat(head_of(method, target, headers), "Transfer-Encoding: chunked\r\n\r\n"));
}

Result<> UnixExchange::send_chunk(std::string_view piece) {
    if (piece.empty()) return {};
    char size[24];
    auto [end, error] = std::to_chars(size, size + sizeof size, piece.size(), 16);
    return posix::send_message(socket_.get(), cat(std::string_view(size, end), "\r\n", piece, "\r\n"));
}

Result<> UnixExchange::end_chunks() {
    return posix::send_message(socket_.get(), "0\r\n\r\n");
}

// Reads once; false at the end of the connection.
Result<bool> UnixExchange::fill() {
    std::size_t size = buffer_.size();
    buffer_.resize(size + kReadBytes);
    auto count = posix::read_some(socket_.get(), buffer_.data() + size, kReadBytes);
    buffer_.resize(size + (count ? *count : 0));
    return TRY(std::move(count))
    > 0;
}

Result<std::string> UnixExchange::read_line(std::string_view what) {
    std::size_t scanned = 0;
    for (;;) {
        std::size_t end = buffer_.find("\r\n", scanned);
        if (end != std::string::npos) {
            std::string line = buffer_.substr(0, end);
            buffer_.erase(0, end + 2);
            return line;
        }
        scanned = buffer_.empty() ? 0 : buffer_.size() - 1;
        if (buffer_.size() > kMaxHeadBytes) return fail(ErrorKind::data_loss, what, " is too long");
        if (!TRY(fill())) return fail(ErrorKind::unavailable, "connection ended before the ", what);
    }
}

Result<AnswerHead> UnixExchange::read_head(Deadline deadline) {
    for (;;) {
        if (buffer_.empty() && !TRY(posix::wait_readable(socket_.get(), deadline)))
            return fail(ErrorKind::deadline_exceeded, "no answer in time");
        AnswerHead head;
        std::string status = TRY(read_line("status line"));
        std::vector<std::string_view> words = split(status, ' ');
        auto code = words.size() >= 2 && words[0].starts_with("HTTP/1.") ? parse_integer<int>(words[1])
                                                                         : std::nullopt;
        if (!code || *code < 100 || *code > 599)
            return fail(ErrorKind::data_loss, "answer is no HTTP: ", quote(status));
        head.status = *code;
        std::size_t total = 0;
        for (std::string line; !(line = TRY(read_line("answer's head"))).empty();) {
            if ((total += line.size()) > kMaxHeadBytes)
                return fail(ErrorKind::data_loss, "answer's head is too long");
            auto [name, value] = cut(line, ':');
            if (!value || name.empty())
                return fail(ErrorKind::data_loss, "answer has the malformed header ", quote(line));
            std::string& entry = head.headers[to_lower(name)];
            entry = entry.empty() ? std::string(trim(*value)) : cat(entry, ", ", trim(*value));
        }
        if (head.status < 200 && head.status != 101) continue;
        TRY(choose_framing(head));
        return head;
    }
}

Result<> UnixExchange::choose_framing(const AnswerHead& head) {
    std::string_view coding = head.header("transfer-encoding");
    std::string_view length = head.header("content-length");
    if (method_ == "HEAD" || head.status == 204 || head.status == 304 || head.status == 101) {
        framing_ = Framing::none;
        body_done_ = true;
    } else if (!coding.empty()) {
        if (to_lower(coding) != "chunked" || !length.empty())
            return fail(ErrorKind::data_loss, "answer is framed in an unknown way: ", quote(coding));
        framing_ = Framing::chunked;
    } else if (!length.empty()) {
        auto bytes = parse_integer<std::uint64_t>(length);
        if (!bytes) return fail(ErrorKind::data_loss, "answer has the length ", quote(length));
        framing_ = Framing::length;
        left_bytes_ = *bytes;
        body_done_ = left_bytes_ == 0;
    } else {
        framing_ = Framing::until_close;
    }
    return {};
}

// What is there of the next `most` bytes, at least one; "" only at the end of the connection.
Result<std::string> UnixExchange::take(std::uint64_t most) {
    if (buffer_.empty()) TRY(fill());
    std::string piece;
    if (buffer_.size() <= most) {
        piece.swap(buffer_);
    } else {
        piece = buffer_.substr(0, most);
        buffer_.erase(0, most);
    }
    return piece;
}

Result<std::string> UnixExchange::read_chunk() {
    if (left_bytes_ == 0) {
        std::string line = TRY(read_line("chunk's size"));
        auto size = parse_integer<std::uint64_t>(trim(cut(line, ';').before), 16);
        if (!size) return fail(ErrorKind::data_loss, "answer has the chunk size ", quote(line));
        left_bytes_ = *size;
        if (left_bytes_ == 0) {
            while (!TRY(read_line("trailer")).empty())
                continue;
            body_done_ = true;
            return std::string();
        }
    }
    std::string piece = TRY(take(left_bytes_));
    if (piece.empty()) return fail(ErrorKind::data_loss, "connection ended in the middle of the answer");
    left_bytes_ -= piece.size();
    if (left_bytes_ == 0 && !TRY(read_line("end of the chunk")).empty())
        return fail(ErrorKind::data_loss, "chunk is longer than its size");
    return piece;
}

Result<std::string> UnixExchange::read_body() {
    if (body_done_) return std::string();
    if (framing_ == Framing::chunked) return read_chunk();
    std::string piece = TRY(take(framing_ == Framing::length ? left_bytes_ : kReadBytes));
    if (piece.empty()) {
        if (framing_ == Framing::length)
            return fail(ErrorKind::data_loss, "connection ended in the middle of the answer");
        body_done_ = true;
    }
    if (framing_ == Framing::length) {
        left_bytes_ -= piece.size();
        body_done_ = left_bytes_ == 0;
    }
    return piece;
}

Result<std::string> UnixExchange::read_whole_body(std::size_t max_bytes) {
    std::string body;
    for (;;) {
        std::string piece = TRY(read_body());
        if (piece.empty()) return body;
        if (body.size() + piece.size() > max_bytes)
            return fail(ErrorKind::resource_exhausted, "answer is larger than ", max_bytes, " bytes");
        body += piece;
    }
}

}  // namespace tare::http
