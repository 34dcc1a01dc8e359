#include "engine/supervisor/endpoints.h"

#include <gtest/gtest.h>

namespace tare::supervisor {
namespace {

using container::Config;
using container::EndpointSettings;

std::string judge(EndpointSettings endpoint, Config config = {}, std::string mode = "bridge") {
    container::HostConfig host_config{.network_mode = std::move(mode)};
    auto taken = take_endpoints(config, host_config, {{"bridge", std::move(endpoint)}});
    return taken ? config.mac_address : taken.error().message();
}

TEST(Endpoints, give_their_mac_address_to_the_container) {
    EXPECT_EQ(judge({}), "");
    EXPECT_EQ(judge({.mac_address = "02:42:ac:11:00:99"}), "02:42:ac:11:00:99");
    EXPECT_EQ(judge({.mac_address = "02:42:ac:11:00:99"}, {.mac_address = "02:42:ac:11:00:01"}),
              "02:42:ac:11:00:01");
    EXPECT_EQ(judge({.mac_address = "odd"}), "invalid MAC address: odd");
    EXPECT_EQ(judge({}, {.mac_address = "odd"}, "none"), "invalid MAC address: odd");
}

TEST(Endpoints, ask_for_nothing_that_the_bridge_would_pass_over) {
    const std::string only = " only supported for user-defined networks";
    EXPECT_EQ(judge({.aliases = {"a"}}), "network-scoped aliases are" + only);
    EXPECT_EQ(judge({.links = {"a:b"}}), "links of an endpoint are" + only);
    EXPECT_EQ(judge({.link_local_ips = {"169.254.1.1"}}), "link-local addresses are" + only);
    EXPECT_EQ(judge({.ipv6_address = "fd00::9"}),
              "user specified IP address is supported on user defined networks only");
    EXPECT_EQ(judge({.driver_options = {{"a.b", "c"}}}),
              "driver options of an endpoint are not served yet: a.b");
}

}  // namespace
}  // namespace tare::supervisor
