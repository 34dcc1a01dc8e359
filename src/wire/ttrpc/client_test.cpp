#include "wire/ttrpc/client.h"

#include <atomic>
#include <future>
#include <thread>

#include <gtest/gtest.h>
#include <stdlib.h>

#include "posix/file.h"
#include "posix/socket.h"
#include "wire/ttrpc/endpoint.h"
#include "wire/ttrpc/frame.h"
#include "wire/ttrpc/message.h"

namespace tare::ttrpc {
namespace {

using namespace std::chrono_literals;

class ClientTest : public testing::Test {
  protected:
    void SetUp() override {
        char path[] = "/tmp/tare-ttrpc-XXXXXX";
        ASSERT_TRUE(::mkdtemp(path));
        directory_ = path;
        socket_ = directory_ + "/s";
        client_ = std::move(*Client::start());
    }
    void TearDown() override {
        client_.reset();
        EXPECT_TRUE(posix::remove_tree(directory_));
    }
    std::unique_ptr<Endpoint> serve(Endpoint::Handler handler) {
        return std::move(*Endpoint::open(socket_, std::move(handler)));
    }
    static Call call_of(std::string method, std::string payload = {}) {
        return {.service = "test.Service", .method = std::move(method), .payload = std::move(payload)};
    }

    std::string directory_;
    std::string socket_;
    std::unique_ptr<Client> client_;
};

Reply echo(Incoming call) {
    if (call.method == "Fail") return fail(ErrorKind::already_exists, call.payload, " exists");
    if (call.method == "Write") {
        if (call.descriptors.size() != 1) return fail(ErrorKind::invalid_argument, "no descriptor");
        TRY(posix::write_all(call.descriptors.front().get(), call.payload));
    }
    return std::move(call.payload);
}

TEST_F(ClientTest, a_call_gets_its_answer) {
    auto endpoint = serve(echo);
    auto connection = *client_->connect("unix://" + socket_);
    EXPECT_EQ(*connection->call(call_of("Echo", "hello"), Deadline::after(5s)), "hello");
    std::string large(std::size_t{3} << 20, 'x');
    EXPECT_EQ(*connection->call(call_of("Echo", large), Deadline::after(5s)), large);
    auto failed = connection->call(call_of("Fail", "x"), Deadline::after(5s));
    ASSERT_FALSE(failed);
    EXPECT_TRUE(failed.error().is(ErrorKind::already_exists));
    EXPECT_EQ(failed.error().message(), "x exists");
}

TEST_F(ClientTest, a_descriptor_goes_with_its_request) {
    auto endpoint = serve(echo);
    auto connection = *client_->connect(socket_);
    for (int round = 0; round < 50; ++round) {
        auto pipe = std::move(*posix::make_pipe());
        Call call = call_of("Write", cat("round ", round));
        call.descriptors.push_back(std::move(pipe.write_end));
        std::promise<Reply> other;
        connection->call_async(call_of("Echo", "before"), [](Reply) {});
        ASSERT_TRUE(connection->call(std::move(call), Deadline::after(5s)));
        EXPECT_EQ(*posix::read_to_end(pipe.read_end.get(), 100), cat("round ", round));
    }
}

TEST_F(ClientTest, a_message_over_the_limit_fails_without_harm) {
    auto endpoint = serve(echo);
    auto connection = *client_->connect(socket_);
    auto reply =
        connection->call(call_of("Echo", std::string(kMaxPayloadBytes + 1, 'x')), Deadline::after(5s));
    ASSERT_FALSE(reply);
    EXPECT_TRUE(reply.error().is(ErrorKind::resource_exhausted));
    EXPECT_EQ(*connection->call(call_of("Echo", "on"), Deadline::after(5s)), "on");
}

TEST_F(ClientTest, many_threads_share_one_connection) {
    auto endpoint = serve(echo);
    auto connection = *client_->connect(socket_);
    std::atomic<int> right = 0;
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 8; ++thread)
        threads.emplace_back([&, thread] {
            for (int i = 0; i < 100; ++i) {
                std::string text = cat(thread, ":", i);
                auto reply = connection->call(call_of("Echo", text), Deadline::after(10s));
                if (reply && *reply == text) ++right;
            }
        });
    for (auto& each : threads)
        each.join();
    EXPECT_EQ(right, 800);
}

TEST_F(ClientTest, a_lost_connection_fails_what_is_outstanding) {
    auto listener = std::move(*posix::listen_unix(socket_, 0600));
    auto connection = *client_->connect(socket_);
    auto served = std::move(*posix::accept_connection(listener.get()));
    std::promise<Reply> waited;
    std::promise<void> lost;
    connection->call_async(call_of("Wait"), [&](Reply reply) { waited.set_value(std::move(reply)); });
    connection->on_lost([&] { lost.set_value(); });
    ASSERT_TRUE(posix::wait_readable(served.get(), Deadline::after(5s)));
    served.reset();
    auto reply = waited.get_future().get();
    ASSERT_FALSE(reply);
    EXPECT_TRUE(reply.error().is(ErrorKind::unavailable));
    lost.get_future().get();
    EXPECT_FALSE(connection->is_open());
    EXPECT_TRUE(connection->call(call_of("Echo"), Deadline::after(1s)).error().is(ErrorKind::unavailable));
}

TEST_F(ClientTest, a_deadline_ends_one_call_and_not_the_connection) {
    auto listener = std::move(*posix::listen_unix(socket_, 0600));
    auto connection = *client_->connect(socket_);
    auto reply = connection->call(call_of("Slow"), Deadline::after(20ms));
    ASSERT_FALSE(reply);
    EXPECT_TRUE(reply.error().is(ErrorKind::deadline_exceeded));
    EXPECT_TRUE(connection->is_open());
}

TEST_F(ClientTest, letting_go_of_the_connection_cancels_its_calls) {
    auto listener = std::move(*posix::listen_unix(socket_, 0600));
    auto connection = *client_->connect(socket_);
    std::promise<Reply> waited;
    connection->call_async(call_of("Wait"), [&](Reply reply) { waited.set_value(std::move(reply)); });
    connection.reset();
    EXPECT_TRUE(waited.get_future().get().error().is(ErrorKind::cancelled));
}

TEST_F(ClientTest, the_end_of_the_client_fails_every_call) {
    auto listener = std::move(*posix::listen_unix(socket_, 0600));
    auto connection = *client_->connect(socket_);
    std::promise<Reply> waited;
    connection->call_async(call_of("Wait"), [&](Reply reply) { waited.set_value(std::move(reply)); });
    client_.reset();
    EXPECT_TRUE(waited.get_future().get().error().is(ErrorKind::unavailable));
    EXPECT_TRUE(connection->call(call_of("Echo"), Deadline::after(1s)).error().is(ErrorKind::unavailable));
}

TEST_F(ClientTest, nobody_there_is_not_found_or_unavailable) {
    auto connection = client_->connect(socket_);
    ASSERT_FALSE(connection);
    EXPECT_TRUE(connection.error().is(ErrorKind::not_found));
}

TEST_F(ClientTest, security_nw7_an_answer_that_nobody_asked_for_ends_the_connection) {
    auto listener = std::move(*posix::listen_unix(socket_, 0600));
    auto connection = *client_->connect(socket_);
    auto served = std::move(*posix::accept_connection(listener.get()));
    std::promise<void> lost;
    connection->on_lost([&] { lost.set_value(); });
    ASSERT_TRUE(posix::write_all(served.get(), encode_header({.stream = 7, .type = FrameType::response})));
    lost.get_future().get();
}

TEST_F(ClientTest, security_nw7_a_client_that_breaks_the_protocol_does_not_disturb_others) {
    auto endpoint = serve(echo);
    auto good = *client_->connect(socket_);
    for (std::string_view evil : {std::string_view("\xff\xff\xff\xff\x00\x00\x00\x01\x01\x00", 10),
                                  std::string_view("\x00\x00\x00\x00\x00\x00\x00\x01\x77\x00", 10)}) {
        auto bad = std::move(*posix::connect_unix(socket_));
        ASSERT_TRUE(posix::write_all(bad.get(), evil));
        EXPECT_EQ(*posix::read_to_end(bad.get(), 100), "");
        EXPECT_EQ(*good->call(call_of("Echo", "still"), Deadline::after(5s)), "still");
    }
    // An even stream, one used twice, a stream that stays open: refused by an answer.
    auto bad = std::move(*posix::connect_unix(socket_));
    std::string payload = encode(Request{.service = "test.Service", .method = "Echo", .payload = "x"});
    auto send = [&](std::uint32_t stream, std::uint8_t flags) {
        EXPECT_TRUE(posix::write_all(
            bad.get(),
            cat(encode_header(
                    {.length = static_cast<std::uint32_t>(payload.size()), .stream = stream, .flags = flags}),
                payload)));
        std::string header(kHeaderBytes, '\0');
        EXPECT_EQ(*posix::read_some(bad.get(), header.data(), header.size()), kHeaderBytes);
        std::string answer(decode_header(header)->length, '\0');
        EXPECT_EQ(*posix::read_some(bad.get(), answer.data(), answer.size()), answer.size());
        return decode_response(answer);
    };
    EXPECT_EQ(*send(3, 0), "x");
    EXPECT_FALSE(send(4, 0));
    EXPECT_FALSE(send(3, 0));
    EXPECT_FALSE(send(1, 0));
    EXPECT_FALSE(send(5, frame_flag::remote_open));
    EXPECT_EQ(*send(7, frame_flag::remote_closed), "x");
}

}  // namespace
}  // namespace tare::ttrpc
