#include "store/database.h"

#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "posix/crash_suite.h"
#include "store/schema.h"

namespace tare::store {
namespace {

using ::testing::HasSubstr;

std::unique_ptr<Database> open_at(const std::string& path) {
    auto database = Database::open(path);
    EXPECT_TRUE(database) << database.error().message();
    return database ? std::move(*database) : nullptr;
}

Result<> add_volume(Database& database, std::string_view name) {
    return database.write([&](Transaction& t) -> Result<> {
        TRY(t.execute("INSERT INTO volumes (name, created_at) VALUES (?, ?)", {name, now()}));
        return {};
    });
}

Result<std::int64_t> count(Database& database, std::string_view table) {
    return database.read([&](Transaction& t) -> Result<std::int64_t> {
        auto rows = TRY(t.query(cat("SELECT count(*) FROM ", table)));
        TRY(rows.next());
        return rows.integer(0);
    });
}

class StoreDatabase : public ::testing::Test {
  protected:
    posix::TemporaryDirectory place;
    std::string path = place / "tare.db";
};

TEST_F(StoreDatabase, what_was_written_is_there_after_opening_again) {
    ASSERT_TRUE(add_volume(*open_at(path), "data"));
    EXPECT_EQ(*count(*open_at(path), "volumes"), 1);
}

TEST_F(StoreDatabase, its_files_are_for_their_owner_alone) {
    auto database = open_at(path);
    ASSERT_TRUE(add_volume(*database, "data"));
    for (const char* suffix : {"", "-wal", "-shm"}) {
        struct stat status{};
        ASSERT_EQ(::stat((path + suffix).c_str(), &status), 0) << suffix;
        EXPECT_EQ(status.st_mode & 07777, 0600U) << suffix;
    }
}

TEST_F(StoreDatabase, values_come_back_as_they_were_bound) {
    auto database = open_at(path);
    const std::string name("quote ' \" \n and \0 in it", 22);
    auto outcome = database->write([&](Transaction& t) -> Result<> {
        auto rows = TRY(t.query("SELECT ?1, ?2, ?3, ?4, ?5, ?6", {name, std::int64_t{-5}, std::nullopt, true,
                                                                  std::optional<std::string>(), ""}));
        EXPECT_TRUE(TRY(rows.next()));
        EXPECT_EQ(rows.text(0), name);
        EXPECT_EQ(rows.integer(1), -5);
        EXPECT_TRUE(rows.is_null(2));
        EXPECT_EQ(rows.text(2), "");
        EXPECT_TRUE(rows.boolean(3));
        EXPECT_EQ(rows.optional_text(4), std::nullopt);
        EXPECT_FALSE(rows.is_null(5));
        EXPECT_FALSE(TRY(rows.next()));
        return {};
    });
    EXPECT_TRUE(outcome) << outcome.error().message();
}

TEST_F(StoreDatabase, a_wrong_digest_in_a_row_is_data_loss) {
    auto database = open_at(path);
    auto outcome = database->read([&](Transaction& t) -> Result<> {
        auto rows = TRY(t.query("SELECT 'sha256:../../x', NULL"));
        TRY(rows.next());
        EXPECT_TRUE(TRY(rows.digest(1)).empty());
        TRY(rows.digest(0));
        return {};
    });
    ASSERT_FALSE(outcome);
    EXPECT_TRUE(outcome.error().is(ErrorKind::data_loss));
}

TEST_F(StoreDatabase, a_failing_piece_of_work_is_rolled_back) {
    auto database = open_at(path);
    auto outcome = database->write([&](Transaction& t) -> Result<> {
        TRY(t.execute("INSERT INTO volumes (name, created_at) VALUES ('a', 1)"));
        return fail(ErrorKind::aborted, "changed my mind");
    });
    EXPECT_FALSE(outcome);
    EXPECT_EQ(*count(*database, "volumes"), 0);
    EXPECT_TRUE(add_volume(*database, "b"));
}

TEST_F(StoreDatabase, errors_have_kinds_to_branch_on) {
    auto database = open_at(path);
    ASSERT_TRUE(add_volume(*database, "a"));
    EXPECT_TRUE(add_volume(*database, "a").error().is(ErrorKind::already_exists));
    auto foreign = database->write([&](Transaction& t) -> Result<> {
        TRY(t.execute("INSERT INTO volume_refs VALUES ('nothing', 'c')"));
        return {};
    });
    EXPECT_TRUE(foreign.error().is(ErrorKind::failed_precondition));
    auto wrong = database->read([&](Transaction& t) -> Result<> {
        TRY(t.query("SELECT nonsense FROM nowhere"));
        return {};
    });
    EXPECT_TRUE(wrong.error().is(ErrorKind::internal));
    EXPECT_THAT(wrong.error().message(), HasSubstr("nowhere"));
}

TEST_F(StoreDatabase, a_missing_value_is_an_error_and_not_null) {
    auto database = open_at(path);
    auto outcome = database->write([&](Transaction& t) -> Result<> {
        TRY(t.execute("INSERT INTO volumes (name, created_at) VALUES (?, ?)", {"a"}));
        return {};
    });
    ASSERT_FALSE(outcome);
    EXPECT_THAT(outcome.error().message(), HasSubstr("takes 2 values, not 1"));
}

TEST_F(StoreDatabase, a_reading_transaction_cannot_write) {
    auto database = open_at(path);
    auto outcome = database->read([&](Transaction& t) -> Result<> {
        TRY(t.execute("DELETE FROM volumes"));
        return {};
    });
    EXPECT_TRUE(outcome.error().is(ErrorKind::permission_denied)) << outcome.error().message();
}

TEST_F(StoreDatabase, a_second_writing_transaction_of_a_thread_fails_instead_of_waiting_for_itself) {
    auto database = open_at(path);
    auto outcome = database->write([&](Transaction&) -> Result<> { return add_volume(*database, "inner"); });
    ASSERT_FALSE(outcome);
    EXPECT_TRUE(outcome.error().is(ErrorKind::internal));
}

TEST_F(StoreDatabase, the_same_query_may_run_inside_itself) {
    auto database = open_at(path);
    ASSERT_TRUE(add_volume(*database, "a"));
    ASSERT_TRUE(add_volume(*database, "b"));
    int pairs = 0;
    auto outcome = database->read([&](Transaction& t) -> Result<> {
        auto outer = TRY(t.query("SELECT name FROM volumes"));
        while (TRY(outer.next())) {
            auto inner = TRY(t.query("SELECT name FROM volumes"));
            while (TRY(inner.next()))
                ++pairs;
        }
        return {};
    });
    EXPECT_TRUE(outcome);
    EXPECT_EQ(pairs, 4);
}

TEST_F(StoreDatabase, a_reader_keeps_its_view_while_others_write) {
    auto database = open_at(path);
    auto outcome = database->read([&](Transaction& t) -> Result<> {
        auto count_now = [&]() -> Result<std::int64_t> {
            auto rows = TRY(t.query("SELECT count(*) FROM volumes"));
            TRY(rows.next());
            return rows.integer(0);
        };
        EXPECT_EQ(TRY(count_now()), 0);
        TRY(add_volume(*database, "a"));
        EXPECT_EQ(TRY(count_now()), 0);
        return {};
    });
    EXPECT_TRUE(outcome);
    EXPECT_EQ(*count(*database, "volumes"), 1);
}

TEST_F(StoreDatabase, many_threads_read_and_write_at_once) {
    auto database = open_at(path);
    std::vector<std::thread> threads;
    for (int n = 0; n < 8; ++n) {
        threads.emplace_back([&, n] {
            for (int i = 0; i < 25; ++i) {
                EXPECT_TRUE(add_volume(*database, cat(n, "-", i)));
                EXPECT_TRUE(count(*database, "volumes"));
            }
        });
    }
    for (auto& thread : threads)
        thread.join();
    EXPECT_EQ(*count(*database, "volumes"), 200);
}

TEST_F(StoreDatabase, a_file_that_is_no_database_is_refused_with_a_way_out) {
    std::ofstream(path) << std::string(8192, 'x');
    auto database = Database::open(path);
    ASSERT_FALSE(database);
    EXPECT_TRUE(database.error().is(ErrorKind::data_loss)) << database.error().message();
    EXPECT_THAT(database.error().hint(), HasSubstr("aside"));
}

TEST_F(StoreDatabase, a_damaged_file_is_refused) {
    {
        auto database = open_at(path);
        for (int i = 0; i < 200; ++i)
            ASSERT_TRUE(add_volume(*database, cat("volume-with-a-long-name-", i)));
    }
    struct stat status{};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    for (long at = 8192; at + 64 < status.st_size; at += 4096) {
        file.seekp(at);
        file << std::string(64, '\xff');
    }
    file.close();
    auto database = Database::open(path);
    ASSERT_FALSE(database);
    EXPECT_TRUE(database.error().is(ErrorKind::data_loss)) << database.error().message();
}

TEST_F(StoreDatabase, a_symlink_in_its_place_is_refused) {
    ASSERT_EQ(::symlink("/etc/passwd", path.c_str()), 0);
    EXPECT_TRUE(Database::open(path).error().is(ErrorKind::failed_precondition));
}

// Security TA5: what others put into the file is never executed.
TEST(Security, ta5_a_database_with_a_trigger_or_view_is_refused) {
    for (const char* foreign : {"CREATE TRIGGER x AFTER INSERT ON volumes BEGIN DELETE FROM images; END",
                                "CREATE VIEW x AS SELECT 1"}) {
        posix::TemporaryDirectory place;
        std::string sql = cat(Schema::current().sql(), "\n", foreign, ";");
        Schema hostile(1, sql, {});
        ASSERT_TRUE(Database::open(place / "tare.db", hostile));
        auto database = Database::open(place / "tare.db");
        ASSERT_FALSE(database) << foreign;
        EXPECT_TRUE(database.error().is(ErrorKind::data_loss));
        EXPECT_FALSE(database.error().hint().empty());
    }
}

TEST(Store, a_commit_that_returned_survives_a_kill_at_once) {
    posix::TemporaryDirectory place;
    EXPECT_TRUE(posix::is_killed_in_child([&] {
        auto database = open_at(place / "tare.db");
        if (add_volume(*database, "data")) std::raise(SIGKILL);
    }));
    EXPECT_EQ(*count(*open_at(place / "tare.db"), "volumes"), 1);
}

TEST(Store, a_kill_before_a_commit_leaves_all_or_nothing) {
    posix::crash_at_every_point({
        .prepare = [](const std::string& at) { open_at(at + "/tare.db"); },
        .operation =
            [](const std::string& at) {
                auto database = open_at(at + "/tare.db");
                (void)database->write([&](Transaction& t) -> Result<> {
                    TRY(t.execute("INSERT INTO volumes (name, created_at) VALUES ('a', 1)"));
                    TRY(t.execute("INSERT INTO volume_refs VALUES ('a', 'c')"));
                    return {};
                });
            },
        .verify =
            [](const std::string& at) {
                auto database = open_at(at + "/tare.db");
                EXPECT_EQ(*count(*database, "volumes"), *count(*database, "volume_refs"));
            },
    });
}

}  // namespace
}  // namespace tare::store
