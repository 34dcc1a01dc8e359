#include "image/snapshot/overlay.h"
#include "image/snapshot/snapshot_fixture.h"
#include "posix/overlay.h"

namespace tare::snapshot {

namespace {

class ManyLayers : public SnapshotFixture {};
INSTANTIATE_TEST_SUITE_P(Overlay, ManyLayers, testing::Values(&open_overlay));

constexpr int kLayers = 200;

TEST_P(ManyLayers, two_hundred_of_them_work_on_new_and_old_kernels) {
    std::string parent;
    for (int i = 0; i < kLayers; ++i) {
        std::string name = cat("layer ", i);
        prepare("making", parent);
        auto upper = snapshots_->open_upper("making");
        ASSERT_TRUE(upper);
        write(upper->get(), cat("file", i), cat(i));
        ASSERT_TRUE(snapshots_->commit(name, "making", {.durability = Durability::synced}));
        parent = name;
    }
    prepare("c", parent);
    posix::Fd root = tree("c");
    EXPECT_EQ(names(root.get()).size(), kLayers);
    EXPECT_EQ(read(root.get(), "file0"), "0");
    root.reset();

    auto mounts = snapshots_->mounts("c");
    ASSERT_TRUE(mounts);
    auto layers = posix::OverlayLayers::parse(mounts->front().options);
    ASSERT_TRUE(layers);
    EXPECT_EQ(layers->lowers.size(), kLayers);
    auto by_child = posix::make_overlay_mount_by_child(*layers, 0);
    ASSERT_TRUE(by_child) << by_child.error().message();
    auto again = posix::open_beneath(by_child->get(), ".", O_RDONLY | O_DIRECTORY);
    ASSERT_TRUE(again);
    EXPECT_EQ(names(again->get()).size(), kLayers);
}

TEST(OverlayProbe, says_why_it_does_not_work) {
    auto support = probe_overlay("/proc");
    EXPECT_FALSE(support.works);
    EXPECT_NE(support.reason, "");
}

TEST(OverlayProbe, a_path_with_a_separator_is_refused) {
    auto database = store::Database::open("/var/tmp/tare-overlay-probe.db");
    ASSERT_TRUE(database);
    auto opened = open_overlay("/var/tmp/a:b", **database);
    ASSERT_FALSE(opened);
    EXPECT_TRUE(opened.error().is(ErrorKind::invalid_argument));
    for (auto* suffix : {"", "-wal", "-shm"})
        (void)posix::remove_file(cat("/var/tmp/tare-overlay-probe.db", suffix));
}

}  // namespace
}  // namespace tare::snapshot
