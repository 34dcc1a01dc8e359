#include "store/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "posix/crash_suite.h"
#include "store/database.h"

namespace tare::store {
namespace {

using ::testing::HasSubstr;

// A schema with a history, as schema.sql will have one.
constexpr std::string_view kFirst = "CREATE TABLE pets (name TEXT PRIMARY KEY) STRICT;";
constexpr std::string_view kThird =
    "CREATE TABLE pets (name TEXT PRIMARY KEY, legs INTEGER NOT NULL DEFAULT 4) STRICT;"
    "CREATE TABLE owners (name TEXT PRIMARY KEY) STRICT;";

Schema first() {
    return Schema(1, kFirst, {});
}
Schema third() {
    return Schema(3, kThird,
                  {{2, "ALTER TABLE pets ADD COLUMN legs INTEGER NOT NULL DEFAULT 4;"},
                   {3, "CREATE TABLE owners (name TEXT PRIMARY KEY) STRICT;"}});
}

Result<> add_pet(Database& database) {
    return database.write([&](Transaction& t) -> Result<> {
        TRY(t.execute("INSERT INTO pets (name) VALUES ('rex')"));
        return {};
    });
}

Result<std::int64_t> ask(Database& database, std::string_view sql) {
    return database.read([&](Transaction& t) -> Result<std::int64_t> {
        auto rows = TRY(t.query(sql));
        TRY(rows.next());
        return rows.integer(0);
    });
}

/// Every column of every table, as text: what two databases are compared by.
std::string columns(Database& database) {
    std::string out;
    auto outcome = database.read([&](Transaction& t) -> Result<> {
        auto rows = TRY(
            t.query("SELECT m.name, c.name, c.type, c.\"notnull\", c.dflt_value, c.pk FROM sqlite_schema m,"
                    " pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' "
                    "ORDER BY 1, 2"));
        while (TRY(rows.next())) {
            for (int column = 0; column < 6; ++column)
                out += rows.text(column) + " ";
            out += "\n";
        }
        auto indexes =
            TRY(t.query("SELECT sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL ORDER BY 1"));
        while (TRY(indexes.next()))
            out += indexes.text(0) + "\n";
        return {};
    });
    EXPECT_TRUE(outcome) << outcome.error().message();
    return out;
}

TEST(Migration, rows_of_an_old_database_are_kept) {
    posix::TemporaryDirectory place;
    ASSERT_TRUE(add_pet(**Database::open(place / "db", first())));
    auto database = Database::open(place / "db", third());
    ASSERT_TRUE(database) << database.error().message();
    EXPECT_EQ(*ask(**database, "SELECT legs FROM pets WHERE name = 'rex'"), 4);
    EXPECT_EQ(*ask(**database, "SELECT count(*) FROM owners"), 0);
    EXPECT_EQ(*ask(**database, "PRAGMA user_version"), 3);
}

TEST(Migration, a_newer_database_is_a_clear_error_and_stays_as_it_is) {
    posix::TemporaryDirectory place;
    ASSERT_TRUE(Database::open(place / "db", third()));
    auto database = Database::open(place / "db", first());
    ASSERT_FALSE(database);
    EXPECT_TRUE(database.error().is(ErrorKind::failed_precondition));
    EXPECT_THAT(database.error().message(),
                HasSubstr("a newer tare wrote it (schema 3; this one knows up to 1)"));
    EXPECT_THAT(database.error().hint(), HasSubstr("newer tared"));
    EXPECT_TRUE(Database::open(place / "db", third()));
}

TEST(Migration, a_step_that_fails_leaves_the_version_before) {
    posix::TemporaryDirectory place;
    ASSERT_TRUE(add_pet(**Database::open(place / "db", first())));
    Schema broken(2, kThird, {{2, "ALTER TABLE pets ADD COLUMN legs INTEGER; CREATE TABLE pets (x);"}});
    EXPECT_FALSE(Database::open(place / "db", broken));
    auto database = Database::open(place / "db", first());
    ASSERT_TRUE(database);
    EXPECT_EQ(*ask(**database, "SELECT count(*) FROM pets"), 1);
    EXPECT_FALSE(ask(**database, "SELECT legs FROM pets"));
}

TEST(Migration, a_kill_within_leaves_something_that_migrates) {
    posix::crash_at_every_point({
        .prepare = [](const std::string& at) { ASSERT_TRUE(add_pet(**Database::open(at + "/db", first()))); },
        .operation = [](const std::string& at) { (void)Database::open(at + "/db", third()); },
        .verify =
            [](const std::string& at) {
                auto database = Database::open(at + "/db", third());
                ASSERT_TRUE(database) << database.error().message();
                EXPECT_EQ(*ask(**database, "SELECT sum(legs) FROM pets"), 4);
            },
    });
}

TEST(Migration, a_kill_while_creating_leaves_something_that_opens) {
    posix::crash_at_every_point({
        .prepare = {},
        .operation = [](const std::string& at) { (void)Database::open(at + "/db"); },
        .verify = [](const std::string& at) { EXPECT_TRUE(Database::open(at + "/db")); },
    });
}

TEST(Migration, a_migrated_schema_is_the_same_as_a_fresh_one) {
    posix::TemporaryDirectory place;
    {
        ASSERT_TRUE(Database::open(place / "old", first()));
    }
    EXPECT_EQ(columns(**Database::open(place / "old", third())),
              columns(**Database::open(place / "new", third())));
}

TEST(Migration, the_steps_are_numbered_without_a_gap) {
    int version = 1;
    for (const auto& step : Schema::current().migrations())
        EXPECT_EQ(step.version, ++version);
    EXPECT_EQ(version, Schema::current().version());
}

}  // namespace
}  // namespace tare::store
