#include "engine/volume/local_options.h"

#include <gtest/gtest.h>

#include "posix/mount.h"

namespace tare::volume {
namespace {

using Kind = LocalMount::Kind;

TEST(LocalOptions, none_are_a_directory_of_ours) {
    auto mount = parse_local_options({});
    ASSERT_TRUE(mount);
    EXPECT_EQ(mount->kind, Kind::directory);
}

TEST(LocalOptions, of_a_bind_are_a_path_and_flags) {
    for (auto* type : {"none", "bind", ""}) {
        auto mount = parse_local_options({{"type", type}, {"device", "/srv"}, {"o", "bind,ro"}});
        ASSERT_TRUE(mount) << mount.error().message();
        EXPECT_EQ(mount->kind, Kind::bind);
        EXPECT_TRUE(mount->is_read_only);
    }
    EXPECT_FALSE(parse_local_options({{"type", "none"}, {"device", "srv"}, {"o", "bind"}}));
    EXPECT_FALSE(parse_local_options({{"type", "none"}, {"o", "bind"}}));
}

TEST(LocalOptions, of_a_tmpfs_keep_what_is_its_own) {
    auto mount = parse_local_options({{"type", "tmpfs"}, {"device", "tmpfs"}, {"o", "size=1m,nosuid,uid=7"}});
    ASSERT_TRUE(mount) << mount.error().message();
    EXPECT_EQ(mount->kind, Kind::file_system);
    EXPECT_EQ(mount->data, "size=1m,uid=7");
    EXPECT_EQ(mount->attributes, posix::mount_attribute::nosuid);
}

TEST(LocalOptions, of_network_file_systems_are_refused_with_a_way_out) {
    auto mount = parse_local_options({{"type", "nfs4"}, {"device", ":/srv"}, {"o", "addr=10.0.0.1"}});
    ASSERT_FALSE(mount);
    EXPECT_TRUE(mount.error().is(ErrorKind::unimplemented));
    EXPECT_NE(mount.error().hint(), "");
}

TEST(LocalOptions, that_nobody_knows_are_refused) {
    EXPECT_EQ(parse_local_options({{"size", "1m"}}).error().message(), "invalid option: \"size\"");
    EXPECT_FALSE(parse_local_options({{"type", "ext4"}, {"device", "/etc/passwd"}}));
}

TEST(VolumeName, is_one_component_of_plain_characters) {
    EXPECT_TRUE(check_volume_name("data-1.x_y"));
    for (auto* wrong : {"", "a", ".a", "-a", "a/b", "../x", "a b", "a\n"})
        EXPECT_FALSE(check_volume_name(wrong)) << wrong;
    EXPECT_FALSE(check_volume_name(std::string(256, 'a')));
}

}  // namespace
}  // namespace tare::volume
