// How many connections a user may have: sockets of other users, which only root can make.

#include <chrono>

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "posix/socket.h"
#include "posix/watch.h"
#include "wire/http/server.h"

namespace tare::http {
namespace {

using namespace std::chrono_literals;

constexpr uid_t kRoot = 0;
constexpr uid_t kAnna = 60'001;
constexpr uid_t kBert = 60'002;

/// The client's end of a connection, and whether the server took the other one.
struct Client {
    posix::Fd socket;
    Result<> adopted;

    std::string read() const {
        char buffer[4096];
        if (!posix::wait_readable(socket.get(), Deadline::after(3s)).value_or(false)) return "(timeout)";
        auto count = posix::receive_now(socket.get(), buffer, sizeof buffer);
        return count && *count > 0 ? std::string(buffer, *count) : "(end)";
    }
    std::string ask() const {
        auto sent = posix::send_message(socket.get(), "GET / HTTP/1.1\r\nHost: d\r\n\r\n");
        return sent ? read() : "(end)";
    }
};

class HttpServerUsers : public testing::Test {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "needs root, to be several users";
        auto started =
            Server::start({.connections = 8, .connections_per_user = 3}, [](ServerExchange& exchange) {
                // A client that has gone is no concern of this test.
                (void)exchange.respond(200, "served");
            });
        server_.emplace(std::move(*started));
    }
    /// Who a socket belongs to is told when it is made; of this thread alone, which glibc's seteuid is not.
    Client connect(uid_t user) {
        EXPECT_EQ(::syscall(SYS_setresuid, -1, user, -1), 0);
        auto pair = posix::make_socket_pair(posix::SocketKind::stream);
        EXPECT_EQ(::syscall(SYS_setresuid, -1, 0, -1), 0);
        EXPECT_TRUE(pair);
        return {.socket = std::move(pair->first), .adopted = server_->adopt(std::move(pair->second))};
    }
    /// One that has begun a head, so that it is not idle.
    Client connect_busy(uid_t user) {
        Client client = connect(user);
        EXPECT_TRUE(posix::send_message(client.socket.get(), "GET /"));
        std::this_thread::sleep_for(50ms);
        return client;
    }

    std::optional<Server> server_;
};

TEST_F(HttpServerUsers, nw4_a_user_who_has_too_many_busy_connections_gets_no_more) {
    std::vector<Client> busy;
    for (int i = 0; i < 3; ++i)
        busy.push_back(connect_busy(kAnna));
    Client refused = connect(kAnna);
    ASSERT_FALSE(refused.adopted);
    EXPECT_TRUE(refused.adopted.error().is(ErrorKind::resource_exhausted));
    std::string answer = refused.read();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer;
    EXPECT_TRUE(answer.ends_with("{\"message\":\"too many connections of this user\"}\n")) << answer;
    EXPECT_EQ(server_->load().connections, 3U);
    // Nobody else is meant.
    EXPECT_TRUE(connect(kBert).ask().contains("served"));
    EXPECT_TRUE(connect(kRoot).ask().contains("served"));
}

TEST_F(HttpServerUsers, nw4_a_user_s_idle_connection_makes_room_for_that_user_s_next) {
    Client bystander = connect(kBert);
    Client first = connect(kAnna);
    Client second = connect_busy(kAnna);
    Client third = connect_busy(kAnna);
    Client fourth = connect(kAnna);
    EXPECT_TRUE(fourth.adopted);
    EXPECT_EQ(first.read(), "(end)");
    EXPECT_TRUE(fourth.ask().contains("served"));
    EXPECT_TRUE(bystander.ask().contains("served"));
}

TEST_F(HttpServerUsers, a_connection_that_ends_is_no_longer_counted) {
    for (int i = 0; i < 10; ++i) {
        std::vector<Client> three;
        for (int j = 0; j < 3; ++j) {
            three.push_back(connect_busy(kAnna));
            EXPECT_TRUE(three.back().adopted) << i << j;
        }
        three.clear();
        for (auto end = Deadline::after(3s); server_->load().connections > 0 && !end.has_passed();)
            std::this_thread::sleep_for(1ms);
    }
}

TEST_F(HttpServerUsers, root_is_not_counted) {
    std::vector<Client> many;
    for (int i = 0; i < 6; ++i) {
        many.push_back(connect_busy(kRoot));
        EXPECT_TRUE(many.back().adopted) << i;
    }
}

}  // namespace
}  // namespace tare::http
