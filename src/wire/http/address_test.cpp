#include "wire/http/address.h"

#include <gtest/gtest.h>

namespace tare::http {
namespace {

TEST(Security, im5_addresses_of_this_machine_and_its_link_are_known_in_every_spelling) {
    for (auto local :
         {"127.0.0.1", "127.9.9.9", "0.0.0.0", "0.1.2.3", "169.254.169.254", "::1", "::", "fe80::1",
          "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "not an address", ""})
        EXPECT_TRUE(is_local_address(local)) << local;
}

TEST(Address, those_of_a_network_are_not_local) {
    for (auto remote :
         {"10.0.0.1", "192.168.1.1", "8.8.8.8", "169.253.0.1", "2001:db8::1", "fd00::1", "::ffff:8.8.8.8"})
        EXPECT_FALSE(is_local_address(remote)) << remote;
}

}  // namespace
}  // namespace tare::http
