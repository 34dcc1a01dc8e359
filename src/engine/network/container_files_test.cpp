#include "engine/network/container_files.h"

#include <gtest/gtest.h>

namespace tare::network {
namespace {

Ipv4 gateway() {
    return Ipv4::parse("172.17.0.1").value();
}

TEST(Hosts, end_with_the_containers_own_name) {
    std::string file = render_hosts("web", "", {"172.17.0.2"}, {{"10.0.0.1", "db"}});
    EXPECT_TRUE(file.starts_with("127.0.0.1\tlocalhost\n"));
    EXPECT_TRUE(file.ends_with("10.0.0.1\tdb\n172.17.0.2\tweb\n")) << file;
    EXPECT_TRUE(render_hosts("web", "example.org", {"172.17.0.2"}, {})
                    .ends_with("172.17.0.2\tweb.example.org web\n"));
    EXPECT_TRUE(render_hosts("web", "", {}, {}).ends_with("ip6-allrouters\n"));
}

TEST(ExtraHost, is_a_name_and_an_address) {
    auto parsed = [](std::string_view text) {
        auto entry = parse_extra_host(text, gateway());
        return entry ? entry->address + " " + entry->names : "(" + entry.error().message() + ")";
    };
    EXPECT_EQ(parsed("db:10.0.0.1"), "10.0.0.1 db");
    EXPECT_EQ(parsed("db=10.0.0.1"), "10.0.0.1 db");
    EXPECT_EQ(parsed("db:::1"), "::1 db");
    EXPECT_EQ(parsed("db:[2001:db8::1]"), "2001:db8::1 db");
    EXPECT_EQ(parsed("host.docker.internal:host-gateway"), "172.17.0.1 host.docker.internal");
    EXPECT_EQ(parsed("db"), "(bad format for add-host: \"db\")");
    EXPECT_EQ(parsed("db:10.0.0"), "(invalid IP address in add-host: \"10.0.0\")");
    EXPECT_EQ(parsed("a b:10.0.0.1"), "(bad format for add-host: \"a b:10.0.0.1\")");
    EXPECT_EQ(parsed("a\n1.2.3.4 b:10.0.0.1").front(), '(');
}

TEST(ResolvConf, leaves_out_what_a_container_cannot_reach) {
    EXPECT_EQ(render_resolv_conf("# by hand\nnameserver 127.0.0.53\nnameserver 10.0.0.53\nnameserver ::1\n"
                                 "nameserver 2001:db8::53\nsearch a.example b.example\noptions ndots:2\n",
                                 {}),
              "nameserver 10.0.0.53\nsearch a.example b.example\noptions ndots:2\n");
    EXPECT_EQ(render_resolv_conf("nameserver 127.0.0.1\n", {}), "nameserver 8.8.8.8\nnameserver 8.8.4.4\n");
    EXPECT_EQ(render_resolv_conf("", {}), "nameserver 8.8.8.8\nnameserver 8.8.4.4\n");
}

TEST(ResolvConf, says_what_was_asked_for_instead_of_the_hosts) {
    EXPECT_EQ(
        render_resolv_conf("nameserver 10.0.0.53\nsearch a.example\noptions ndots:2\n",
                           {.nameservers = {"1.1.1.1"}, .search = {"x.example"}, .options = {"rotate"}}),
        "nameserver 1.1.1.1\nsearch x.example\noptions rotate\n");
    EXPECT_EQ(render_resolv_conf("nameserver 10.0.0.53\nsearch a.example\n", {.search = {"."}}),
              "nameserver 10.0.0.53\n");
    EXPECT_EQ(render_resolv_conf("nameserver 10.0.0.53\n", {.nameservers = {"127.0.0.1"}}),
              "nameserver 127.0.0.1\n")
        << "what was asked for is not filtered";
}

TEST(Nameservers, are_addresses) {
    EXPECT_TRUE(check_nameservers({"1.1.1.1", "2001:db8::1"}));
    auto wrong = check_nameservers({"dns.example"});
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().message(), "\"dns.example\" is not an ip address");
}

}  // namespace
}  // namespace tare::network
