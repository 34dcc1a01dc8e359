#include <algorithm>
#include <chrono>
#include <mutex>
#include <set>

#include "engine/network/network_fixture.h"
#include "engine/network/networks.h"

namespace tare::network {
namespace {

class Networking : public NetworkFixture {};

TEST_F(Networking, a_container_gets_an_address_a_mac_and_a_way_out) {
    Attachment attachment = attach("a");
    ASSERT_EQ(attachment.endpoints.size(), 1U);
    auto& endpoint = attachment.endpoints.front();
    EXPECT_EQ(endpoint.address.text(), "172.17.0.2");
    EXPECT_EQ(endpoint.gateway.text(), "172.17.0.1");
    EXPECT_EQ(endpoint.prefix, 16);
    EXPECT_EQ(endpoint.mac.text(), "02:42:ac:11:00:02");
    EXPECT_EQ(endpoint.network_name, "bridge");

    auto inside = open_namespace(attachment.netns_path);
    ASSERT_TRUE(inside) << inside.error().message();
    auto link = *inside->routes.link("eth0");
    ASSERT_TRUE(link);
    EXPECT_TRUE(link->is_up);
    EXPECT_EQ(link->mac, endpoint.mac);
    EXPECT_TRUE((*inside->routes.link("lo"))->is_up);
    auto routes = *inside->routes.routes();
    EXPECT_TRUE(
        std::ranges::any_of(routes, [](const Route& route) { return route.destination.prefix == 0; }));
}

TEST_F(Networking, ipv6_is_off_where_it_is_not_offered) {
    Attachment attachment = attach("a");
    auto knob = [](const std::string& netns, const std::string& interface) {
        return within(netns, [&] {
            auto value = posix::read_file(cat("/proc/sys/net/ipv6/conf/", interface, "/disable_ipv6"), 8);
            return value ? std::string(trim(*value)) : value.error().message();
        });
    };
    EXPECT_EQ(knob(attachment.netns_path, "eth0"), "1");
    EXPECT_EQ(knob("", "tare-test01"), "1");
}

TEST_F(Networking, attaching_twice_answers_the_same) {
    Attachment first = attach("a", publish(8080, 80));
    Attachment second = attach("a", publish(8080, 80));
    EXPECT_EQ(first.netns_path, second.netns_path);
    EXPECT_EQ(first.endpoints.front().endpoint_id, second.endpoints.front().endpoint_id);
    EXPECT_EQ(first.ports, second.ports);
    detach("a");
    detach("a");
    EXPECT_FALSE(networks_->find("default/a")->has_value());
}

TEST_F(Networking, containers_reach_each_other_and_the_host_reaches_them) {
    Attachment a = attach("a");
    Attachment b = attach("b");
    Greeter server(b.netns_path, 80);
    EXPECT_EQ(greeting(a.netns_path, b.endpoints.front().address, 80), a.endpoints.front().address.text());
    EXPECT_EQ(greeting("", b.endpoints.front().address, 80), "172.17.0.1");
    EXPECT_EQ(greeting(a.netns_path, b.endpoints.front().address, 81), "refused");
}

TEST_F(Networking, what_leaves_the_machine_has_the_hosts_address) {
    std::string outside = make_outside();
    Attachment a = attach("a");
    Greeter server(outside, 80);
    EXPECT_EQ(greeting(a.netns_path, ip("10.99.0.2"), 80), "10.99.0.1");
}

TEST_F(Networking, none_has_lo_alone_and_host_has_no_namespace_of_its_own) {
    Attachment none = attach("a", {}, *parse_mode("none"));
    EXPECT_TRUE(none.endpoints.empty());
    auto inside = open_namespace(none.netns_path);
    ASSERT_TRUE(inside);
    EXPECT_TRUE((*inside->routes.link("lo"))->is_up);
    EXPECT_FALSE(*inside->routes.link("eth0"));
    EXPECT_EQ(attach("b", publish(8080, 80), *parse_mode("host")).netns_path, "");
    EXPECT_EQ(attach("c", {}, *parse_mode("container:default/a")).netns_path, none.netns_path);
    auto missing = networks_->attach({.container = "default/d", .mode = *parse_mode("container:default/x")});
    ASSERT_FALSE(missing);
    EXPECT_TRUE(missing.error().is(ErrorKind::failed_precondition));
}

TEST_F(Networking, user_defined_networks_are_apart_from_each_other) {
    auto one = networks_->create({.name = "one"});
    ASSERT_TRUE(one) << one.error().message();
    EXPECT_EQ(one->subnet.text(), "172.18.0.0/16");
    auto two =
        networks_->create({.name = "two", .subnet = subnet("10.5.0.0/24"), .gateway = ip("10.5.0.254")});
    ASSERT_TRUE(two) << two.error().message();
    Attachment a = attach("a", {}, *parse_mode("one"));
    auto b = networks_->attach({.container = "default/b",
                                .mode = *parse_mode("two"),
                                .endpoints = {{.network = "two", .address = ip("10.5.0.7")}},
                                .ports = publish(8080, 80)});
    ASSERT_TRUE(b) << b.error().message();
    EXPECT_EQ(b->endpoints.front().address.text(), "10.5.0.7");
    EXPECT_EQ(b->endpoints.front().gateway.text(), "10.5.0.254");
    Greeter server(b->netns_path, 80);
    EXPECT_EQ(greeting(a.netns_path, ip("10.5.0.7"), 80, SOCK_STREAM, 300), "timeout");
    EXPECT_EQ(greeting(a.netns_path, ip("172.18.0.1"), 8080), "10.5.0.254") << "published is published";

    auto busy = networks_->remove("two");
    ASSERT_FALSE(busy);
    EXPECT_TRUE(busy.error().is(ErrorKind::failed_precondition));
    detach("b");
    EXPECT_TRUE(networks_->remove("two"));
    EXPECT_FALSE(networks_->remove("bridge"));
    auto overlapping = networks_->create({.name = "three", .subnet = subnet("172.17.5.0/24")});
    ASSERT_FALSE(overlapping);
    EXPECT_TRUE(overlapping.error().is(ErrorKind::failed_precondition));
    EXPECT_TRUE(networks_->create({.name = "one"}).error().is(ErrorKind::already_exists));
}

TEST_F(Networking, an_internal_network_has_no_way_out) {
    std::string outside = make_outside();
    ASSERT_TRUE(networks_->create({.name = "inner", .is_internal = true}));
    Attachment a = attach("a", {}, *parse_mode("inner"));
    Attachment b = attach("b", {}, *parse_mode("inner"));
    Greeter server(outside, 80);
    Greeter inner(b.netns_path, 80);
    EXPECT_EQ(greeting(a.netns_path, ip("10.99.0.2"), 80, SOCK_STREAM, 300), "unreachable");
    EXPECT_EQ(greeting(a.netns_path, b.endpoints.front().address, 80), a.endpoints.front().address.text());
}

TEST_F(Networking, a_running_container_joins_and_leaves_networks) {
    ASSERT_TRUE(networks_->create({.name = "one"}));
    Attachment a = attach("a");
    Attachment b = attach("b", {}, *parse_mode("one"));
    auto joined = networks_->connect("default/a", {.network = "one"});
    ASSERT_TRUE(joined) << joined.error().message();
    EXPECT_EQ(joined->interface, "eth1");
    Greeter server(b.netns_path, 80);
    EXPECT_EQ(greeting(a.netns_path, b.endpoints.front().address, 80), joined->address.text());
    EXPECT_TRUE(networks_->connect("default/a", {.network = "one"}).error().is(ErrorKind::already_exists));
    ASSERT_TRUE(networks_->disconnect("default/a", "bridge"));
    EXPECT_EQ((*networks_->find("default/a"))->endpoints.size(), 1U);
    auto inside = open_namespace(a.netns_path);
    EXPECT_FALSE(*inside->routes.link("eth0"));
    auto routes = *inside->routes.routes();
    EXPECT_TRUE(std::ranges::any_of(routes, [](const Route& route) { return route.destination.prefix == 0; }))
        << "the network that is left is the way out";
}

TEST_F(Networking, counters_are_those_that_the_container_sees) {
    Attachment a = attach("a");
    Greeter server(a.netns_path, 80);
    EXPECT_EQ(greeting("", a.endpoints.front().address, 80), "172.17.0.1");
    auto counters = networks_->counters("default/a");
    ASSERT_TRUE(counters);
    ASSERT_EQ(counters->size(), 1U);
    auto inside = open_namespace(a.netns_path);
    auto link = *inside->routes.link("eth0");
    EXPECT_EQ(counters->front().interface, "eth0");
    EXPECT_GT(counters->front().rx_bytes, 0U);
    EXPECT_LE(counters->front().rx_bytes, link->counters.rx_bytes);
    EXPECT_LE(counters->front().tx_packets, link->counters.tx_packets);
}

TEST_F(Networking, an_address_is_not_given_again_while_the_old_cable_is_there) {
    Attachment a = attach("a");
    auto held = posix::open_file(a.netns_path, O_RDONLY);  // as a process that lives on would
    detach("a");
    EXPECT_EQ(attach("b").endpoints.front().address.text(), "172.17.0.3");
    auto host = RouteSocket::open();
    std::string cable = "veth" + a.endpoints.front().endpoint_id.substr(0, 11);
    for (int i = 0; i < 300 && *host->link(cable); ++i)
        ::usleep(10'000);
    EXPECT_FALSE(*host->link(cable)) << "a cable into an abandoned namespace is cut";
    EXPECT_EQ(attach("c").endpoints.front().address.text(), "172.17.0.2");
}

TEST_F(Networking, a_restart_keeps_the_living_and_removes_the_dead) {
    Attachment a = attach("a", publish(8080, 80));
    attach("b", publish(8081, 80));
    start();
    ASSERT_TRUE(networks_->repair([](const std::string& container) { return container == "default/a"; }));
    EXPECT_EQ((*networks_->find("default/a"))->ports, a.ports);
    EXPECT_FALSE(networks_->find("default/b")->has_value());
    Greeter server(a.netns_path, 80);
    EXPECT_EQ(greeting("", ip("127.0.0.1"), 8080), "172.17.0.1");
    EXPECT_EQ(greeting("", ip("127.0.0.1"), 8081), "refused");
    auto taken = networks_->attach({.container = "default/c", .mode = {}, .ports = publish(8080, 80)});
    EXPECT_FALSE(taken) << "the port is held again";
    EXPECT_EQ(attach("d", publish(8081, 80)).ports.size(), 1U);
}

TEST_F(Networking, repair_removes_what_no_row_knows) {
    attach("a");
    ASSERT_TRUE(database_->write([](store::Transaction& transaction) -> Result<> {
        TRY(transaction.execute("DELETE FROM network_endpoints"));
        return {};
    }));
    start();
    ASSERT_TRUE(networks_->repair([](const std::string&) { return false; }));
    auto host = RouteSocket::open();
    auto links = *host->links();
    EXPECT_TRUE(std::ranges::none_of(links, [](const Link& link) { return link.name.starts_with("veth"); }));
    EXPECT_FALSE(posix::exists(directory_ + "/netns/default/a"));
}

TEST_F(Networking, the_default_subnet_moves_away_from_the_hosts_routes) {
    auto host = RouteSocket::open();
    ASSERT_TRUE(host->make_bridge("other0", Mac::parse("02:42:00:00:00:07").value(), 1500));
    int other = (*host->link("other0"))->index;
    ASSERT_TRUE(host->add_address(other, ip("172.17.3.1"), 24));
    ASSERT_TRUE(host->set_up(other));
    EXPECT_EQ(attach("a").endpoints.front().address.text(), "172.18.0.2");
    ASSERT_TRUE(host->remove_link("other0"));
}

TEST_F(Networking, two_daemons_live_beside_each_other) {
    attach("a");
    auto database = store::Database::open(directory_ + "/other.db");
    ASSERT_TRUE(database);
    auto other =
        Networks::open({.state_directory = directory_ + "/other", .instance = "tare-test02"}, **database);
    ASSERT_TRUE(other) << other.error().message();
    auto b = (*other)->attach({.container = "default/b", .mode = {}, .ports = publish(8081, 80)});
    ASSERT_TRUE(b) << b.error().message();
    EXPECT_EQ(b->endpoints.front().address.text(), "172.18.0.2");
    Greeter server(b->netns_path, 80);
    EXPECT_EQ(greeting("", ip("127.0.0.1"), 8081), "172.18.0.1");
    EXPECT_FALSE(networks_->attach({.container = "default/c", .mode = {}, .ports = publish(8081, 80)}));
    ASSERT_TRUE(networks_->withdraw());
    EXPECT_EQ(greeting("", ip("127.0.0.1"), 8081), "172.18.0.1") << "the one that goes takes its own alone";
    ASSERT_TRUE((*other)->withdraw());
}

TEST_F(Networking, many_containers_are_attached_at_once) {
    std::vector<std::jthread> threads;
    std::mutex mutex;
    std::set<std::string> addresses;
    for (int i = 0; i < 10; ++i)
        threads.emplace_back([&, i] {
            Attachment attachment = attach(cat("c", i), {{.container_port = 80}});
            std::scoped_lock lock(mutex);
            if (!attachment.endpoints.empty()) addresses.insert(attachment.endpoints.front().address.text());
        });
    threads.clear();
    EXPECT_EQ(addresses.size(), 10U);
}

TEST_F(Networking, names_of_containers_stay_within_their_directory) {
    for (auto* name : {"a", "default/", "/a", "default/../x", "default/a/b", "default/.a", "default/a\n"}) {
        auto attached = networks_->attach({.container = name, .mode = {}});
        ASSERT_FALSE(attached) << name;
        EXPECT_TRUE(attached.error().is(ErrorKind::invalid_argument)) << name;
    }
}

TEST_F(Networking, attaching_takes_less_than_ten_milliseconds) {
    attach("first");  // makes bridge and table
    std::vector<double> attach_ms;
    std::vector<double> detach_ms;
    for (int i = 0; i < 30; ++i) {
        auto start = std::chrono::steady_clock::now();
        attach(cat("c", i));
        auto attached = std::chrono::steady_clock::now();
        detach(cat("c", i));
        auto detached = std::chrono::steady_clock::now();
        using Milliseconds = std::chrono::duration<double, std::milli>;
        attach_ms.push_back(Milliseconds(attached - start).count());
        detach_ms.push_back(Milliseconds(detached - attached).count());
    }
    std::ranges::sort(attach_ms);
    std::ranges::sort(detach_ms);
    RecordProperty("attach_median_us", static_cast<int>(attach_ms[15] * 1000));
    RecordProperty("detach_median_us", static_cast<int>(detach_ms[15] * 1000));
    std::printf("attach best %.2f ms, median %.2f; detach best %.2f ms, median %.2f\n", attach_ms[0],
                attach_ms[15], detach_ms[0], detach_ms[15]);
    double load = 0;
    if (::getloadavg(&load, 1) == 1 && load > std::thread::hardware_concurrency())
        GTEST_SKIP() << "the machine has other things to do: load " << load;
    EXPECT_LT(attach_ms.front(), 10.0);
    EXPECT_LT(detach_ms.front(), 5.0);
}

}  // namespace
}  // namespace tare::network
