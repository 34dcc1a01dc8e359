// Ends the process at every fault point of the store's operations and looks at what is left.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "image/content/crash_steps_suite.h"
#include "posix/crash_suite.h"

namespace tare::content {
namespace {

using ::testing::IsEmpty;

TEST(ContentCrash, an_ingest_that_was_killed_is_resumed_or_done) {
    posix::crash_at_every_point({
        .prepare = {},
        .operation =
            [](const std::string& at) {
                auto opened = try_open(at);
                if (!opened) return;
                (void)ingest(*opened->store);
            },
        .verify =
            [](const std::string& at) {
                Opened opened = open(at);
                expect_whole(at, *opened.store);
                auto again = ingest(*opened.store);
                EXPECT_TRUE(again) << again.error().message();
                EXPECT_EQ(opened.store->info("default", sha256(kBytes))->labels.at("k"), "v");
                EXPECT_THAT(*posix::list_directory(at + "/content/ingest"), IsEmpty());
            },
    });
}

TEST(ContentCrash, a_commit_that_was_killed_after_the_rename_is_finished) {
    posix::TemporaryDirectory place;
    ASSERT_TRUE(posix::is_killed_in_child([&] {
        Opened opened = open(place.path());
        fault::arm("content.commit.directory_synced", fault::Action::kill);
        (void)ingest(*opened.store);
    }));
    Opened opened = open(place.path());
    EXPECT_TRUE(opened.store->info("default", sha256(kBytes)));
    EXPECT_TRUE(opened.store->list_ingests("default")->empty());
}

TEST(ContentCrash, what_had_arrived_before_a_kill_is_not_fetched_again) {
    posix::TemporaryDirectory place;
    ASSERT_TRUE(posix::is_killed_in_child([&] {
        Opened opened = open(place.path());
        fault::arm("content.ingest.written", fault::Action::kill, 1);
        (void)ingest(*opened.store);
    }));
    Opened opened = open(place.path());
    EXPECT_EQ((*opened.store->begin("default", "ref", kOptions))->offset(), 80'000U);
}

TEST(ContentCrash, a_blob_whose_removal_was_killed_is_whole_or_gone) {
    posix::crash_at_every_point({
        .prepare =
            [](const std::string& at) {
                Opened opened = open(at);
                EXPECT_TRUE(ingest(*opened.store));
            },
        .operation =
            [](const std::string& at) {
                auto opened = try_open(at);
                if (!opened) return;
                (void)opened->store->remove("default", sha256(kBytes));
            },
        .verify =
            [](const std::string& at) {
                Opened opened = open(at);
                expect_whole(at, *opened.store);
                EXPECT_TRUE(ingest(*opened.store));
            },
    });
}

TEST(ContentCrash, an_abort_that_was_killed_leaves_nothing_or_all) {
    posix::crash_at_every_point({
        .prepare =
            [](const std::string& at) {
                Opened opened = open(at);
                auto ingest = opened.store->begin("default", "ref", kOptions);
                EXPECT_TRUE((*ingest)->write("xxx"));
            },
        .operation =
            [](const std::string& at) {
                auto opened = try_open(at);
                if (!opened) return;
                auto ingest = opened->store->begin("default", "ref", kOptions);
                if (ingest && *ingest) (void)(*ingest)->abort();
            },
        .verify =
            [](const std::string& at) {
                Opened opened = open(at);
                expect_whole(at, *opened.store);
                EXPECT_TRUE(ingest(*opened.store));
            },
    });
}

}  // namespace
}  // namespace tare::content
