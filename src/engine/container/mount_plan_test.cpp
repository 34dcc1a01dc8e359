#include "engine/container/bind_spec.h"
#include "engine/container/container_fixture.h"
#include "engine/container/tmpfs_options.h"
#include "engine/container/validate.h"

namespace tare::container {
namespace {

class MountPlanTest : public testing::Test {
  protected:
    Result<std::vector<MountPoint>> try_plan() {
        return plan_mount_points(config_, host_config_,
                                 [&](const std::string& reference) -> Result<Container> {
                                     if (reference == "other") return other_;
                                     return fail(ErrorKind::not_found, "No such container: ", reference);
                                 });
    }
    std::vector<MountPoint> plan() {
        auto planned = try_plan();
        EXPECT_TRUE(planned) << message_of(planned);
        return planned.value_or(std::vector<MountPoint>());
    }
    std::string failure() { return message_of(try_plan()); }
    std::string with_bind(const char* bind) {
        host_config_.binds = {bind};
        return failure();
    }
    std::string with_mount(MountRequest mount) {
        host_config_.mounts = {std::move(mount)};
        return failure();
    }

    Config config_;
    HostConfig host_config_;
    Container other_ = test_container();
};

TEST_F(MountPlanTest, a_path_is_a_bind_and_a_name_is_a_volume) {
    host_config_.binds = {"/a/../b:/x:ro,rslave", "data:/y:nocopy"};
    std::vector<MountPoint> points = plan();
    ASSERT_EQ(points.size(), 2U);
    EXPECT_EQ(points[0].source, "/b");
    EXPECT_FALSE(points[0].is_writable);
    EXPECT_EQ(points[0].propagation, "rslave");
    EXPECT_TRUE(points[0].creates_source);
    EXPECT_EQ(points[1].type, "volume");
    EXPECT_EQ(points[1].name, "data");
    EXPECT_FALSE(points[1].copies_up);
}

TEST_F(MountPlanTest, binds_that_mean_nothing_are_refused) {
    EXPECT_EQ(with_bind("/a"), "invalid volume specification: '/a'");
    EXPECT_EQ(with_bind("/a:/b:ro:x"), "invalid volume specification: '/a:/b:ro:x'");
    EXPECT_EQ(with_bind("/a:b"),
              "invalid volume specification: '/a:b': invalid mount path: 'b' mount path must be absolute");
    EXPECT_EQ(with_bind("/a:/"),
              "invalid volume specification: '/a:/': invalid specification: destination can't be '/'");
    EXPECT_EQ(with_bind("/a:/b:ro,rw"), "invalid mode: ro,rw");
    EXPECT_EQ(with_bind("/a:/b:odd"), "invalid mode: odd");
    EXPECT_EQ(with_bind("vol:/b:rshared"), "invalid mode: rshared");
    EXPECT_TRUE(
        with_bind("./a:/b").starts_with("\"./a\" includes invalid characters for a local volume name"));
}

TEST_F(MountPlanTest, labels_and_consistency_are_accepted_and_mean_nothing) {
    EXPECT_EQ(with_bind("/a:/b:z,cached"), "");
    EXPECT_EQ(with_bind("/a:/b:Z"), "");
}

TEST_F(MountPlanTest, two_for_one_place_are_a_mistake) {
    host_config_.binds = {"/a:/x", "/b:/x/"};
    EXPECT_EQ(failure(), "Duplicate mount point: /x");
    host_config_.binds = {"/a:/x"};
    host_config_.tmpfs = {{"/x", ""}};
    EXPECT_EQ(failure(), "Duplicate mount point: /x");
}

TEST_F(MountPlanTest, the_images_volumes_are_anonymous_where_nothing_else_is) {
    config_.volumes = {"/x", "/y"};
    host_config_.binds = {"/a:/x"};
    std::vector<MountPoint> points = plan();
    ASSERT_EQ(points.size(), 2U);
    EXPECT_EQ(points[1].destination, "/y");
    EXPECT_TRUE(points[1].is_anonymous);
    EXPECT_EQ(points[1].name.size(), 64U);
}

TEST_F(MountPlanTest, the_volumes_of_another_container_come_first) {
    other_.mount_points = {{.type = "volume", .name = "v", .destination = "/v", .is_anonymous = true},
                           {.type = "bind", .source = "/a", .destination = "/x"}};
    host_config_.volumes_from = {"other:ro"};
    host_config_.binds = {"/mine:/x"};
    std::vector<MountPoint> points = plan();
    ASSERT_EQ(points.size(), 2U);
    EXPECT_EQ(points[0].name, "v");
    EXPECT_FALSE(points[0].is_writable);
    EXPECT_FALSE(points[0].is_anonymous) << "it belongs to the other one";
    EXPECT_EQ(points[1].source, "/mine");
    host_config_.volumes_from = {"nope"};
    auto planned = try_plan();
    EXPECT_EQ(message_of(planned), "No such container: nope");
    EXPECT_TRUE(planned.error().is(ErrorKind::invalid_argument)) << "not_found is taken for the image's";
}

TEST_F(MountPlanTest, a_tmpfs_flag_is_nobody_elses) {
    host_config_.tmpfs = {{"/t", "size=1m"}};
    std::vector<MountPoint> points = plan();
    ASSERT_EQ(points.size(), 1U);
    EXPECT_FALSE(points[0].is_listed) << "Docker shows it in HostConfig.Tmpfs alone";
    other_.mount_points = points;
    host_config_.tmpfs.clear();
    host_config_.volumes_from = {"other"};
    EXPECT_TRUE(plan().empty());
}

TEST_F(MountPlanTest, mounts_are_of_four_types) {
    host_config_.mounts = {
        {.type = "bind", .source = "/tmp", .target = "/b", .read_only = true, .non_recursive = true},
        {.type = "volume", .source = "data", .target = "/v", .no_copy = true},
        {.type = "volume", .target = "/anonymous"},
        {.type = "tmpfs", .target = "/t", .tmpfs_size_bytes = 4096, .tmpfs_mode = 01777},
        {.type = "image", .source = "alpine", .target = "/i"}};
    std::vector<MountPoint> points = plan();
    ASSERT_EQ(points.size(), 5U);
    EXPECT_FALSE(points[0].is_recursive);
    EXPECT_FALSE(points[0].creates_source);
    EXPECT_FALSE(points[1].copies_up);
    EXPECT_TRUE(points[2].is_anonymous);
    EXPECT_EQ(points[3].tmpfs_options, Strings({"mode=1777", "size=4096"}));
    EXPECT_FALSE(points[4].is_writable);
}

TEST_F(MountPlanTest, mounts_that_cannot_be_say_why) {
    EXPECT_EQ(with_mount({.type = "bind", .source = "/nothing/here", .target = "/b"}),
              "invalid mount config for type \"bind\": bind source path does not exist: /nothing/here");
    EXPECT_EQ(with_mount({.type = "bind", .source = "x", .target = "/b"}),
              "invalid mount config for type \"bind\": invalid mount path: 'x' mount path must be absolute");
    EXPECT_EQ(with_mount({.type = "bind", .target = "/b"}),
              "invalid mount config for type \"bind\": field Source must not be empty");
    EXPECT_EQ(with_mount({.type = "tmpfs", .source = "x", .target = "/b"}),
              "invalid mount config for type \"tmpfs\": field Source must not be specified");
    EXPECT_EQ(with_mount({.type = "bind", .source = "/tmp"}),
              "invalid mount config for type \"bind\": field Target must not be empty");
    EXPECT_EQ(with_mount({.type = "odd", .target = "/b"}),
              "invalid mount config for type \"odd\": mount type unknown");
    EXPECT_EQ(with_mount({.type = "volume", .source = "vol", .target = "/b", .subpath = "a/../../b"}),
              "invalid mount config for type \"volume\": subpath must be a relative path within the volume");
}

TEST_F(MountPlanTest, options_of_another_type_are_refused) {
    EXPECT_EQ(with_mount({.type = "bind", .source = "/tmp", .target = "/b", .no_copy = true}),
              "invalid mount config for type \"bind\": field VolumeOptions must not be specified");
    EXPECT_EQ(with_mount({.type = "bind", .source = "/tmp", .target = "/b", .subpath = "a"}),
              "invalid mount config for type \"bind\": field Subpath must not be specified");
    EXPECT_EQ(with_mount({.type = "volume", .target = "/b", .propagation = "rslave"}),
              "invalid mount config for type \"volume\": field BindOptions must not be specified");
    EXPECT_EQ(with_mount({.type = "volume", .target = "/b", .tmpfs_size_bytes = 1}),
              "invalid mount config for type \"volume\": field TmpfsOptions must not be specified");
}

TEST(TmpfsOptions, the_users_override_the_defaults) {
    EXPECT_EQ(merge_tmpfs_options({"exec", "size=1m", "size=2m", "ro"}),
              Strings({"nosuid", "nodev", "exec", "size=2m", "ro"}));
    EXPECT_EQ(merge_tmpfs_options({"exec", "noexec"}), Strings({"nosuid", "nodev", "noexec"}));
    EXPECT_EQ(message_of(merge_tmpfs_options({"lowerdir=/etc"})), "invalid tmpfs option [\"lowerdir=/etc\"]");
}

}  // namespace
}  // namespace tare::container
