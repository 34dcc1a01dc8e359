#include <cstdlib>

#include <fcntl.h>
#include <gtest/gtest.h>

#include "engine/volume/volumes.h"
#include "posix/file.h"
#include "posix/mount.h"
#include "posix/namespace.h"
#include "posix/tree.h"
#include "posix/xattr.h"
#include "store/database.h"

namespace tare::volume {
namespace {

class VolumesOnDisk : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        // Mounts of tests are this process's own.
        ASSERT_TRUE(posix::unshare_namespaces(posix::namespace_bit::mount));
        ASSERT_TRUE(posix::set_root_propagation(posix::Propagation::is_private));
    }
    void SetUp() override {
        std::string name = "/var/tmp/tare-volume-XXXXXX";
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        root_ = name;
        database_ = *store::Database::open(root_ + "/tare.db");
        start();
    }
    void TearDown() override {
        volumes_.reset();
        database_.reset();
        EXPECT_TRUE(posix::remove_tree(root_));
    }
    void start() {
        volumes_.reset();
        auto opened = Volumes::open(root_ + "/volumes", *database_);
        ASSERT_TRUE(opened) << opened.error().message();
        volumes_ = std::move(*opened);
    }
    Volume create(CreateRequest request) {
        auto volume = volumes_->create(std::move(request));
        EXPECT_TRUE(volume) << volume.error().message();
        return volume ? *volume : Volume{};
    }
    posix::Fd directory(const std::string& path) {
        EXPECT_TRUE(posix::make_directories(path, 0755));
        return *posix::open_file(path, O_RDONLY | O_DIRECTORY);
    }

    std::string root_;
    std::unique_ptr<store::Database> database_;
    std::unique_ptr<Volumes> volumes_;
};

TEST_F(VolumesOnDisk, a_volume_is_there_until_it_is_removed) {
    Volume volume = create({.name = "data", .labels = {{"a", "b"}}});
    EXPECT_EQ(volume.mountpoint, root_ + "/volumes/data/_data");
    EXPECT_EQ(volume.driver, "local");
    EXPECT_EQ(create({.name = "data"}).labels, (Labels{{"a", "b"}})) << "creating again finds it";
    start();
    EXPECT_EQ(volumes_->get("data")->created, volume.created);
    ASSERT_TRUE(volumes_->remove("data"));
    EXPECT_FALSE(posix::exists(root_ + "/volumes/data"));
    EXPECT_EQ(volumes_->get("data").error().message(), "get data: no such volume");
    EXPECT_FALSE(volumes_->remove("data"));
    EXPECT_TRUE(volumes_->remove("data", Force::yes));
}

TEST_F(VolumesOnDisk, one_without_a_name_gets_64_digits) {
    Volume volume = create({});
    EXPECT_EQ(volume.name.size(), 64U);
    EXPECT_TRUE(volume.is_anonymous);
    EXPECT_FALSE(create({.name = "data"}).is_anonymous);
}

TEST_F(VolumesOnDisk, other_options_or_drivers_are_a_conflict) {
    create({.name = "data", .options = {{"type", "tmpfs"}, {"device", "tmpfs"}}});
    auto other = volumes_->create({.name = "data", .options = {{"type", "tmpfs"}, {"device", "x"}}});
    ASSERT_FALSE(other);
    EXPECT_TRUE(other.error().is(ErrorKind::already_exists));
    EXPECT_TRUE(volumes_->create({.name = "dat2", .driver = "x"}).error().is(ErrorKind::not_found));
    EXPECT_TRUE(volumes_->create({.name = "../x"}).error().is(ErrorKind::invalid_argument));
}

TEST_F(VolumesOnDisk, what_a_container_uses_is_not_removed) {
    create({.name = "data"});
    create({.name = "free"});
    ASSERT_TRUE(volumes_->reference("data", "default/c1"));
    ASSERT_TRUE(volumes_->reference("data", "default/c1"));
    EXPECT_TRUE(volumes_->reference("none", "default/c1").error().is(ErrorKind::not_found));
    auto busy = volumes_->remove("data", Force::yes);
    ASSERT_FALSE(busy);
    EXPECT_EQ(busy.error().message(), "remove data: volume is in use - [c1]");
    auto report = volumes_->prune([](const Volume&) { return true; });
    ASSERT_TRUE(report);
    EXPECT_EQ(report->removed, std::vector<std::string>{"free"});
    auto used = volumes_->release("default/c1");
    ASSERT_TRUE(used);
    ASSERT_EQ(used->size(), 1U);
    EXPECT_EQ(used->front().name, "data");
    EXPECT_TRUE(volumes_->remove("data"));
}

TEST_F(VolumesOnDisk, an_empty_volume_is_filled_from_the_image) {
    create({.name = "data"});
    posix::Fd image = directory(root_ + "/image");
    auto file = posix::create_file_at(image.get(), "f", 0640);
    ASSERT_TRUE(file);
    ASSERT_TRUE(posix::write_all(file->get(), "text"));
    ASSERT_TRUE(posix::set_owner_at(image.get(), "f", 5, 6));
    ASSERT_TRUE(posix::set_xattr_at(image.get(), "f", "user.note", "n"));
    ASSERT_TRUE(posix::set_owner(image.get(), 33, 34));
    ASSERT_TRUE(posix::set_permissions(image.get(), 0750));
    auto filled = volumes_->populate("data", image.get());
    ASSERT_TRUE(filled) << filled.error().message();
    posix::Fd data = directory(root_ + "/volumes/data/_data");
    EXPECT_EQ(posix::status_of(data.get())->uid, 33U);
    EXPECT_EQ(posix::status_of(data.get())->permissions, 0750U);
    EXPECT_EQ((*posix::status_at(data.get(), "f"))->gid, 6U);
    EXPECT_EQ(*posix::get_xattr_at(data.get(), "f", "user.note"), "n");
    ASSERT_TRUE(posix::remove_at(data.get(), "f"));
    ASSERT_TRUE(volumes_->populate("data", image.get()));
    EXPECT_EQ(posix::sorted_entries(data.get())->size(), 1U) << "as often as it is found empty";
}

TEST_F(VolumesOnDisk, a_volume_that_holds_something_is_not_filled) {
    create({.name = "data"});
    posix::Fd data = directory(root_ + "/volumes/data/_data");
    ASSERT_TRUE(posix::create_file_at(data.get(), "mine", 0644));
    posix::Fd image = directory(root_ + "/image");
    ASSERT_TRUE(posix::create_file_at(image.get(), "f", 0644));
    ASSERT_TRUE(volumes_->populate("data", image.get()));
    EXPECT_EQ(*posix::sorted_entries(data.get()), std::vector<std::string>{"mine"});
}

TEST_F(VolumesOnDisk, a_tmpfs_is_mounted_while_containers_run) {
    create({.name = "data", .options = {{"type", "tmpfs"}, {"device", "tmpfs"}, {"o", "size=1m"}}});
    auto one = volumes_->mount("data", "default/c1");
    ASSERT_TRUE(one) << one.error().message();
    ASSERT_TRUE(volumes_->mount("data", "default/c2"));
    ASSERT_TRUE(volumes_->mount("data", "default/c2"));
    auto is_tmpfs = [&] {
        auto fd = posix::open_file(one->path, O_RDONLY | O_DIRECTORY);
        return *posix::file_system_type(fd->get()) == 0x01021994;
    };
    EXPECT_TRUE(is_tmpfs());
    ASSERT_TRUE(volumes_->unmount("data", "default/c1"));
    EXPECT_TRUE(is_tmpfs());
    ASSERT_TRUE(volumes_->unmount("data", "default/c2"));
    EXPECT_FALSE(is_tmpfs());
}

TEST_F(VolumesOnDisk, a_restart_keeps_the_mounts_of_running_containers) {
    create({.name = "data", .options = {{"type", "tmpfs"}, {"device", "tmpfs"}}});
    ASSERT_TRUE(volumes_->reference("data", "default/c1"));
    auto source = volumes_->mount("data", "default/c1");
    ASSERT_TRUE(source);
    ASSERT_TRUE(posix::write_file_atomic(source->path + "/f", "x"));
    start();
    ASSERT_TRUE(volumes_->repair([](const std::string&) { return true; }));
    EXPECT_TRUE(posix::exists(source->path + "/f"));
    ASSERT_TRUE(volumes_->unmount("data", "default/c1"));
    EXPECT_FALSE(posix::exists(source->path + "/f"));
    ASSERT_TRUE(volumes_->mount("data", "default/c1"));
    ASSERT_TRUE(posix::write_file_atomic(source->path + "/f", "x"));
    start();
    ASSERT_TRUE(volumes_->repair([](const std::string&) { return false; }));
    EXPECT_FALSE(posix::exists(source->path + "/f")) << "its container died with the daemon";
}

TEST_F(VolumesOnDisk, a_bind_is_its_device) {
    directory(root_ + "/host");
    create({.name = "data", .options = {{"type", "none"}, {"device", root_ + "/host"}, {"o", "bind,ro"}}});
    auto source = volumes_->mount("data", "default/c1");
    ASSERT_TRUE(source) << source.error().message();
    EXPECT_EQ(source->path, root_ + "/host");
    EXPECT_TRUE(source->is_read_only);
    ASSERT_TRUE(volumes_->remove("data"));
    EXPECT_TRUE(posix::exists(root_ + "/host")) << "what was bound is not ours to remove";
}

TEST_F(VolumesOnDisk, usage_counts_bytes_and_containers) {
    create({.name = "data"});
    posix::Fd data = directory(root_ + "/volumes/data/_data");
    auto file = posix::create_file_at(data.get(), "f", 0644);
    ASSERT_TRUE(posix::write_all(file->get(), std::string(1 << 20, 'x')));
    ASSERT_TRUE(volumes_->reference("data", "default/c1"));
    auto usage = volumes_->usage("data");
    ASSERT_TRUE(usage);
    EXPECT_GE(usage->size_bytes, 1U << 20);
    EXPECT_EQ(usage->containers, 1U);
}

TEST_F(VolumesOnDisk, what_a_crash_left_without_a_row_is_removed) {
    create({.name = "data"});
    directory(root_ + "/volumes/half/_data/x");
    ASSERT_TRUE(volumes_->repair([](const std::string&) { return false; }));
    EXPECT_FALSE(posix::exists(root_ + "/volumes/half"));
    EXPECT_TRUE(posix::exists(root_ + "/volumes/data/_data"));
    directory(root_ + "/volumes/half2/_data/x");
    create({.name = "half2"});
    EXPECT_TRUE(posix::list_directory(root_ + "/volumes/half2/_data")->empty());
}

}  // namespace
}  // namespace tare::volume
