#include "image/content/store.h"

#include <filesystem>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/sha256.h"
#include "posix/crash_suite.h"
#include "store/hold.h"

namespace tare::content {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ContentStore : public ::testing::Test {
  protected:
    void SetUp() override { open(); }

    void open(Sharing sharing = Sharing::shared) {
        store.reset();
        if (!database) database = std::move(*store::Database::open(place / "tare.db"));
        auto opened = Store::open(place / "content", *database, sharing);
        ASSERT_TRUE(opened) << opened.error().message();
        store = std::move(*opened);
    }

    std::string blob_path(const Digest& digest) const {
        return cat(place / "content/blobs/", digest.algorithm(), "/", digest.hex());
    }
    std::vector<std::string> ingest_files() const { return *posix::list_directory(place / "content/ingest"); }

    Result<Info> put(const std::string& bytes, std::string_view name_space = "default") {
        return store->put(name_space, bytes);
    }

    posix::TemporaryDirectory place;
    std::unique_ptr<store::Database> database;
    std::unique_ptr<Store> store;
};

TEST_F(ContentStore, what_was_put_is_read_back_by_its_digest) {
    auto info = put("hello");
    ASSERT_TRUE(info) << info.error().message();
    EXPECT_EQ(info->digest, sha256("hello"));
    EXPECT_EQ(info->size_bytes, 5U);
    EXPECT_NE(info->created, Time());
    EXPECT_EQ(*store->read("default", info->digest, 100), "hello");
    auto file = store->open_blob("default", info->digest);
    EXPECT_EQ(*posix::read_to_end(file->get(), 100), "hello");
    EXPECT_THAT(ingest_files(), IsEmpty());
}

TEST_F(ContentStore, putting_twice_is_success_and_adds_labels) {
    ASSERT_TRUE(store->put("default", "x", {{"a", "1"}}));
    ASSERT_TRUE(store->put("default", "x", {{"b", "2"}}));
    EXPECT_EQ(store->info("default", sha256("x"))->labels, (store::Labels{{"a", "1"}, {"b", "2"}}));
}

TEST_F(ContentStore, an_unknown_digest_is_not_found_by_every_call) {
    Digest digest = sha256("nothing");
    EXPECT_TRUE(store->info("default", digest).error().is(ErrorKind::not_found));
    EXPECT_TRUE(store->open_blob("default", digest).error().is(ErrorKind::not_found));
    EXPECT_TRUE(store->read("default", digest, 9).error().is(ErrorKind::not_found));
    EXPECT_TRUE(store->update_labels("default", digest, {}).error().is(ErrorKind::not_found));
    EXPECT_TRUE(store->remove("default", digest).error().is(ErrorKind::not_found));
}

TEST_F(ContentStore, reading_is_bounded_and_checked) {
    auto info = put("hello");
    EXPECT_TRUE(store->read("default", info->digest, 4).error().is(ErrorKind::resource_exhausted));
    std::ofstream(blob_path(info->digest)) << "hallo";
    auto changed = store->read("default", info->digest, 100);
    ASSERT_FALSE(changed);
    EXPECT_TRUE(changed.error().is(ErrorKind::data_loss));
    EXPECT_THAT(changed.error().hint(), HasSubstr("pull it again"));
}

TEST_F(ContentStore, labels_are_set_and_removed) {
    auto info = store->put("default", "x", {{"keep", "1"}, {"drop", "2"}});
    auto updated = store->update_labels("default", info->digest, {{"drop", std::nullopt}, {"new", "3"}});
    ASSERT_TRUE(updated);
    EXPECT_EQ(updated->labels, (store::Labels{{"keep", "1"}, {"new", "3"}}));
    EXPECT_GE(updated->updated, info->updated);
    EXPECT_TRUE(store->update_labels("default", info->digest, {{"k", std::string(5000, 'v')}})
                    .error()
                    .is(ErrorKind::invalid_argument));
}

TEST_F(ContentStore, walking_visits_each_blob_of_the_namespace_once_in_order) {
    std::vector<Digest> expected;
    // Rows without files are enough to walk over, and quicker to make.
    ASSERT_TRUE(database->write([&](store::Transaction& t) -> Result<> {
        for (int n = 0; n < 600; ++n) {
            expected.push_back(sha256(cat(n)));
            TRY(
                t.execute("INSERT INTO blobs (namespace, digest, size, created_at, updated_at) VALUES "
                          "('default', ?, 1, 1, 1)",
                          {expected.back()}));
        }
        return {};
    }));
    std::ranges::sort(expected);
    ASSERT_TRUE(put("elsewhere", "other"));
    std::vector<Digest> seen;
    ASSERT_TRUE(store->walk("default", [&](const Info& info) -> Result<> {
        seen.push_back(info.digest);
        return {};
    }));
    EXPECT_EQ(seen, expected);
}

TEST_F(ContentStore, a_walk_may_remove_what_it_visits_and_ends_at_a_failure) {
    for (int n = 0; n < 20; ++n)
        ASSERT_TRUE(put(cat(n)));
    int visited = 0;
    ASSERT_TRUE(store->walk("default", [&](const Info& info) -> Result<> {
        ++visited;
        return store->remove("default", info.digest);
    }));
    EXPECT_EQ(visited, 20);
    ASSERT_TRUE(put("x"));
    auto ended =
        store->walk("default", [](const Info&) -> Result<> { return fail(ErrorKind::cancelled, "enough"); });
    EXPECT_TRUE(ended.error().is(ErrorKind::cancelled));
}

TEST_F(ContentStore, the_file_goes_with_the_last_namespace_that_knows_it) {
    auto info = put("shared", "a");
    ASSERT_TRUE(put("shared", "b"));
    ASSERT_TRUE(store->remove("a", info->digest));
    EXPECT_FALSE(store->info("a", info->digest));
    EXPECT_EQ(*store->read("b", info->digest, 100), "shared");
    ASSERT_TRUE(store->remove("b", info->digest));
    EXPECT_FALSE(posix::exists(blob_path(info->digest)));
}

TEST_F(ContentStore, an_open_blob_stays_readable_after_its_removal) {
    auto info = put("still here");
    auto file = store->open_blob("default", info->digest);
    ASSERT_TRUE(store->remove("default", info->digest));
    EXPECT_EQ(*posix::read_to_end(file->get(), 100), "still here");
}

TEST_F(ContentStore, labels_belong_to_a_namespace) {
    ASSERT_TRUE(store->put("a", "x", {{"of", "a"}}));
    ASSERT_TRUE(store->put("b", "x", {{"of", "b"}}));
    EXPECT_EQ(store->info("a", sha256("x"))->labels.at("of"), "a");
    EXPECT_EQ(store->info("b", sha256("x"))->labels.at("of"), "b");
}

// Security SD13: whether a digest that one knows is content that one has.
TEST_F(ContentStore, a_shared_store_gives_what_another_namespace_has) {
    auto info = put("private", "a");
    EXPECT_FALSE(store->info("b", info->digest));
    auto ingest = store->begin("b", "ref", {.expected_digest = info->digest, .expected_size = 7});
    ASSERT_TRUE(ingest);
    EXPECT_FALSE(ingest->has_value());
    EXPECT_EQ(*store->read("b", info->digest, 100), "private");
}

TEST_F(ContentStore, sd13_an_isolated_store_wants_the_bytes_from_each_namespace) {
    open(Sharing::isolated);
    auto info = put("private", "a");
    auto ingest = store->begin("b", "ref", {.expected_digest = info->digest, .expected_size = 7});
    ASSERT_TRUE(ingest && *ingest);
    EXPECT_FALSE(store->info("b", info->digest));
    ASSERT_TRUE((*ingest)->write("private"));
    ASSERT_TRUE((*ingest)->commit());
    EXPECT_EQ(*store->read("b", info->digest, 100), "private");
    EXPECT_THAT(ingest_files(), IsEmpty());
}

TEST_F(ContentStore, everything_is_for_its_owner_alone) {
    auto info = put("x");
    for (const auto& entry : std::filesystem::recursive_directory_iterator(place / "content")) {
        auto permissions = static_cast<unsigned>(entry.status().permissions());
        EXPECT_EQ(permissions & 0077U, 0U) << entry.path();
    }
}

TEST_F(ContentStore, opening_removes_files_that_no_row_names) {
    auto info = put("kept");
    std::ofstream(place / "content/blobs/sha256/leftover") << "x";
    std::ofstream(place / "content/ingest/leftover") << "x";
    open();
    EXPECT_THAT(*posix::list_directory(place / "content/blobs/sha256"),
                ElementsAre(std::string(info->digest.hex())));
    EXPECT_THAT(ingest_files(), IsEmpty());
}

TEST_F(ContentStore, opening_drops_rows_whose_file_is_lost_or_cut_short) {
    auto lost = put("lost");
    auto cut = put("cut short");
    auto kept = put("kept");
    ASSERT_TRUE(posix::remove_file(blob_path(lost->digest)));
    std::filesystem::resize_file(blob_path(cut->digest), 3);
    open();
    EXPECT_FALSE(store->info("default", lost->digest));
    EXPECT_FALSE(store->info("default", cut->digest));
    EXPECT_TRUE(store->info("default", kept->digest));
    EXPECT_FALSE(posix::exists(blob_path(cut->digest)));
}

TEST_F(ContentStore, files_that_no_row_names_are_counted_when_removed) {
    auto info = put("0123456789");
    ASSERT_TRUE(put("kept"));
    auto live = store->begin("default", "live", {});
    ASSERT_TRUE((*live)->write("x"));
    // As the collector does it: rows first.
    ASSERT_TRUE(database->write([&](store::Transaction& t) -> Result<> {
        TRY(t.execute("DELETE FROM blobs WHERE digest = ?", {info->digest}));
        TRY(t.execute("DELETE FROM ingests"));
        return {};
    }));
    EXPECT_EQ(*store->remove_unreferenced_files(), 10U);
    EXPECT_FALSE(posix::exists(blob_path(info->digest)));
    EXPECT_TRUE((*live)->commit()) << "a live writer keeps its file";
}

TEST_F(ContentStore, threads_put_read_and_remove_the_same_at_once) {
    std::vector<std::thread> threads;
    for (int n = 0; n < 4; ++n) {
        threads.emplace_back([&, n] {
            for (int i = 0; i < 25; ++i) {
                std::string bytes = cat(i % 5);
                std::string name_space = cat("ns", n % 2);
                auto info = store->put(name_space, bytes);
                ASSERT_TRUE(info) << info.error().message();
                auto read = store->read(name_space, info->digest, 10);
                if (read) {
                    EXPECT_EQ(*read, bytes);
                } else {
                    EXPECT_TRUE(read.error().is(ErrorKind::not_found)) << read.error().message();
                }
                auto removed = store->remove(name_space, info->digest);
                EXPECT_TRUE(removed || removed.error().is(ErrorKind::not_found)) << removed.error().message();
            }
        });
    }
    for (auto& thread : threads)
        thread.join();
    EXPECT_THAT(*posix::list_directory(place / "content/blobs/sha256"), IsEmpty());
}

TEST_F(ContentStore, a_lease_holds_what_comes_under_it) {
    auto hold = store::Hold::begin(*database, "default");
    ASSERT_TRUE(store->put("default", "x", {}, hold->id()));
    ASSERT_TRUE(store->put("default", "x", {}, hold->id()));
    auto held = database->read([&](store::Transaction& t) -> Result<std::string> {
        auto rows = TRY(t.query("SELECT kind, id FROM lease_resources WHERE lease = ?", {hold->id()}));
        std::string all;
        while (TRY(rows.next()))
            all += cat(rows.text(0), " ", rows.text(1), "\n");
        return all;
    });
    EXPECT_EQ(*held, cat("content ", sha256("x").text(), "\n"));
    EXPECT_TRUE(store->put("default", "y", {}, "no-such-lease").error().is(ErrorKind::not_found));
}

}  // namespace
}  // namespace tare::content
