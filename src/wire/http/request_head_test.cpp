#include "wire/http/request_head.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace tare::http {
namespace {

RequestHead parsed(std::string_view text) {
    auto result = parse_request_head(text);
    EXPECT_TRUE(result.has_value()) << result.error().message();
    EXPECT_TRUE(result.has_value() && result->has_value());
    return result && *result ? (*result)->head : RequestHead();
}

int refused(std::string_view text) {
    auto result = parse_request_head(text);
    EXPECT_FALSE(result.has_value()) << text;
    return result ? 0 : status_of_bad_head(result.error());
}

TEST(RequestHead, splits_target_query_and_headers) {
    RequestHead head = parsed(
        "GET /v1.43/containers/a%2Fb/json?size=1&filters=%7B%7D&x=a+b&x=c HTTP/1.1\r\nHost: docker\r\n"
        "X-Registry-Auth:  abc \t\r\n\r\nrest");
    EXPECT_EQ(head.method, "GET");
    EXPECT_EQ(head.path, "/v1.43/containers/a/b/json");
    EXPECT_EQ(head.query_value("filters"), "{}");
    EXPECT_EQ(head.query_values("x"), (std::vector<std::string>{"a b", "c"}));
    EXPECT_EQ(head.header("x-registry-auth"), "abc");
    EXPECT_TRUE(head.keep_alive);
    EXPECT_EQ(head.framing, BodyFraming::none);
}

TEST(RequestHead, waits_until_the_head_is_whole) {
    std::string text = "GET / HTTP/1.1\r\nHost: d\r\n\r\n";
    for (std::size_t size = 0; size < text.size(); ++size) {
        std::string_view part = std::string_view(text).substr(0, size);
        auto result = parse_request_head(part);
        ASSERT_TRUE(result.has_value());
        EXPECT_FALSE(result->has_value());
        EXPECT_FALSE(head_is_ready(part, 0, {})) << size;
    }
    EXPECT_TRUE(head_is_ready(text, 0, {}));
}

TEST(Security, nw3_a_body_has_one_length_only) {
    EXPECT_EQ(
        refused("POST / HTTP/1.1\r\nHost: d\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"),
        400);
    EXPECT_EQ(refused("POST / HTTP/1.1\r\nHost: d\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n"), 400);
    EXPECT_EQ(refused("POST / HTTP/1.1\r\nHost: d\r\nContent-Length: 3, 3\r\n\r\n"), 400);
    EXPECT_EQ(refused("POST / HTTP/1.1\r\nHost: d\r\nContent-Length: +3\r\n\r\n"), 400);
    EXPECT_EQ(refused("POST / HTTP/1.1\r\nHost: d\r\nContent-Length: -1\r\n\r\n"), 400);
    EXPECT_EQ(refused("POST / HTTP/1.1\r\nHost: d\r\nContent-Length: 0x3\r\n\r\n"), 400);
    EXPECT_EQ(refused("POST / HTTP/1.1\r\nHost: d\r\nContent-Length: 99999999999999999999\r\n\r\n"), 400);
    EXPECT_EQ(refused("POST / HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"), 501);
    EXPECT_EQ(refused("POST / HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: xchunked\r\n\r\n"), 501);
    EXPECT_EQ(
        refused("POST / HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n"),
        400);
    EXPECT_EQ(refused("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
}

TEST(Security, nw3_lines_and_headers_read_in_one_way_only) {
    EXPECT_EQ(refused("GET / HTTP/1.1\nHost: d\n\n"), 400);
    EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: d\n\r\n"), 400);
    EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: d\rX: y\r\n\r\n"), 400);
    EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: d\r\nX: a\r\n b\r\n\r\n"), 400);
    EXPECT_EQ(refused("GET / HTTP/1.1\r\n X: a\r\nHost: d\r\n\r\n"), 400);
    EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost : d\r\n\r\n"), 400);
    EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: d\r\n: x\r\n\r\n"), 400);
    EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: d\r\nX: a\x01\r\n\r\n"), 400);
    EXPECT_EQ(refused(std::string_view("GET / HTTP/1.1\r\nHost: d\0\r\n\r\n", 29)), 400);
    EXPECT_EQ(refused("GET  / HTTP/1.1\r\nHost: d\r\n\r\n"), 400);
    EXPECT_EQ(refused("GET /a b HTTP/1.1\r\nHost: d\r\n\r\n"), 400);
    EXPECT_EQ(refused("GET http://d/ HTTP/1.1\r\nHost: d\r\n\r\n"), 400);
    EXPECT_EQ(refused("GET /%zz HTTP/1.1\r\nHost: d\r\n\r\n"), 400);
    EXPECT_EQ(refused("GET /%00 HTTP/1.1\r\nHost: d\r\n\r\n"), 400);
    EXPECT_EQ(refused("GET / HTTP/2.0\r\nHost: d\r\n\r\n"), 505);
    EXPECT_EQ(refused("\r\nGET / HTTP/1.1\r\nHost: d\r\n\r\n"), 400);
    EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: d\r\nExpect: magic\r\n\r\n"), 417);
}

TEST(Security, dk11_a_web_page_reaches_nothing) {
    EXPECT_EQ(refused("GET / HTTP/1.1\r\n\r\n"), 400);
    EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: d\r\nHost: d\r\n\r\n"), 400);
    EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: evil.example.com\r\n\r\n"), 403);
    EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: 10.0.0.1:2375\r\n\r\n"), 403);
    EXPECT_EQ(refused("POST / HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example.com\r\n\r\n"), 403);
    // A page of this machine, or of a host of the same network, is a page all the same.
    for (auto origin : {"null", "", "http://localhost:3000", "http://intranet", "https://127.0.0.1"})
        EXPECT_EQ(refused(cat("POST / HTTP/1.1\r\nHost: localhost\r\nOrigin: ", origin, "\r\n\r\n")), 403)
            << origin;
    for (auto site : {"cross-site", "same-site", "same-origin", ""})
        EXPECT_EQ(refused(cat("GET / HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: ", site, "\r\n\r\n")),
                  403)
            << site;
    for (std::string_view host : {"docker", "localhost", "localhost:2375", "api.moby.localhost",
                                  "127.0.0.1:80", "[::1]:2375", "%2Fvar%2Frun%2Fdocker.sock", ""})
        EXPECT_TRUE(is_known_host(host)) << host;
    for (std::string_view host :
         {"evil.com", "localhost.evil.com", "127.0.0.1.evil.com", "[::2]", "docker:x"})
        EXPECT_FALSE(is_known_host(host)) << host;
}

TEST(Security, nw4_heads_are_bounded) {
    std::string many = "GET / HTTP/1.1\r\nHost: d\r\n";
    for (int i = 0; i < 200; ++i)
        many += cat("X-", i, ": y\r\n");
    EXPECT_EQ(refused(many + "\r\n"), 431);
    EXPECT_EQ(refused(cat("GET /", std::string(40'000, 'a'))), 431);
    std::string large = "GET / HTTP/1.1\r\nHost: d\r\n";
    for (int i = 0; i < 5; ++i)
        large += cat("X-", i, ": ", std::string(20'000, 'a'), "\r\n");
    std::string parameters;
    for (int i = 0; i < 1001; ++i)
        parameters += "a&";
    EXPECT_EQ(refused(cat("GET /?", parameters, " HTTP/1.1\r\nHost: d\r\n\r\n")), 431);
    EXPECT_TRUE(head_is_ready(large, 0, {}));
    EXPECT_EQ(refused(large), 431);
    EXPECT_EQ(refused(large + "\r\n"), 431);
}

TEST(RequestHead, version_and_connection_header_decide_about_the_next_request) {
    EXPECT_FALSE(parsed("GET / HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n").keep_alive);
    EXPECT_FALSE(parsed("GET / HTTP/1.0\r\n\r\n").keep_alive);
    EXPECT_TRUE(parsed("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").keep_alive);
    RequestHead upgrade = parsed("POST / HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n");
    EXPECT_TRUE(upgrade.wants_upgrade);
}

}  // namespace
}  // namespace tare::http
