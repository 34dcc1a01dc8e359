// Published ports and the firewall, from every side.

#include <algorithm>

#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>

#include "engine/network/network_fixture.h"
#include "posix/process.h"

namespace tare::network {
namespace {

std::uint16_t checksum(const std::vector<std::uint8_t>& header) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i + 1 < header.size(); i += 2)
        sum += static_cast<std::uint32_t>(header[i] << 8 | header[i + 1]);
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum);
}

/// Sends a UDP packet with any addresses out of eth0, to the host's MAC, as no honest stack would.
bool send_forged_packet(Mac host_mac, Ipv4 from, Ipv4 to, std::uint16_t port) {
    posix::Fd socket(::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_IP)));
    sockaddr_ll where{};
    where.sll_family = AF_PACKET;
    where.sll_protocol = htons(ETH_P_IP);
    where.sll_ifindex = static_cast<int>(::if_nametoindex("eth0"));
    where.sll_halen = 6;
    auto* bytes = reinterpret_cast<sockaddr*>(&where);
    EXPECT_EQ(::bind(socket.get(), bytes, sizeof where), 0);
    std::copy_n(host_mac.bytes.begin(), 6, where.sll_addr);

    auto byte = [](std::uint32_t value, int shift) { return static_cast<std::uint8_t>(value >> shift); };
    std::vector<std::uint8_t> packet{0x45, 0, 0, 29, 0, 1, 0, 0, 64, IPPROTO_UDP, 0, 0};
    for (Ipv4 address : {from, to})
        for (int shift : {24, 16, 8, 0})
            packet.push_back(byte(address.value, shift));
    std::uint16_t sum = checksum(packet);
    packet[10] = byte(sum, 8);
    packet[11] = byte(sum, 0);
    for (std::uint16_t word : {std::uint16_t{4000}, port, std::uint16_t{9}, std::uint16_t{0}}) {
        packet.push_back(byte(word, 8));
        packet.push_back(byte(word, 0));
    }
    packet.push_back('?');
    return ::sendto(socket.get(), packet.data(), packet.size(), 0, bytes, sizeof where) ==
           static_cast<ssize_t>(packet.size());
}

class Publishing : public NetworkFixture {};

TEST_F(Publishing, a_published_port_is_reached_from_everywhere) {
    std::string outside = make_outside();
    Attachment a = attach("a");
    Attachment b = attach("b", publish(8080, 80));
    ASSERT_EQ(b.ports, (std::vector<PublishedPort>{{Protocol::tcp, 80, ip("0.0.0.0"), 8080}}));
    Greeter server(b.netns_path, 80);
    EXPECT_EQ(greeting(outside, ip("10.99.0.1"), 8080), "10.99.0.2") << "the client's address is kept";
    EXPECT_EQ(greeting("", ip("127.0.0.1"), 8080), "172.17.0.1");
    EXPECT_EQ(greeting("", ip("10.99.0.1"), 8080), "10.99.0.1");
    EXPECT_EQ(greeting("", ip("172.17.0.1"), 8080), "172.17.0.1");
    EXPECT_EQ(greeting(a.netns_path, ip("172.17.0.1"), 8080), "172.17.0.1") << "from another container";
    EXPECT_EQ(greeting(a.netns_path, ip("10.99.0.1"), 8080), "172.17.0.1");
    EXPECT_EQ(greeting(b.netns_path, ip("172.17.0.1"), 8080), "172.17.0.1") << "from itself";
}

TEST_F(Publishing, udp_is_published_too) {
    std::string outside = make_outside();
    Attachment a = attach("a", publish(5353, 53, Protocol::udp));
    Greeter server(a.netns_path, 53, SOCK_DGRAM);
    EXPECT_EQ(greeting(outside, ip("10.99.0.1"), 5353, SOCK_DGRAM), "10.99.0.2");
    EXPECT_EQ(greeting("", ip("127.0.0.1"), 5353, SOCK_DGRAM), "172.17.0.1");
}

TEST_F(Publishing, a_udp_client_that_keeps_asking_gets_the_new_container) {
    UdpClient client(ip("127.0.0.1"), 5353);
    EXPECT_EQ(client.ask(100), "refused") << "a flow to nobody";
    for (auto* id : {"a", "b"}) {
        Attachment attachment = attach(id, publish(5353, 53, Protocol::udp));
        Greeter server(attachment.netns_path, 53, SOCK_DGRAM);
        EXPECT_EQ(client.ask(), "172.17.0.1") << id;
        detach(id);
    }
}

TEST_F(Publishing, dk18_nobody_from_outside_speaks_to_127) {
    std::string outside = make_outside();
    attach("a");  // makes the table
    ASSERT_TRUE(posix::write_knob("/proc/sys/net/ipv4/conf/out0/route_localnet", "1"));
    posix::Fd local(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_in here = socket_address(ip("127.0.0.1"), 5300);
    ASSERT_EQ(::bind(local.get(), reinterpret_cast<sockaddr*>(&here), sizeof here), 0);
    Mac host_mac = (*RouteSocket::open()->link("out0"))->mac;
    auto arrives = [&](std::string_view from, std::string_view to) {
        EXPECT_TRUE(within(outside, [&] { return send_forged_packet(host_mac, ip(from), ip(to), 5300); }));
        pollfd item{.fd = local.get(), .events = POLLIN, .revents = 0};
        bool has_arrived = ::poll(&item, 1, 500) > 0;
        char byte = 0;
        if (has_arrived) (void)!::recv(local.get(), &byte, 1, 0);
        return has_arrived;
    };
    EXPECT_FALSE(arrives("10.99.0.2", "127.0.0.1"));
    ASSERT_TRUE(networks_->withdraw());
    EXPECT_TRUE(arrives("10.99.0.2", "127.0.0.1")) << "without the guard: this test would notice";
}

TEST_F(Publishing, a_port_of_one_host_address_is_not_published_on_others) {
    std::string outside = make_outside();
    Attachment a = attach("a", publish(8080, 80, Protocol::tcp, "127.0.0.1"));
    Greeter server(a.netns_path, 80);
    EXPECT_EQ(greeting("", ip("127.0.0.1"), 8080), "172.17.0.1");
    EXPECT_EQ(greeting(outside, ip("10.99.0.1"), 8080), "refused");
    Attachment b = attach("b", publish(8080, 80, Protocol::tcp, "10.99.0.1"));
    EXPECT_EQ(b.ports.front().host_ip.text(), "10.99.0.1") << "the same port on another address is free";
    Greeter other(b.netns_path, 80);
    EXPECT_EQ(greeting(outside, ip("10.99.0.1"), 8080), "10.99.0.2");
}

TEST_F(Publishing, dk18_a_neighbour_reaches_no_port_that_is_not_published) {
    std::string outside = make_outside();
    Attachment a = attach("a", publish(8080, 80));
    Greeter published(a.netns_path, 80);
    Greeter hidden(a.netns_path, 81);
    EXPECT_EQ(greeting(outside, a.endpoints.front().address, 81, SOCK_STREAM, 300), "timeout");
    EXPECT_EQ(greeting(outside, a.endpoints.front().address, 80, SOCK_STREAM, 300), "timeout")
        << "published is the host's port, not the container's";
}

TEST_F(Publishing, a_port_is_given_once) {
    attach("a", publish(8080, 80));
    auto taken = networks_->attach({.container = "default/b", .mode = {}, .ports = publish(8080, 81)});
    ASSERT_FALSE(taken);
    EXPECT_TRUE(taken.error().is(ErrorKind::failed_precondition));
    EXPECT_EQ(taken.error().message(), "Bind for 0.0.0.0:8080 failed: port is already allocated");
    EXPECT_FALSE(networks_->find("default/b")->has_value()) << "nothing of a failed attach is left";
    EXPECT_EQ(networks_->endpoints("bridge")->size(), 1U);
    auto on_address = networks_->attach(
        {.container = "default/b", .mode = {}, .ports = publish(8080, 80, Protocol::tcp, "127.0.0.1")});
    EXPECT_FALSE(on_address) << "an address is part of every address";
    detach("a");
    EXPECT_EQ(attach("b", publish(8080, 80)).ports.size(), 1U);
}

TEST_F(Publishing, a_port_that_another_program_has_is_refused) {
    Greeter other("", 8080);
    auto taken = networks_->attach({.container = "default/a", .mode = {}, .ports = publish(8080, 80)});
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().message(), "Bind for 0.0.0.0:8080 failed: port is already allocated");
}

TEST_F(Publishing, a_published_port_is_closed_to_other_programs) {
    attach("a", publish(8080, 80));
    posix::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    int on = 1;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in where = socket_address({}, 8080);
    EXPECT_NE(::bind(socket.get(), reinterpret_cast<sockaddr*>(&where), sizeof where), 0);
}

TEST_F(Publishing, free_ports_are_chosen_where_the_request_leaves_it_open) {
    PortRequest any{.protocol = Protocol::tcp, .container_port = 80};
    Attachment a = attach("a", {any, any});
    ASSERT_EQ(a.ports.size(), 2U);
    EXPECT_NE(a.ports[0].host_port, a.ports[1].host_port);
    EXPECT_GE(a.ports[0].host_port, 32768);
    PortRequest range{.container_port = 80, .first_host_port = 9000, .last_host_port = 9001};
    EXPECT_EQ(attach("b", {range}).ports.front().host_port, 9000);
    EXPECT_EQ(attach("c", {range}).ports.front().host_port, 9001);
    auto full = networks_->attach({.container = "default/d", .mode = {}, .ports = {range}});
    ASSERT_FALSE(full);
    EXPECT_TRUE(full.error().is(ErrorKind::failed_precondition));
}

/// Runs a program of the host; true if it succeeded.
bool run(const std::string& program, std::vector<std::string> arguments) {
    if (!posix::exists(program)) return false;
    arguments.insert(arguments.begin(), program);
    auto process = posix::spawn({.program = program, .args = arguments, .env = {}});
    return process && process->wait()->shell_code() == 0;
}

/// What holds within two seconds.
bool soon(const std::function<bool()>& condition) {
    for (int i = 0; i < 200; ++i) {
        if (condition()) return true;
        ::usleep(10'000);
    }
    return false;
}

TEST_F(Publishing, dk17_a_flushed_ruleset_is_made_again) {
    if (!posix::exists("/usr/sbin/nft")) GTEST_SKIP() << "no nft program to flush with";
    Attachment a = attach("a", publish(8080, 80));
    Greeter server(a.netns_path, 80);
    EXPECT_EQ(greeting("", ip("127.0.0.1"), 8080), "172.17.0.1");
    for (auto* what : {"ruleset", "table inet tare-test01", "set inet tare-test01 bridges"}) {
        std::vector<std::string> arguments{"flush"};
        for (auto word : split_words(what))
            arguments.emplace_back(word);
        ASSERT_TRUE(run("/usr/sbin/nft", arguments)) << what;
        EXPECT_TRUE(soon([&] {
            return greeting("", ip("127.0.0.1"), 8080, SOCK_STREAM, 100) == "172.17.0.1";
        })) << what;
    }
}

TEST_F(Publishing, a_host_that_drops_what_it_forwards_lets_containers_pass) {
    const std::string iptables = "/usr/sbin/iptables-nft";
    if (!run(iptables, {"-P", "FORWARD", "DROP"})) GTEST_SKIP() << "no iptables-nft";
    std::string outside = make_outside();
    Attachment a = attach("a", publish(8080, 80));
    Greeter server(a.netns_path, 80);
    Greeter far(outside, 80);
    EXPECT_EQ(greeting(outside, ip("10.99.0.1"), 8080), "10.99.0.2");
    EXPECT_EQ(greeting(a.netns_path, ip("10.99.0.2"), 80), "10.99.0.1");
    ASSERT_TRUE(run(iptables, {"-F", "FORWARD"}));
    EXPECT_TRUE(soon([&] {
        return run(iptables, {"-C", "FORWARD", "-i", "tare-test01", "-m", "comment", "--comment",
                              "tare-test01", "-j", "ACCEPT"});
    })) << "a flush takes our rules, and they come back";
    ASSERT_TRUE(run(iptables, {"-A", "FORWARD", "-j", "REJECT"}));
    ASSERT_TRUE(run(iptables, {"-P", "FORWARD", "ACCEPT"}));
    EXPECT_TRUE(
        soon([&] { return greeting(outside, ip("10.99.0.1"), 8080, SOCK_STREAM, 100) == "10.99.0.2"; }));
    ASSERT_TRUE(run(iptables, {"-I", "FORWARD", "-s", "10.99.0.2", "-j", "DROP"}));
    EXPECT_EQ(greeting(outside, ip("10.99.0.1"), 8080, SOCK_STREAM, 300), "timeout")
        << "what the administrator denies stays denied";
    ASSERT_TRUE(networks_->withdraw());
    EXPECT_FALSE(run(iptables, {"-C", "FORWARD", "-i", "tare-test01", "-m", "comment", "--comment",
                                "tare-test01", "-j", "ACCEPT"}));
    ASSERT_TRUE(run(iptables, {"-F", "FORWARD"}));
}

}  // namespace
}  // namespace tare::network
