#pragma once

// A scripted HTTP/1.1 server on the loopback for tests: what it answers, and how badly, is the test's
// to say; every request is kept with all of its headers.

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/text.h"
#include "posix/fd.h"

namespace tare::http {

struct FakeRequest {
    std::string method;
    std::string target;
    std::string head;  ///< all lines as they came
    std::string body;

    std::string header(std::string_view name) const {
        for (auto line : split(head, '\n')) {
            auto [key, value] = cut(line, ':');
            if (value && to_lower(key) == name) return std::string(trim(*value));
        }
        return {};
    }
};

class FakeServer {
  public:
    /// Answers a request with raw bytes; the connection is kept if they end with a complete answer, and
    /// closed if `close` is set.
    struct Reply {
        std::string bytes;
        bool close = false;
    };
    using Handler = std::function<Reply(const FakeRequest&)>;

    explicit FakeServer(Handler handler, std::uint32_t address = INADDR_LOOPBACK)
        : handler_(std::move(handler)) {
        listener_ = posix::Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in name{};
        name.sin_family = AF_INET;
        name.sin_addr.s_addr = htonl(address);
        socklen_t size = sizeof name;
        ::bind(listener_.get(), reinterpret_cast<sockaddr*>(&name), sizeof name);
        ::listen(listener_.get(), 64);
        ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&name), &size);
        port_ = ntohs(name.sin_port);
        acceptor_ = std::thread([this] { accept_all(); });
    }
    ~FakeServer() {
        stopping_ = true;
        ::shutdown(listener_.get(), SHUT_RDWR);
        acceptor_.join();
        {
            std::lock_guard lock(mutex_);
            for (auto& connection : connections_)
                ::shutdown(connection.get(), SHUT_RDWR);
        }
        for (auto& thread : threads_)
            thread.join();
    }
    FakeServer(const FakeServer&) = delete;
    FakeServer& operator=(const FakeServer&) = delete;

    std::uint16_t port() const { return port_; }
    /// "127.0.0.1:PORT".
    std::string host() const { return cat("127.0.0.1:", port_); }
    std::string url(std::string_view path = "") const { return cat("http://", host(), path); }
    std::vector<FakeRequest> requests() const {
        std::lock_guard lock(mutex_);
        return requests_;
    }
    std::size_t connection_count() const {
        std::lock_guard lock(mutex_);
        return connections_.size();
    }

    /// A complete answer; `headers` are lines ending in CRLF.
    static Reply answer(int status, std::string_view body = "", std::string_view headers = "") {
        return {.bytes = cat("HTTP/1.1 ", status, " Text\r\nContent-Length: ", body.size(), "\r\n", headers,
                             "\r\n", body)};
    }

  private:
    void accept_all() {
        while (!stopping_) {
            int fd = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
            if (fd < 0) continue;
            std::lock_guard lock(mutex_);
            connections_.emplace_back(fd);
            threads_.emplace_back([this, fd] { serve(fd); });
        }
    }

    void serve(int fd) {
        std::string buffer;
        while (true) {
            FakeRequest request;
            if (!read_request(fd, buffer, request)) break;
            {
                std::lock_guard lock(mutex_);
                requests_.push_back(request);
            }
            Reply reply = handler_(request);
            if (request.method == "HEAD") reply.bytes.resize(reply.bytes.find("\r\n\r\n") + 4);
            if (!send_all(fd, reply.bytes) || reply.close) break;
        }
        ::shutdown(fd, SHUT_RDWR);
    }

    static bool send_all(int fd, std::string_view bytes) {
        while (!bytes.empty()) {
            auto sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }

    static bool fill(int fd, std::string& buffer) {
        char chunk[16384];
        auto got = ::recv(fd, chunk, sizeof chunk, 0);
        if (got <= 0) return false;
        buffer.append(chunk, static_cast<std::size_t>(got));
        return true;
    }

    static bool read_request(int fd, std::string& buffer, FakeRequest& request) {
        std::size_t end = 0;
        while ((end = buffer.find("\r\n\r\n")) == std::string::npos) {
            if (!fill(fd, buffer)) return false;
            bool is_tls_hello = buffer[0] == 0x16;
            if (is_tls_hello) send_all(fd, "HTTP/1.0 400 Bad Request\r\n\r\n");
            if (is_tls_hello) return false;
        }
        request.head = buffer.substr(0, end);
        buffer.erase(0, end + 4);
        auto words = split_words(split(request.head, '\n').front());
        if (words.size() != 3) return false;
        request.method = words[0];
        request.target = words[1];
        auto length = parse_integer<std::size_t>(request.header("content-length")).value_or(0);
        while (buffer.size() < length)
            if (!fill(fd, buffer)) return false;
        request.body = buffer.substr(0, length);
        buffer.erase(0, length);
        return true;
    }

    Handler handler_;
    posix::Fd listener_;
    std::uint16_t port_ = 0;
    std::atomic<bool> stopping_ = false;
    std::thread acceptor_;
    mutable std::mutex mutex_;
    std::vector<posix::Fd> connections_;
    std::vector<std::thread> threads_;
    std::vector<FakeRequest> requests_;
};

}  // namespace tare::http
