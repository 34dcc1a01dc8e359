#include "engine/network/firewall.h"

#include <gtest/gtest.h>

#include "engine/network/forward_policy.h"

namespace tare::network {
namespace {

Ipv4 ip(std::string_view text) {
    return Ipv4::parse(text).value();
}

TEST(FirewallTable, replaces_the_one_before_in_one_transaction) {
    std::string text = render_table("tare", {});
    EXPECT_TRUE(text.starts_with("add table inet tare\ndelete table inet tare\ntable inet tare {"));
    EXPECT_EQ(text.find("add element"), std::string::npos);
}

TEST(FirewallTable, looks_ports_up_by_address_only_where_one_was_given) {
    FirewallState state{
        .bridges = {{.interface = "tare0", .subnet = *Subnet::parse("172.17.0.0/16")},
                    {.interface = "br-1", .subnet = *Subnet::parse("10.0.0.0/24"), .is_internal = true}},
        .ports = {{{Protocol::tcp, 80, ip("0.0.0.0"), 8080}, ip("172.17.0.2")},
                  {{Protocol::udp, 53, ip("127.0.0.1"), 5353}, ip("172.17.0.3")}}};
    std::string text = render_table("tare", state);
    EXPECT_NE(text.find("add element inet tare bridges { \"tare0\", \"br-1\" }\n"), std::string::npos);
    EXPECT_NE(text.find("add element inet tare internal { \"br-1\" }\n"), std::string::npos);
    EXPECT_NE(text.find("add element inet tare sources { 172.17.0.0/16 }\n"), std::string::npos)
        << "an internal network has no way out";
    EXPECT_NE(text.find("add element inet tare published { tcp . 8080 : 172.17.0.2 . 80 }\n"),
              std::string::npos);
    EXPECT_NE(text.find("add element inet tare published_on { 127.0.0.1 . udp . 5353 : 172.17.0.3 . 53 }\n"),
              std::string::npos);
}

/// A listing of chain FORWARD as nft prints it.
Json chain(const std::string& policy, const std::string& rules) {
    return parse_json(R"({"nftables": [{"metainfo": {}}, {"chain": {"family": "ip", "table": "filter",
        "name": "FORWARD", "handle": 1, "hook": "forward", "policy": ")" +
                      policy + "\"}}" + rules + "]}")
        .value();
}
std::string pass(int handle, const std::string& direction) {
    return cat(R"(, {"rule": {"handle": )", handle,
               R"(, "comment": "tare", "expr": [{"match": {"op": "==", "left": {"meta": {"key": ")",
               direction, R"("}}, "right": "tare0"}}, {"counter": {}}, {"accept": null}]}})");
}
const std::string kReject =
    R"(, {"rule": {"handle": 7, "expr": [{"counter": {}}, {"xt": {"name": "REJECT"}}]}})";
const std::string kPartial =
    R"(, {"rule": {"handle": 8, "expr": [{"match": {"op": "==", "left": {}, "right": 1}}, {"drop": null}]}})";

TEST(ForwardPolicy, an_accepting_chain_is_left_alone) {
    EXPECT_EQ(pass_commands(chain("accept", kPartial), "tare", {"tare0"}), "");
    EXPECT_EQ(pass_commands(Json::object(), "tare", {"tare0"}), "");
}

TEST(ForwardPolicy, a_dropping_one_gets_rules_behind_the_administrators) {
    EXPECT_EQ(pass_commands(chain("drop", kPartial), "tare", {"tare0"}),
              "add rule ip filter FORWARD iifname \"tare0\" counter accept comment \"tare\"\n"
              "add rule ip filter FORWARD oifname \"tare0\" counter accept comment \"tare\"\n");
}

TEST(ForwardPolicy, a_closing_refusal_stays_the_last_rule) {
    EXPECT_EQ(pass_commands(chain("accept", kPartial + kReject), "tare", {"tare0"}),
              "insert rule ip filter FORWARD handle 7 iifname \"tare0\" counter accept comment \"tare\"\n"
              "insert rule ip filter FORWARD handle 7 oifname \"tare0\" counter accept comment \"tare\"\n");
}

TEST(ForwardPolicy, rules_that_are_there_are_kept_unless_nothing_reaches_them) {
    std::string ours = pass(3, "iifname") + pass(4, "oifname");
    EXPECT_EQ(pass_commands(chain("drop", ours), "tare", {"tare0"}), "");
    EXPECT_EQ(pass_commands(chain("drop", ours + ours), "tare", {"tare0"}),
              "delete rule ip filter FORWARD handle 3\ndelete rule ip filter FORWARD handle 4\n")
        << "double ones go";
    EXPECT_TRUE(pass_commands(chain("drop", kReject + ours), "tare", {"tare0"})
                    .starts_with("delete rule ip filter FORWARD handle 3\n"));
}

TEST(ForwardPolicy, rules_of_gone_bridges_are_taken_out) {
    std::string ours = pass(3, "iifname") + pass(4, "oifname");
    EXPECT_EQ(pass_commands(chain("drop", ours), "tare", {}),
              "delete rule ip filter FORWARD handle 3\ndelete rule ip filter FORWARD handle 4\n");
    EXPECT_EQ(pass_commands(chain("accept", ours), "tare", {"tare0"}),
              "delete rule ip filter FORWARD handle 3\ndelete rule ip filter FORWARD handle 4\n")
        << "nor are they needed once the chain accepts";
    EXPECT_EQ(pass_commands(chain("drop", pass(3, "iifname")), "tare-other", {}), "")
        << "those of another daemon stay";
}

std::vector<std::string> joined(const std::vector<std::vector<std::string>>& commands) {
    std::vector<std::string> lines;
    for (auto& command : commands)
        lines.push_back(join(command, " "));
    return lines;
}

TEST(ForwardPolicy, legacy_tables_get_the_same) {
    std::string in = "-i tare0 -m comment --comment tare -j ACCEPT";
    std::string out = "-o tare0 -m comment --comment tare -j ACCEPT";
    EXPECT_EQ(joined(legacy_commands("-P FORWARD ACCEPT\n", "tare", {"tare0"})), std::vector<std::string>{});
    EXPECT_EQ(joined(legacy_commands("-P FORWARD DROP\n", "tare", {"tare0"})),
              (std::vector<std::string>{"-A FORWARD " + in, "-A FORWARD " + out}));
    EXPECT_EQ(joined(legacy_commands("-P FORWARD ACCEPT\n-A FORWARD -s 10.0.0.0/8 -j DROP\n-A FORWARD -j "
                                     "REJECT --reject-with icmp-port-unreachable\n",
                                     "tare", {"tare0"})),
              (std::vector<std::string>{"-I FORWARD 2 " + in, "-I FORWARD 2 " + out}));
    std::string present = "-P FORWARD DROP\n-A FORWARD " + in + "\n-A FORWARD " + out + "\n";
    EXPECT_EQ(joined(legacy_commands(present, "tare", {"tare0"})), std::vector<std::string>{});
    EXPECT_EQ(joined(legacy_commands(present, "tare", {})),
              (std::vector<std::string>{"-D FORWARD " + in, "-D FORWARD " + out}));
}

}  // namespace
}  // namespace tare::network
