#include "image/content/ingest.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/sha256.h"
#include "image/content/store.h"
#include "posix/crash_suite.h"
#include "posix/tree.h"

namespace tare::content {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ContentIngest : public ::testing::Test {
  protected:
    void SetUp() override { open(); }

    void open() {
        store.reset();
        if (!database) database = std::move(*store::Database::open(place / "tare.db"));
        store = std::move(*Store::open(place / "content", *database));
    }

    Ingest begin(const std::string& ref = "ref", const IngestOptions& options = {}) {
        auto ingest = store->begin("default", ref, options);
        EXPECT_TRUE(ingest) << ingest.error().message();
        EXPECT_TRUE(*ingest);
        return std::move(**ingest);
    }
    std::vector<std::string> ingest_files() const { return *posix::list_directory(place / "content/ingest"); }

    posix::TemporaryDirectory place;
    std::unique_ptr<store::Database> database;
    std::unique_ptr<Store> store;
};

TEST_F(ContentIngest, is_invisible_until_it_is_committed) {
    auto ingest = begin();
    ASSERT_TRUE(ingest.write("hel"));
    ASSERT_TRUE(ingest.write("lo"));
    EXPECT_FALSE(store->info("default", sha256("hello")));
    EXPECT_EQ(ingest.digest(), sha256("hello"));
    ASSERT_TRUE(ingest.commit({{"k", "v"}}));
    EXPECT_EQ(store->info("default", sha256("hello"))->labels.at("k"), "v");
    EXPECT_TRUE(store->list_ingests("default")->empty());
}

TEST_F(ContentIngest, resumes_where_the_writer_before_it_ended) {
    IngestOptions options{.expected_digest = sha256("hello"), .expected_size = 5, .labels = {{"first", "1"}}};
    {
        ASSERT_TRUE(begin("ref", options).write("hel"));
    }
    options.labels = {{"second", "2"}};
    auto ingest = begin("ref", options);
    EXPECT_EQ(ingest.offset(), 3U);
    EXPECT_EQ(ingest.digest(), sha256("hel"));
    EXPECT_EQ(*posix::read_to_end(ingest.open_data()->get(), 10), "hel");
    ASSERT_TRUE(ingest.write("lo"));
    auto info = ingest.commit();
    ASSERT_TRUE(info) << info.error().message();
    EXPECT_EQ(info->labels, (store::Labels{{"first", "1"}, {"second", "2"}}));
}

TEST_F(ContentIngest, resumes_after_the_daemon_was_restarted) {
    {
        ASSERT_TRUE(begin().write("hel"));
    }
    open();
    EXPECT_EQ(begin().offset(), 3U);
}

TEST_F(ContentIngest, a_second_writer_of_a_ref_is_refused_while_the_first_lives) {
    {
        auto first = begin();
        auto second = store->begin("default", "ref", {});
        EXPECT_TRUE(second.error().is(ErrorKind::unavailable));
        EXPECT_TRUE(store->abort_ingest("default", "ref").error().is(ErrorKind::unavailable));
        EXPECT_TRUE(store->begin("other", "ref", {})) << "another namespace has its own refs";
        Ingest moved = std::move(first);
        EXPECT_TRUE(store->begin("default", "ref", {}).error().is(ErrorKind::unavailable));
    }
    EXPECT_TRUE(store->begin("default", "ref", {}));
}

TEST_F(ContentIngest, wrong_content_is_refused_and_thrown_away) {
    auto ingest = begin("ref", {.expected_digest = sha256("hello")});
    ASSERT_TRUE(ingest.write("hallo"));
    auto committed = ingest.commit();
    ASSERT_FALSE(committed);
    EXPECT_TRUE(committed.error().is(ErrorKind::failed_precondition));
    EXPECT_THAT(committed.error().message(), HasSubstr(sha256("hallo").text()));
    EXPECT_THAT(committed.error().message(), HasSubstr(sha256("hello").text()));
    EXPECT_THAT(ingest_files(), IsEmpty());
    EXPECT_FALSE(store->info("default", sha256("hallo")));
}

TEST_F(ContentIngest, more_than_the_expected_size_is_refused_before_it_is_written) {
    auto ingest = begin("ref", {.expected_size = 5});
    ASSERT_TRUE(ingest.write("hell"));
    EXPECT_TRUE(ingest.write("oo").error().is(ErrorKind::out_of_range));
    EXPECT_EQ(ingest.offset(), 4U);
}

TEST_F(ContentIngest, less_than_the_expected_size_is_refused_and_kept) {
    auto ingest = begin("ref", {.expected_digest = sha256("hello"), .expected_size = 5});
    ASSERT_TRUE(ingest.write("hell"));
    EXPECT_TRUE(ingest.commit().error().is(ErrorKind::out_of_range));
    ASSERT_TRUE(ingest.write("o"));
    EXPECT_TRUE(ingest.commit());
}

TEST_F(ContentIngest, a_ref_begun_for_other_content_is_refused) {
    {
        ASSERT_TRUE(begin("ref", {.expected_digest = sha256("a")}).write("a"));
    }
    EXPECT_TRUE(store->begin("default", "ref", {.expected_digest = sha256("b")})
                    .error()
                    .is(ErrorKind::failed_precondition));
    ASSERT_TRUE(store->abort_ingest("default", "ref"));
    EXPECT_EQ(begin("ref", {.expected_digest = sha256("b")}).offset(), 0U);
}

TEST_F(ContentIngest, leftover_bytes_beyond_the_expected_size_start_over) {
    {
        ASSERT_TRUE(begin().write("too much"));
    }
    EXPECT_EQ(begin("ref", {.expected_size = 5}).offset(), 0U);
}

TEST_F(ContentIngest, truncating_goes_back_and_rehashes) {
    auto ingest = begin();
    ASSERT_TRUE(ingest.write("hellX"));
    ASSERT_TRUE(ingest.truncate(4));
    ASSERT_TRUE(ingest.write("o"));
    EXPECT_EQ(ingest.commit()->digest, sha256("hello"));
    auto other = begin("other");
    EXPECT_TRUE(other.truncate(1).error().is(ErrorKind::out_of_range));
}

TEST_F(ContentIngest, nothing_is_left_of_an_aborted_one) {
    auto ingest = begin();
    ASSERT_TRUE(ingest.write("x"));
    ASSERT_TRUE(ingest.abort());
    ASSERT_TRUE(ingest.abort());
    EXPECT_FALSE(ingest.write("y"));
    EXPECT_FALSE(ingest.commit());
    EXPECT_THAT(ingest_files(), IsEmpty());
    EXPECT_TRUE(store->abort_ingest("default", "nothing").error().is(ErrorKind::not_found));
}

TEST_F(ContentIngest, lists_say_how_far_each_is) {
    auto ingest = begin("a", {.expected_digest = sha256("hello"), .expected_size = 5});
    ASSERT_TRUE(ingest.write("hel"));
    begin("b");
    auto all = store->list_ingests("default");
    ASSERT_EQ(all->size(), 2U);
    EXPECT_EQ(all->at(0).ref, "a");
    EXPECT_EQ(all->at(0).offset, 3U);
    EXPECT_EQ(all->at(0).expected_size, 5U);
    EXPECT_EQ(store->ingest_status("default", "a")->expected_digest, sha256("hello"));
    EXPECT_TRUE(store->ingest_status("default", "c").error().is(ErrorKind::not_found));
    EXPECT_TRUE(store->list_ingests("other")->empty());
}

TEST_F(ContentIngest, content_that_came_twice_at_once_is_one_blob) {
    auto first = begin("a");
    auto second = begin("b");
    for (auto* ingest : {&first, &second}) {
        ASSERT_TRUE(ingest->write("same"));
        ASSERT_TRUE(ingest->commit());
    }
    EXPECT_THAT(ingest_files(), IsEmpty());
    EXPECT_EQ(*store->read("default", sha256("same"), 10), "same");
}

TEST_F(ContentIngest, a_present_blob_ends_an_earlier_attempt_at_it) {
    IngestOptions options{.expected_digest = sha256("hello"), .expected_size = 5};
    {
        ASSERT_TRUE(begin("ref", options).write("hel"));
    }
    ASSERT_TRUE(store->put("default", "hello"));
    auto again = store->begin("default", "ref", options);
    ASSERT_TRUE(again);
    EXPECT_FALSE(again->has_value());
    EXPECT_THAT(ingest_files(), IsEmpty());
    options.expected_size = 6;
    EXPECT_TRUE(store->begin("default", "ref", options).error().is(ErrorKind::failed_precondition));
}

TEST_F(ContentIngest, sha512_is_content_too) {
    Hasher hasher(Hasher::Algorithm::sha512);
    hasher.update("hello");
    auto ingest = begin("ref", {.expected_digest = hasher.digest()});
    ASSERT_TRUE(ingest.write("hello"));
    ASSERT_TRUE(ingest.commit());
    EXPECT_EQ(*store->read("default", hasher.digest(), 10), "hello");
}

// Security rule R15, SD15: refs are any text and never a path.
TEST_F(ContentIngest, r15_hostile_refs_stay_names) {
    for (const std::string& ref : {std::string("../../x"), std::string("a/b"), std::string("new\nline"),
                                   std::string("nul\0l", 5), std::string("'; DROP TABLE ingests; --")}) {
        auto ingest = begin(ref);
        ASSERT_TRUE(ingest.write("x"));
        EXPECT_EQ(store->ingest_status("default", ref)->ref, ref);
        ASSERT_TRUE(ingest.abort());
    }
    EXPECT_THAT(ingest_files(), IsEmpty());
    EXPECT_TRUE(store->begin("default", "", {}).error().is(ErrorKind::invalid_argument));
    EXPECT_TRUE(store->begin("default", std::string(5000, 'r'), {}).error().is(ErrorKind::invalid_argument));
    EXPECT_TRUE(store->begin("../x", "ref", {}).error().is(ErrorKind::invalid_argument));
}

TEST_F(ContentIngest, a_link_in_the_place_of_its_file_is_not_followed) {
    begin();
    auto name = ingest_files().at(0);
    ASSERT_TRUE(posix::remove_file(place / "content/ingest/" + name));
    std::ofstream(place / "canary") << "canary";
    ASSERT_EQ(::symlink((place / "canary").c_str(), (place / "content/ingest/" + name).c_str()), 0);
    EXPECT_FALSE(store->begin("default", "ref", {}));
    EXPECT_EQ(*posix::read_file(place / "canary", 10), "canary");
}

}  // namespace
}  // namespace tare::content
