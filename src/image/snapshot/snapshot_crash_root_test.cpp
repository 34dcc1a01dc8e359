// SIGKILL and failure at every point of what changes snapshots: the next start has as many directories as
// rows, what was committed is whole, and the operation can be done again.

#include <gtest/gtest.h>

#include "image/snapshot/native.h"
#include "image/snapshot/overlay.h"
#include "posix/crash_suite.h"
#include "store/database.h"

namespace tare::snapshot {
namespace {

using Opener = Result<std::unique_ptr<Snapshotter>> (*)(const std::string&, store::Database&);

struct Opened {
    std::unique_ptr<store::Database> database;
    std::unique_ptr<Snapshotter> snapshots;
};

class SnapshotCrash : public testing::TestWithParam<Opener> {
  protected:
    static Result<Opened> try_open(const std::string& directory) {
        Opened opened;
        opened.database = TRY(store::Database::open(directory + "/tare.db"));
        opened.snapshots = TRY(GetParam()(directory + "/snapshots", *opened.database));
        return opened;
    }
    static Opened open(const std::string& directory) { return std::move(*try_open(directory)); }
    /// Opening passes fault points too.
    static void with(const std::string& directory, const std::function<void(Snapshotter&)>& work) {
        if (auto opened = try_open(directory)) work(*opened->snapshots);
    }
    static void make_layer(const std::string& directory) {
        auto opened = open(directory);
        ASSERT_TRUE(opened.snapshots->prepare("making", "", {}));
        ASSERT_TRUE(posix::write_file_atomic(only_files(directory) + "/f", "text"));
        ASSERT_TRUE(opened.snapshots->commit("layer", "making", {}));
    }
    /// The files of the one snapshot there is.
    static std::string only_files(const std::string& directory) {
        auto entries = posix::list_directory(directory + "/snapshots");
        return directory + "/snapshots/" + entries->front() + "/fs";
    }
    static std::size_t rows(Snapshotter& snapshots) {
        std::size_t count = 0;
        EXPECT_TRUE(snapshots.walk([&](const Info&) -> Result<> {
            ++count;
            return {};
        }));
        return count;
    }
    static void expect_sound(const std::string& directory) {
        auto opened = open(directory);
        EXPECT_EQ(posix::list_directory(directory + "/snapshots")->size(), rows(*opened.snapshots));
        EXPECT_TRUE(opened.snapshots->stat("layer")) << "what was committed stays";
    }
};
INSTANTIATE_TEST_SUITE_P(Overlay, SnapshotCrash, testing::Values(&open_overlay));
INSTANTIATE_TEST_SUITE_P(Native, SnapshotCrash, testing::Values(&open_native));

TEST_P(SnapshotCrash, of_a_prepare_leaves_a_whole_snapshot_or_none) {
    posix::crash_at_every_point({.prepare = make_layer,
                                 .operation =
                                     [](const std::string& directory) {
                                         with(directory,
                                              [](Snapshotter& it) { (void)it.prepare("c", "layer", {}); });
                                     },
                                 .verify =
                                     [](const std::string& directory) {
                                         expect_sound(directory);
                                         auto opened = open(directory);
                                         auto present = opened.snapshots->mounts("c");
                                         if (!present) {
                                             EXPECT_TRUE(opened.snapshots->prepare("c", "layer", {}));
                                         }
                                         EXPECT_TRUE(opened.snapshots->open_trees("c"));
                                     }});
}

TEST_P(SnapshotCrash, of_a_commit_leaves_the_one_or_the_other_kind) {
    posix::crash_at_every_point({.prepare =
                                     [](const std::string& directory) {
                                         make_layer(directory);
                                         ASSERT_TRUE(open(directory).snapshots->prepare("c", "layer", {}));
                                     },
                                 .operation =
                                     [](const std::string& directory) {
                                         with(directory,
                                              [](Snapshotter& it) { (void)it.commit("two", "c", {}); });
                                     },
                                 .verify =
                                     [](const std::string& directory) {
                                         expect_sound(directory);
                                         auto opened = open(directory);
                                         bool is_committed = opened.snapshots->stat("two").has_value();
                                         EXPECT_NE(is_committed, opened.snapshots->stat("c").has_value());
                                         if (!is_committed) {
                                             EXPECT_TRUE(opened.snapshots->commit("two", "c", {}));
                                         }
                                     }});
}

TEST_P(SnapshotCrash, of_a_removal_leaves_no_files) {
    posix::crash_at_every_point({.prepare =
                                     [](const std::string& directory) {
                                         make_layer(directory);
                                         ASSERT_TRUE(open(directory).snapshots->prepare("c", "layer", {}));
                                     },
                                 .operation =
                                     [](const std::string& directory) {
                                         with(directory, [](Snapshotter& it) { (void)it.remove("c"); });
                                     },
                                 .verify = expect_sound});
}

}  // namespace
}  // namespace tare::snapshot
