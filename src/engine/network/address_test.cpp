#include "engine/network/address.h"

#include <set>

#include <gtest/gtest.h>

#include "engine/network/address_pool.h"

namespace tare::network {
namespace {

TEST(Address, is_four_decimal_numbers) {
    EXPECT_EQ(Ipv4::parse("172.17.0.2")->text(), "172.17.0.2");
    EXPECT_EQ(Ipv4::parse("255.255.255.255")->value, 0xffffffffU);
    for (auto* wrong : {"", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.-4", " 1.2.3.4",
                        "1.2.3.4\n", "0x1.2.3.4", "1..3.4"})
        EXPECT_FALSE(Ipv4::parse(wrong)) << wrong;
}

TEST(Address, loopback_is_all_of_127) {
    EXPECT_TRUE(Ipv4::parse("127.5.0.1")->is_loopback());
    EXPECT_FALSE(Ipv4::parse("128.0.0.1")->is_loopback());
}

TEST(SubnetText, loses_its_host_bits) {
    EXPECT_EQ(Subnet::parse("172.17.0.1/16")->text(), "172.17.0.0/16");
    EXPECT_EQ(Subnet::parse("0.0.0.0/0")->mask(), 0U);
    EXPECT_EQ(Subnet::parse("1.2.3.4/32")->broadcast().text(), "1.2.3.4");
    for (auto* wrong : {"172.17.0.0", "172.17.0.0/33", "172.17.0.0/", "/16", "172.17.0.0/16/1"})
        EXPECT_FALSE(Subnet::parse(wrong)) << wrong;
}

TEST(SubnetText, overlaps_what_it_holds_and_what_holds_it) {
    auto subnet = [](std::string_view text) { return Subnet::parse(text).value(); };
    EXPECT_TRUE(subnet("10.0.0.0/8").overlaps(subnet("10.5.0.0/16")));
    EXPECT_TRUE(subnet("10.5.0.0/16").overlaps(subnet("10.0.0.0/8")));
    EXPECT_FALSE(subnet("10.5.0.0/16").overlaps(subnet("10.6.0.0/16")));
}

TEST(MacText, comes_from_the_address) {
    EXPECT_EQ(Mac::of_address(*Ipv4::parse("172.17.0.2")).text(), "02:42:ac:11:00:02");
    EXPECT_EQ(Mac::parse("02:42:AC:11:00:02"), Mac::of_address(*Ipv4::parse("172.17.0.2")));
    EXPECT_TRUE(Mac::parse("01:00:00:00:00:00")->is_multicast());
    for (auto* wrong : {"", "02:42:ac:11:00", "02:42:ac:11:00:2", "02-42-ac-11-00-02", "02:42:ac:11:00:0g"})
        EXPECT_FALSE(Mac::parse(wrong)) << wrong;
}

TEST(AddressPool, takes_the_first_subnet_that_nothing_overlaps) {
    auto pools = default_pools();
    EXPECT_EQ(choose_subnet(pools, {})->text(), "172.17.0.0/16");
    EXPECT_EQ(choose_subnet(pools, {*Subnet::parse("172.16.0.0/14")})->text(), "172.20.0.0/16");
    EXPECT_EQ(choose_subnet(pools, {*Subnet::parse("172.16.0.0/12")})->text(), "192.168.0.0/20");
    EXPECT_FALSE(choose_subnet(pools, {*Subnet::parse("0.0.0.0/0")}));
}

TEST(AddressPool, gives_the_lowest_free_address_of_a_host) {
    auto subnet = *Subnet::parse("10.0.0.0/29");
    std::set<Ipv4> taken;
    auto is_taken = [&](Ipv4 address) { return taken.contains(address); };
    for (int last = 1; last <= 6; ++last) {
        auto address = choose_address(subnet, subnet, is_taken);
        ASSERT_TRUE(address);
        EXPECT_EQ(address->text(), "10.0.0." + std::to_string(last));
        taken.insert(*address);
    }
    EXPECT_FALSE(choose_address(subnet, subnet, is_taken)) << "neither name nor broadcast is given";
    EXPECT_EQ(choose_address(*Subnet::parse("10.0.0.0/16"), *Subnet::parse("10.0.9.0/24"), is_taken)->text(),
              "10.0.9.0")
        << "only the ends of the subnet are special, not those of the range";
    EXPECT_FALSE(choose_address(*Subnet::parse("255.255.255.252/30"), *Subnet::parse("255.255.255.252/30"),
                                [](Ipv4) { return true; }))
        << "the last address of all ends the search";
}

}  // namespace
}  // namespace tare::network
