#include "image/snapshot/native.h"
#include "image/snapshot/snapshot_fixture.h"

namespace tare::snapshot {

namespace {

class NativeCopy : public SnapshotFixture {};
INSTANTIATE_TEST_SUITE_P(Native, NativeCopy, testing::Values(&open_native));

TEST_P(NativeCopy, keeps_holes_and_links_in_deep_directories) {
    prepare("making", "");
    {
        auto upper = snapshots_->open_upper("making");
        ASSERT_TRUE(upper);
        ASSERT_TRUE(posix::make_directory_at(upper->get(), "a", 0755));
        auto below = posix::open_directory_at(upper->get(), "a");
        ASSERT_TRUE(below);
        auto file = posix::create_file_at(below->get(), "sparse", 0600);
        ASSERT_TRUE(file);
        ASSERT_TRUE(posix::write_all_at(file->get(), "end", std::uint64_t{64} << 20));
        ASSERT_TRUE(posix::make_hard_link_at(below->get(), "sparse", upper->get(), "z"));
    }
    ASSERT_TRUE(snapshots_->commit("one", "making", {}));
    prepare("c", "one");
    posix::Fd root = tree("c");
    auto status = *posix::status_at(root.get(), "z");
    ASSERT_TRUE(status);
    EXPECT_EQ(status->links, 2U);
    EXPECT_EQ(status->size_bytes, (std::uint64_t{64} << 20) + 3);
    EXPECT_LT(status->allocated_bytes, std::uint64_t{1} << 20);
}

}  // namespace
}  // namespace tare::snapshot
