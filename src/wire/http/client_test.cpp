#include "wire/http/client.h"

#include <thread>

#include <gtest/gtest.h>

#include "wire/http/fake_server_test.h"

namespace tare::http {
namespace {

using Reply = FakeServer::Reply;

Url url(std::string_view text) {
    return *Url::parse(text);
}

std::string error_of(const Result<Exchange>& result) {
    return result ? "" : result.error().message();
}

TEST(HttpClient, an_answer_is_read_with_its_head) {
    FakeServer server([](const FakeRequest&) {
        return FakeServer::answer(201, "hello", "X-One: 1\r\nx-two:  2  \r\nX-One: again\r\n");
    });
    Client client;
    auto answer = client.send({.url = url(server.url("/a?b=c")), .headers = {{"Accept", "text/x"}}});
    ASSERT_TRUE(answer.has_value()) << error_of(answer);
    EXPECT_EQ(answer->head().status, 201);
    EXPECT_EQ(answer->head().header("x-two"), "2");
    EXPECT_EQ(answer->head().all("x-one").size(), 2U);
    EXPECT_EQ(*answer->read_all(100), "hello");
    EXPECT_TRUE(answer->read()->empty());
    EXPECT_TRUE(answer->peer_is_local());
    auto requests = server.requests();
    ASSERT_EQ(requests.size(), 1U);
    EXPECT_EQ(requests[0].target, "/a?b=c");
    EXPECT_EQ(requests[0].header("accept"), "text/x");
    EXPECT_EQ(requests[0].header("user-agent"), "tare");
}

TEST(HttpClient, a_connection_serves_the_next_request_too) {
    FakeServer server([](const FakeRequest&) { return FakeServer::answer(200, "x"); });
    Client client;
    for (int i = 0; i < 3; ++i) {
        auto answer = client.send({.url = url(server.url("/"))});
        ASSERT_TRUE(answer.has_value());
        EXPECT_EQ(*answer->read_all(10), "x");
    }
    EXPECT_EQ(server.connection_count(), 1U);
    client.close_idle();
    ASSERT_TRUE(client.send({.url = url(server.url("/"))}).has_value());
    EXPECT_EQ(server.connection_count(), 2U);
}

TEST(HttpClient, a_body_is_posted_and_head_has_no_body) {
    FakeServer server([](const FakeRequest&) { return FakeServer::answer(200, "abc"); });
    Client client;
    auto posted = client.send({.method = "POST",
                               .url = url(server.url("/t")),
                               .headers = {{"Content-Type", "a/b"}},
                               .body = "k=v"});
    ASSERT_TRUE(posted.has_value()) << error_of(posted);
    auto head = client.send({.method = "HEAD", .url = url(server.url("/t"))});
    ASSERT_TRUE(head.has_value()) << error_of(head);
    EXPECT_EQ(head->head().header("content-length"), "3");
    EXPECT_TRUE(head->read()->empty());
    auto requests = server.requests();
    EXPECT_EQ(requests[0].method, "POST");
    EXPECT_EQ(requests[0].body, "k=v");
    EXPECT_EQ(requests[0].header("content-type"), "a/b");
    EXPECT_EQ(requests[1].method, "HEAD");
}

TEST(HttpClient, a_large_body_waits_for_its_reader) {
    std::string body(std::size_t{24} << 20, 'z');
    FakeServer server([&](const FakeRequest&) { return FakeServer::answer(200, body); });
    Client client;
    auto answer = client.send({.url = url(server.url("/"))});
    ASSERT_TRUE(answer.has_value());
    std::size_t got = 0;
    std::size_t largest = 0;
    while (true) {
        auto piece = answer->read();
        ASSERT_TRUE(piece.has_value()) << piece.error().message();
        if (piece->empty()) break;
        got += piece->size();
        largest = std::max(largest, piece->size());
    }
    EXPECT_EQ(got, body.size());
    EXPECT_LE(largest, std::size_t{2} << 20);
}

TEST(Security, r19_no_redirect_is_followed) {
    FakeServer other([](const FakeRequest&) { return FakeServer::answer(200); });
    FakeServer server([&](const FakeRequest&) {
        return FakeServer::answer(302, "", cat("Location: ", other.url("/x"), "\r\n"));
    });
    Client client;
    auto answer = client.send({.url = url(server.url("/"))});
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->head().status, 302);
    EXPECT_EQ(answer->head().header("location"), other.url("/x"));
    EXPECT_TRUE(other.requests().empty());
}

TEST(HttpClient, a_connection_that_breaks_in_the_body_is_unavailable) {
    FakeServer server([](const FakeRequest&) {
        return Reply{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", .close = true};
    });
    Client client;
    auto answer = client.send({.url = url(server.url("/"))});
    ASSERT_TRUE(answer.has_value());
    auto body = answer->read_all(1000);
    ASSERT_FALSE(body.has_value());
    EXPECT_TRUE(body.error().is(ErrorKind::unavailable)) << body.error().message();
}

TEST(HttpClient, a_refused_connection_says_so) {
    Client client;
    auto answer = client.send({.url = url("http://127.0.0.1:1/v2/")});
    ASSERT_FALSE(answer.has_value());
    EXPECT_TRUE(answer.error().is(ErrorKind::unavailable));
    EXPECT_EQ(error_of(answer),
              R"(Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused)");
}

TEST(HttpClient, an_unknown_host_says_so) {
    Client client;
    auto answer = client.send({.url = url("http://no-such-host.invalid/")});
    ASSERT_FALSE(answer.has_value());
    EXPECT_NE(error_of(answer).find("lookup no-such-host.invalid: no such host"), std::string::npos)
        << error_of(answer);
}

TEST(HttpClient, plain_http_behind_https_is_told_in_docker_s_words) {
    FakeServer server([](const FakeRequest&) { return FakeServer::answer(400); });
    Client client;
    auto answer = client.send({.url = url(cat("https://", server.host(), "/"))});
    ASSERT_FALSE(answer.has_value());
    EXPECT_NE(error_of(answer).find("server gave HTTP response to HTTPS client"), std::string::npos)
        << error_of(answer);
}

TEST(HttpClient, a_cancel_ends_the_wait_at_once) {
    FakeServer server([](const FakeRequest&) {
        std::this_thread::sleep_for(std::chrono::milliseconds(700));
        return FakeServer::answer(200);
    });
    Client client;
    std::stop_source stop;
    std::jthread canceller([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        stop.request_stop();
    });
    auto started = std::chrono::steady_clock::now();
    auto answer = client.send({.url = url(server.url("/"))}, stop.get_token());
    ASSERT_FALSE(answer.has_value());
    EXPECT_TRUE(answer.error().is(ErrorKind::cancelled));
    EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::milliseconds(500));
}

TEST(HttpClient, silence_ends_by_a_deadline) {
    FakeServer server([](const FakeRequest&) {
        std::this_thread::sleep_for(std::chrono::milliseconds(600));
        return FakeServer::answer(200);
    });
    Client client({.connect = std::chrono::milliseconds(50), .head = std::chrono::milliseconds(100)});
    auto answer = client.send({.url = url(server.url("/"))});
    ASSERT_FALSE(answer.has_value());
    EXPECT_TRUE(answer.error().is(ErrorKind::deadline_exceeded)) << error_of(answer);
}

TEST(Security, im5_a_local_peer_can_be_refused_before_anything_is_sent) {
    FakeServer server([](const FakeRequest&) { return FakeServer::answer(200); });
    Client client;
    ASSERT_TRUE(client.send({.url = url(server.url("/"))}).has_value());
    // The connection of the first request is idle now, and may not serve the second.
    auto answer = client.send({.url = url(server.url("/")), .local_peers = LocalPeers::refused});
    ASSERT_FALSE(answer.has_value());
    EXPECT_TRUE(answer.error().is(ErrorKind::permission_denied)) << error_of(answer);
    EXPECT_EQ(server.requests().size(), 1U);
    EXPECT_EQ(server.connection_count(), 1U);
}

TEST(Security, r17_a_head_without_end_is_cut_off) {
    FakeServer server([](const FakeRequest&) {
        std::string headers;
        for (int i = 0; i < 200; ++i)
            headers += cat("X-", i, ": y\r\n");
        return FakeServer::answer(200, "", headers);
    });
    Client client;
    auto answer = client.send({.url = url(server.url("/"))});
    ASSERT_FALSE(answer.has_value());
    EXPECT_TRUE(answer.error().is(ErrorKind::resource_exhausted)) << error_of(answer);
}

}  // namespace
}  // namespace tare::http
