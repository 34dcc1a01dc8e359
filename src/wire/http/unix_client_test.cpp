#include "wire/http/unix_client.h"

#include <cstdlib>
#include <thread>

#include <gtest/gtest.h>

#include "base/text.h"
#include "posix/file.h"
#include "posix/socket.h"

namespace tare::http {
namespace {

// A server that reads one request and gives these bytes, in pieces of `step`.
class OneAnswer {
  public:
    explicit OneAnswer(std::string bytes, std::size_t step = 1 << 20) {
        char name[] = "/tmp/tare-http-XXXXXX";
        directory_ = ::mkdtemp(name);
        listener_ = posix::listen_unix(path(), 0600).value();
        thread_ = std::thread([this, bytes = std::move(bytes), step] {
            posix::Fd connection = posix::accept_connection(listener_.get()).value();
            char buffer[4096];
            while (request_.find("\r\n\r\n") == std::string::npos) {
                auto count = posix::read_some(connection.get(), buffer, sizeof buffer);
                if (!count || *count == 0) break;
                request_.append(buffer, *count);
            }
            for (std::size_t at = 0; at < bytes.size(); at += step)
                if (!posix::send_message(connection.get(), bytes.substr(at, step))) break;
        });
    }
    ~OneAnswer() {
        if (thread_.joinable()) thread_.join();
        (void)posix::remove_tree(directory_);
    }
    std::string path() const { return cat(directory_, "/s"); }
    const std::string& request() {
        thread_.join();
        return request_;
    }

  private:
    std::string directory_;
    posix::Fd listener_;
    std::thread thread_;
    std::string request_;
};

// "status: body", or "error: …".
std::string fetch(std::string bytes, std::size_t step = 1 << 20, std::string_view method = "GET") {
    OneAnswer server(std::move(bytes), step);
    auto exchange = UnixExchange::connect(server.path());
    if (!exchange) return cat("error: ", exchange.error().message());
    if (auto sent = exchange->send(method, "/x", {}, std::nullopt); !sent)
        return cat("error: ", sent.error().message());
    auto head = exchange->read_head();
    if (!head) return cat("error: ", head.error().message());
    auto body = exchange->read_whole_body(1 << 20);
    return cat(head->status, ": ", body ? *body : cat("error: ", body.error().message()));
}

TEST(UnixExchange, bodies_by_length_by_chunks_and_by_the_end) {
    for (std::size_t step : {1u, 5u, 4096u}) {
        EXPECT_EQ(fetch("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", step), "200: hello");
        EXPECT_EQ(fetch("HTTP/1.1 200 OK\r\nTransfer-Encoding: "
                        "chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nT: r\r\n\r\n",
                        step),
                  "200: hello");
        EXPECT_EQ(fetch("HTTP/1.1 200 OK\r\n\r\nhello", step), "200: hello");
        EXPECT_EQ(fetch("HTTP/1.1 204 No Content\r\n\r\n", step), "204: ");
        EXPECT_EQ(fetch("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", step),
                  "200: x");
    }
    EXPECT_EQ(fetch("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 4096, "HEAD"), "200: ");
}

TEST(UnixExchange, what_is_cut_off_is_no_answer) {
    EXPECT_EQ(fetch("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"),
              "200: error: connection ended in the middle of the answer");
    EXPECT_EQ(fetch("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"),
              "200: error: connection ended in the middle of the answer");
    EXPECT_EQ(fetch(""), "error: connection ended before the status line");
    EXPECT_EQ(fetch("HTTP/1.1 200 OK\r\nContent-"), "error: connection ended before the answer's head");
}

TEST(Security, r22_ambiguous_framing_is_refused) {
    EXPECT_NE(fetch("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n")
                  .find("unknown way"),
              std::string::npos);
    EXPECT_NE(fetch("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n").find("unknown way"),
              std::string::npos);
    EXPECT_NE(fetch("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello").find("length"),
              std::string::npos);
    EXPECT_NE(fetch("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n").find("length"), std::string::npos);
    EXPECT_NE(fetch("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n").find("chunk size"),
              std::string::npos);
    EXPECT_NE(fetch("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n").find("longer"),
              std::string::npos);
    EXPECT_NE(fetch("ICY 200 OK\r\n\r\n").find("no HTTP"), std::string::npos);
    EXPECT_NE(fetch(cat("HTTP/1.1 200 OK\r\nX: ", std::string(200'000, 'x'))).find("too long"),
              std::string::npos);
}

TEST(Security, r11_a_request_holds_no_foreign_line) {
    OneAnswer server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    auto exchange = UnixExchange::connect(server.path()).value();
    EXPECT_FALSE(exchange.send("GET", "/x\r\nX: y", {}, std::nullopt).has_value());
    EXPECT_FALSE(exchange.send("GET", "/x y", {}, std::nullopt).has_value());
    EXPECT_FALSE(exchange.send("GET", "/x", {{"A", "b\nc"}}, std::nullopt).has_value());
    EXPECT_TRUE(exchange.send("GET", "/x", {{"A", "b"}}, std::nullopt).has_value());
    EXPECT_EQ(exchange.read_head()->status, 200);
    EXPECT_EQ(server.request(), "GET /x HTTP/1.1\r\nHost: docker\r\nUser-Agent: tare\r\nA: b\r\n\r\n");
}

TEST(UnixExchange, a_hijacked_connection_keeps_the_bytes_behind_the_head) {
    OneAnswer server("HTTP/1.1 101 UPGRADED\r\nUpgrade: tcp\r\n\r\nfirst");
    auto exchange = UnixExchange::connect(server.path()).value();
    ASSERT_TRUE(exchange.send("POST", "/attach", {{"Upgrade", "tcp"}}, std::nullopt).has_value());
    EXPECT_EQ(exchange.read_head()->status, 101);
    auto [socket, leftover] = exchange.hijack();
    std::string rest = posix::read_to_end(socket.get(), 100).value();
    EXPECT_EQ(leftover + rest, "first");
}

TEST(UnixExchange, nobody_there_is_told) {
    EXPECT_TRUE(UnixExchange::connect("/nonexistent/socket").error().is(ErrorKind::not_found));
}

}  // namespace
}  // namespace tare::http
