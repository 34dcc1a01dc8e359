// The content store on a disk that loses power, and on one that is full.

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "image/content/crash_steps_suite.h"
#include "posix/loop_disk_suite.h"

namespace tare::content {
namespace {

class ContentDisk : public ::testing::Test {
  protected:
    void SetUp() override {
        if (!posix::LoopDisk::is_available()) GTEST_SKIP() << "needs root, loop devices and mkfs.ext4";
    }
};

TEST_F(ContentDisk, the_test_disk_loses_what_was_not_synced) {
    posix::LoopDisk disk(32);
    ASSERT_TRUE(posix::write_file_atomic(disk.path() + "/synced", "x"));
    std::ofstream(disk.path() + "/unsynced") << "x";
    posix::LoopDisk after(disk.image());
    EXPECT_TRUE(posix::exists(after.path() + "/synced"));
    EXPECT_FALSE(posix::exists(after.path() + "/unsynced"));
}

TEST_F(ContentDisk, a_power_loss_within_an_ingest_leaves_whole_blobs_only) {
    posix::lose_power_at_every_point({
        .prepare = [](const std::string& at) { open(at); },
        .operation =
            [](const std::string& at) {
                auto opened = try_open(at);
                if (opened) (void)ingest(*opened->store);  // verified afterwards
            },
        .verify =
            [](const std::string& at) {
                Opened opened = open(at);
                expect_whole(at, *opened.store);
                // Bytes that had arrived may be lost in the middle: then the first try says so, and
                // the second starts from nothing.
                auto again = ingest(*opened.store);
                if (!again) again = ingest(*opened.store);
                EXPECT_TRUE(again) << again.error().message();
                expect_whole(at, *opened.store);
            },
    });
}

TEST_F(ContentDisk, a_blob_named_by_a_durable_row_survives_a_power_loss) {
    posix::LoopDisk disk(32);
    open(disk.path());
    disk.sync();
    EXPECT_TRUE(posix::is_killed_in_child([&] {
        Opened opened = open(disk.path());
        auto named = ingest(*opened.store);
        if (named)
            named = opened.database->write(
                [&](store::Transaction& t) -> Result<> {
                    TRY(t.execute("INSERT INTO settings VALUES ('image', ?)", {kOptions.expected_digest}));
                    return {};
                },
                store::Durability::power);
        if (named) std::raise(SIGKILL);
    }));
    posix::LoopDisk after(disk.image());
    Opened opened = open(after.path());
    EXPECT_TRUE(opened.store->read("default", kOptions.expected_digest, kBytes.size()));
}

TEST_F(ContentDisk, a_power_loss_within_a_removal_leaves_whole_blobs_only) {
    posix::lose_power_at_every_point({
        .prepare =
            [](const std::string& at) {
                Opened opened = open(at);
                EXPECT_TRUE(ingest(*opened.store));
            },
        .operation =
            [](const std::string& at) {
                auto opened = try_open(at);
                if (opened) (void)opened->store->remove("default", kOptions.expected_digest);  // verified
            },
        .verify =
            [](const std::string& at) {
                Opened opened = open(at);
                expect_whole(at, *opened.store);
            },
    });
}

TEST_F(ContentDisk, a_full_disk_is_a_clear_error_and_leaves_a_store_that_works) {
    posix::LoopDisk disk(16);
    Opened opened = open(disk.path());
    auto written = [&]() -> Result<> {
        auto big = TRY(opened.store->begin("default", "big", {}));
        const std::string chunk(1 << 20, 'x');
        for (int n = 0; n < 32; ++n)
            TRY(big->write(chunk));
        return {};
    }();
    ASSERT_FALSE(written);
    EXPECT_TRUE(written.error().is(ErrorKind::resource_exhausted)) << written.error().message();
    EXPECT_THAT(written.error().message(), ::testing::HasSubstr("No space left on device"));
    // What has arrived is kept for a resume, until somebody gives it up.
    EXPECT_GT(opened.store->ingest_status("default", "big")->offset, 1U << 20);
    ASSERT_TRUE(opened.store->abort_ingest("default", "big"));
    EXPECT_TRUE(ingest(*opened.store));
    expect_whole(disk.path(), *opened.store);
}

TEST_F(ContentDisk, a_database_that_finds_no_space_rolls_back_and_goes_on_later) {
    posix::LoopDisk disk(16);
    Opened opened = open(disk.path());
    ASSERT_NE(std::system(cat("head -c 64M /dev/zero > ", disk.path(), "/filler 2>/dev/null").c_str()), 0);
    Result<> outcome;
    int rows = 0;
    for (; outcome && rows < 1000; ++rows) {
        outcome = opened.database->write([&](store::Transaction& t) -> Result<> {
            TRY(t.execute("INSERT INTO settings VALUES (?, ?)", {cat(rows), std::string(64 << 10, 'x')}));
            return {};
        });
    }
    ASSERT_FALSE(outcome);
    EXPECT_TRUE(outcome.error().is(ErrorKind::resource_exhausted)) << outcome.error().message();
    EXPECT_FALSE(outcome.error().hint().empty());
    ASSERT_TRUE(posix::remove_file(disk.path() + "/filler"));
    EXPECT_TRUE(ingest(*opened.store));
}

}  // namespace
}  // namespace tare::content
