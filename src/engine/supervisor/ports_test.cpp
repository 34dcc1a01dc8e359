#include "engine/supervisor/ports.h"

#include <gtest/gtest.h>

namespace tare::supervisor {
namespace {

using network::Protocol;

TEST(Ports, a_container_port_is_tcp_unless_it_says_otherwise) {
    EXPECT_EQ(parse_container_port("80")->protocol, Protocol::tcp);
    EXPECT_EQ(parse_container_port("53/udp")->protocol, Protocol::udp);
    EXPECT_EQ(parse_container_port("53/UDP")->port, 53);
    for (const char* wrong : {"", "0/tcp", "65536", "80/foo", "x/tcp", "-1"})
        EXPECT_FALSE(parse_container_port(wrong)) << wrong;
}

TEST(Ports, bindings_carry_address_port_and_range) {
    container::HostConfig host;
    host.port_bindings = {
        {"80/tcp", {{.host_ip = "127.0.0.1", .host_port = "8080"}, {.host_port = "8000-8010"}}},
        {"53/udp", {{}}}};
    auto ports = plan_ports({}, host);
    ASSERT_TRUE(ports) << ports.error().message();
    ASSERT_EQ(ports->size(), 3u);
    EXPECT_TRUE((*ports)[0].host_ip.is_loopback());
    EXPECT_EQ((*ports)[0].first_host_port, 8080);
    EXPECT_EQ((*ports)[1].first_host_port, 8000);
    EXPECT_EQ((*ports)[1].last_host_port, 8010);
    EXPECT_EQ((*ports)[2].first_host_port, 0);
}

TEST(Ports, what_cannot_be_a_port_is_refused_with_its_text) {
    for (auto [ip, port] : {std::pair{"", "80-70"}, {"", "x"}, {"300.1.1.1", "80"}, {"", "1-2-3"}}) {
        container::HostConfig host;
        host.port_bindings = {{"80/tcp", {{.host_ip = ip, .host_port = port}}}};
        auto ports = plan_ports({}, host);
        ASSERT_FALSE(ports) << ip << port;
        EXPECT_TRUE(ports.error().is(ErrorKind::invalid_argument));
    }
}

TEST(Ports, publish_all_adds_exposed_ports_that_are_not_bound) {
    container::Config config{.exposed_ports = {"80/tcp", "443/tcp"}};
    container::HostConfig host{.port_bindings = {{"80/tcp", {{.host_port = "8080"}}}},
                               .publish_all_ports = true};
    auto ports = plan_ports(config, host);
    ASSERT_EQ(ports->size(), 2u);
    EXPECT_EQ((*ports)[1].container_port, 443);
    EXPECT_EQ((*ports)[1].first_host_port, 0);
}

TEST(Ports, shown_are_published_ones_and_exposed_ones_without_binding) {
    container::Config config{.exposed_ports = {"443/tcp"}};
    auto shown = show_ports(config, {{.protocol = Protocol::tcp, .container_port = 80, .host_port = 8080}});
    ASSERT_EQ(shown.size(), 2u);
    EXPECT_EQ(shown[0].first, "443/tcp");
    EXPECT_TRUE(shown[0].second.empty());
    EXPECT_EQ(shown[1].second[0].host_ip, "0.0.0.0");
    EXPECT_EQ(shown[1].second[0].host_port, "8080");
}

}  // namespace
}  // namespace tare::supervisor
