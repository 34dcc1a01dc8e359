#include "run/runtime/mount_options.h"

#include <gtest/gtest.h>

namespace tare::runtime {
namespace {

namespace attribute = posix::mount_attribute;

TEST(MountOptions, words_of_mount_8_become_attributes) {
    auto options = parse_mount_options({"ro", "nosuid", "noexec", "nodev", "relatime"});
    EXPECT_EQ(options.set, attribute::read_only | attribute::nosuid | attribute::noexec | attribute::nodev);
    EXPECT_EQ(options.clear, attribute::atime_mask);
    EXPECT_TRUE(options.parameters.empty());
}

TEST(MountOptions, the_later_of_two_opposites_wins) {
    auto options = parse_mount_options({"ro", "rw"});
    EXPECT_EQ(options.set, 0U);
    EXPECT_EQ(options.clear, attribute::read_only);
}

TEST(MountOptions, what_the_kernel_s_mount_does_not_know_goes_to_the_file_system) {
    auto options = parse_mount_options({"size=65536k", "mode=755", "newinstance"});
    ASSERT_EQ(options.parameters.size(), 3U);
    EXPECT_EQ(options.parameters[0].key, "size");
    EXPECT_EQ(options.parameters[0].value, "65536k");
    EXPECT_TRUE(options.parameters[2].is_flag);
}

TEST(MountOptions, a_recursive_bind_is_one_with_all_below_it) {
    auto options = parse_mount_options({"rbind", "rprivate", "rro"});
    EXPECT_TRUE(options.is_bind);
    EXPECT_EQ(options.recursive, posix::Recursive::yes);
    EXPECT_EQ(options.propagation, posix::Propagation::is_private);
    EXPECT_EQ(options.recursive_set, attribute::read_only);
    EXPECT_EQ(options.set, 0U);
}

}  // namespace
}  // namespace tare::runtime
