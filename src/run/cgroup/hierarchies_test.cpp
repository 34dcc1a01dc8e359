#include "run/cgroup/hierarchies.h"

#include <gtest/gtest.h>

namespace tare::cgroup {
namespace {

constexpr std::string_view kHybrid =
    "30 25 0:26 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct\n"
    "31 25 0:27 / /sys/fs/cgroup/systemd rw,relatime shared:9 - cgroup cgroup rw,xattr,name=systemd\n"
    "32 25 0:28 / /sys/fs/cgroup/uni\\040fied rw,relatime - cgroup2 cgroup2 rw\n"
    "33 25 0:26 /x /mnt/again rw,relatime - cgroup cgroup rw,cpu,cpuacct\n"
    "34 25 0:29 / /proc rw - proc proc rw\n";

TEST(Hierarchies, a_hybrid_machine_has_both_kinds) {
    auto found = Hierarchies::parse(kHybrid, "3:cpu,cpuacct:/user\n0::/init.scope\n");
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->layout(), Layout::hybrid);
    EXPECT_EQ(found->all().size(), 3U);
    ASSERT_NE(found->find_v1("cpuacct"), nullptr);
    EXPECT_EQ(found->find_v1("cpuacct")->own_path, "/user");
    EXPECT_EQ(found->v2()->own_path, "/init.scope");
}

TEST(Hierarchies, escaped_mount_points_are_read_once) {
    auto found = Hierarchies::parse(kHybrid, "");
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->v2()->mount_point, "/sys/fs/cgroup/uni fied");
}

TEST(Hierarchies, a_machine_with_cgroup2_alone_is_v2) {
    auto found =
        Hierarchies::parse("30 25 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n", "0::/a\n");
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->layout(), Layout::v2);
    EXPECT_EQ(found->find_v1("cpu"), nullptr);
}

TEST(Hierarchies, no_cgroup_is_an_error_that_says_what_to_do) {
    auto found = Hierarchies::parse("34 25 0:29 / /proc rw - proc proc rw\n", "");
    ASSERT_FALSE(found.has_value());
    EXPECT_TRUE(found.error().is(ErrorKind::not_found));
    EXPECT_FALSE(found.error().hint().empty());
}

}  // namespace
}  // namespace tare::cgroup
