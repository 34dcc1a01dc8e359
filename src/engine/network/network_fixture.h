#pragma once

// For tests: a machine of its own (network and mount namespaces of this test process), a store, and
// clients and servers in any namespace.

#include <cstdlib>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/network/network_namespace.h"
#include "engine/network/networks.h"
#include "posix/file.h"
#include "posix/mount.h"
#include "posix/namespace.h"
#include "store/database.h"

namespace tare::network {

inline Ipv4 ip(std::string_view text) {
    return Ipv4::parse(text).value();
}
inline Subnet subnet(std::string_view text) {
    return Subnet::parse(text).value();
}

/// Runs `work` in the network namespace of a file; "" is the test's own host.
template <class Work>
auto within(const std::string& netns, Work work) -> decltype(work()) {
    if (netns.empty()) return work();
    std::optional<decltype(work())> outcome;
    std::thread([&] {
        auto file = posix::open_file(netns, O_RDONLY);
        if (file && posix::join_namespace(file->get(), posix::namespace_bit::network, netns))
            outcome.emplace(work());
    }).join();
    return std::move(outcome.value());
}

inline std::vector<PortRequest> publish(std::uint16_t host_port, std::uint16_t container_port,
                                        Protocol protocol = Protocol::tcp,
                                        std::string_view host_ip = "0.0.0.0") {
    return {{.protocol = protocol,
             .container_port = container_port,
             .host_ip = ip(host_ip),
             .first_host_port = host_port}};
}

inline sockaddr_in socket_address(Ipv4 address, std::uint16_t port) {
    sockaddr_in result{};
    result.sin_family = AF_INET;
    result.sin_port = htons(port);
    result.sin_addr.s_addr = htonl(address.value);
    return result;
}

/// A server that greets each client with the client's own address, as seen from the server.
class Greeter {
  public:
    Greeter(const std::string& netns, std::uint16_t port, int type = SOCK_STREAM, Ipv4 address = {})
        : type_(type) {
        listener_ = within(netns, [&] {
            posix::Fd socket(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
            int on = 1;
            ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
            sockaddr_in where = socket_address(address, port);
            EXPECT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&where), sizeof where), 0);
            if (type == SOCK_STREAM) {
                EXPECT_EQ(::listen(socket.get(), 16), 0);
            }
            return socket;
        });
        thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
    }

  private:
    void serve(const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            pollfd item{.fd = listener_.get(), .events = POLLIN, .revents = 0};
            if (::poll(&item, 1, 20) <= 0) continue;
            sockaddr_in peer{};
            socklen_t size = sizeof peer;
            auto* address = reinterpret_cast<sockaddr*>(&peer);
            if (type_ == SOCK_DGRAM) {
                char buffer[64];
                ::recvfrom(listener_.get(), buffer, sizeof buffer, 0, address, &size);
                std::string greeting = Ipv4{ntohl(peer.sin_addr.s_addr)}.text();
                ::sendto(listener_.get(), greeting.data(), greeting.size(), 0, address, size);
                continue;
            }
            posix::Fd client(::accept4(listener_.get(), address, &size, SOCK_CLOEXEC));
            (void)posix::write_all(client.get(), Ipv4{ntohl(peer.sin_addr.s_addr)}.text());
        }
    }

    int type_;
    posix::Fd listener_;
    std::jthread thread_;
};

/// What a greeter says to a client in `netns`: the client's address, or why there was no answer.
inline std::string greeting(const std::string& netns, Ipv4 server, std::uint16_t port, int type = SOCK_STREAM,
                            int timeout_ms = 5000) {
    return within(netns, [&]() -> std::string {
        posix::Fd socket(::socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        sockaddr_in where = socket_address(server, port);
        int outcome = ::connect(socket.get(), reinterpret_cast<sockaddr*>(&where), sizeof where);
        if (outcome < 0 && errno != EINPROGRESS) return "unreachable";
        if (type == SOCK_DGRAM) (void)::send(socket.get(), "?", 1, 0);
        pollfd item{.fd = socket.get(), .events = POLLIN, .revents = 0};
        if (::poll(&item, 1, timeout_ms) <= 0) return "timeout";
        char buffer[64];
        ssize_t size = ::recv(socket.get(), buffer, sizeof buffer, 0);
        if (size < 0) return errno == ECONNREFUSED ? "refused" : "unreachable";
        return std::string(buffer, static_cast<std::size_t>(size));
    });
}

/// A client that keeps its UDP socket, and with it its flow.
class UdpClient {
  public:
    UdpClient(Ipv4 server, std::uint16_t port) : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in where = socket_address(server, port);
        EXPECT_EQ(::connect(socket_.get(), reinterpret_cast<sockaddr*>(&where), sizeof where), 0);
    }
    std::string ask(int timeout_ms = 5000) {
        (void)::send(socket_.get(), "?", 1, 0);
        pollfd item{.fd = socket_.get(), .events = POLLIN, .revents = 0};
        if (::poll(&item, 1, timeout_ms) <= 0) return "timeout";
        char buffer[64];
        ssize_t size = ::recv(socket_.get(), buffer, sizeof buffer, 0);
        return size < 0 ? "refused" : std::string(buffer, static_cast<std::size_t>(size));
    }

  private:
    posix::Fd socket_;
};

class NetworkFixture : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        // Once for the process: every test runs on a machine that has nothing but lo.
        static bool is_apart = false;
        if (is_apart) return;
        ASSERT_TRUE(posix::unshare_namespaces(posix::namespace_bit::network | posix::namespace_bit::mount));
        ASSERT_TRUE(posix::set_root_propagation(posix::Propagation::is_private));
        ASSERT_TRUE(posix::bring_loopback_up());
        is_apart = true;
    }
    void SetUp() override {
        std::string name = "/tmp/tare-network-XXXXXX";
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        directory_ = name;
        auto database = store::Database::open(directory_ + "/tare.db");
        ASSERT_TRUE(database) << database.error().message();
        database_ = std::move(*database);
        start();
    }
    void TearDown() override {
        if (networks_) {
            auto withdrawn = networks_->withdraw();
            EXPECT_TRUE(withdrawn) << withdrawn.error().message();
        }
        networks_.reset();
        database_.reset();
        // The kernel takes the cable down with the namespace, but only some time later.
        auto host = RouteSocket::open();
        EXPECT_TRUE(host && host->remove_link("out0"));
        EXPECT_TRUE(remove_namespace(outside_path()));
        EXPECT_TRUE(posix::remove_tree(directory_));
    }

    /// As after a restart of the daemon, also one by SIGKILL.
    void start() {
        networks_.reset();
        auto networks = Networks::open(config(), *database_);
        ASSERT_TRUE(networks) << networks.error().message();
        networks_ = std::move(*networks);
    }
    NetworksConfig config() const { return {.state_directory = directory_, .instance = "tare-test01"}; }

    Attachment attach(const std::string& id, std::vector<PortRequest> ports = {}, Mode mode = {}) {
        auto attachment = networks_->attach(
            {.container = "default/" + id, .mode = std::move(mode), .ports = std::move(ports)});
        EXPECT_TRUE(attachment) << attachment.error().message();
        return attachment ? *attachment : Attachment{};
    }
    void detach(const std::string& id) {
        auto detached = networks_->detach("default/" + id);
        EXPECT_TRUE(detached) << detached.error().message();
    }

    /// A neighbour of the host on another segment: host 10.99.0.1, neighbour 10.99.0.2, with the host as
    /// its way to everywhere.
    std::string outside_path() const { return directory_ + "/outside"; }
    std::string make_outside() {
        auto outside = make_namespace();
        EXPECT_TRUE(outside) << outside.error().message();
        EXPECT_TRUE(pin_namespace(*outside, outside_path()));
        auto host = RouteSocket::open();
        EXPECT_TRUE(host->make_veth({.name = "out0",
                                     .bridge = 0,
                                     .peer_name = "eth0",
                                     .peer_mac = Mac::parse("02:42:00:00:00:99").value(),
                                     .peer_namespace = outside->file.get()}));
        int here = (*host->link("out0")).value().index;
        EXPECT_TRUE(host->add_address(here, ip("10.99.0.1"), 24));
        EXPECT_TRUE(host->set_up(here));
        int there = (*outside->routes.link("eth0")).value().index;
        EXPECT_TRUE(outside->routes.set_up(there));
        EXPECT_TRUE(outside->routes.add_address(there, ip("10.99.0.2"), 24));
        EXPECT_TRUE(outside->routes.add_default_route(there, ip("10.99.0.1")));
        return outside_path();
    }

    std::string directory_;
    std::unique_ptr<store::Database> database_;
    std::unique_ptr<Networks> networks_;
};

}  // namespace tare::network
