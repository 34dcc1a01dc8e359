#include "engine/container/propagation.h"

#include <gtest/gtest.h>

namespace tare::container {
namespace {

constexpr std::string_view kMounts =
    "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
    "30 27 0:20 / /shared rw shared:7 - tmpfs tmpfs rw\n"
    "31 30 0:21 / /shared/private rw - tmpfs tmpfs rw\n"
    "32 27 0:22 / /a\\040b rw master:7 - tmpfs tmpfs rw\n"
    "33 27 0:23 / /twice rw shared:9 - tmpfs tmpfs rw\n"
    "34 33 0:24 / /twice rw - tmpfs tmpfs rw\n";

std::string refusal(std::string_view propagation, std::string_view source) {
    auto checked = check_propagation(propagation, source, kMounts);
    return checked ? "" : checked.error().message();
}

TEST(Propagation, a_shared_bind_needs_a_shared_mount) {
    EXPECT_EQ(refusal("rshared", "/shared/x"), "");
    EXPECT_EQ(refusal("shared", "/shared"), "");
    EXPECT_EQ(refusal("rshared", "/home"), "path /home is mounted on / but it is not a shared mount");
    EXPECT_EQ(refusal("rshared", "/shared-not"),
              "path /shared-not is mounted on / but it is not a shared mount");
    EXPECT_EQ(refusal("shared", "/shared/private/x"),
              "path /shared/private/x is mounted on /shared/private but it is not a shared mount");
    EXPECT_NE(refusal("rshared", "/a b"), "");
}

TEST(Propagation, a_slave_follows_what_is_shared_or_a_slave_itself) {
    EXPECT_EQ(refusal("rslave", "/shared/x"), "");
    EXPECT_EQ(refusal("slave", "/a b/c"), "");
    EXPECT_EQ(refusal("rslave", "/home"), "path /home is mounted on / but it is not a shared or slave mount");
}

TEST(Propagation, the_mount_on_top_decides) {
    EXPECT_NE(refusal("rshared", "/twice/x"), "");
}

}  // namespace
}  // namespace tare::container
