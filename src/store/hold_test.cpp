#include "store/hold.h"

#include <gtest/gtest.h>

#include "posix/crash_suite.h"

namespace tare::store {
namespace {

class StoreHold : public ::testing::Test {
  protected:
    void SetUp() override { database = std::move(*Database::open(place / "tare.db")); }

    Result<std::int64_t> count(std::string_view sql) {
        return database->read([&](Transaction& t) -> Result<std::int64_t> {
            auto rows = TRY(t.query(sql));
            TRY(rows.next());
            return rows.integer(0);
        });
    }

    posix::TemporaryDirectory place;
    std::unique_ptr<Database> database;
};

TEST_F(StoreHold, it_and_its_resources_are_gone_when_the_work_ends) {
    {
        auto hold = Hold::begin(*database, "default");
        ASSERT_TRUE(hold);
        ASSERT_TRUE(hold->add(ResourceKind::snapshot, "overlayfs/sha256:1"));
        ASSERT_TRUE(hold->add(ResourceKind::snapshot, "overlayfs/sha256:1"));
        EXPECT_EQ(*count("SELECT count(*) FROM leases WHERE expires_at > created_at"), 1);
        EXPECT_EQ(*count("SELECT count(*) FROM lease_resources"), 1);
    }
    EXPECT_EQ(*count("SELECT count(*) FROM leases"), 0);
    EXPECT_EQ(*count("SELECT count(*) FROM lease_resources"), 0);
}

TEST_F(StoreHold, one_that_was_moved_from_drops_nothing) {
    auto begin = [&]() -> Hold {
        auto first = Hold::begin(*database, "default");
        return std::move(*first);
    };
    Hold kept = begin();
    EXPECT_EQ(*count("SELECT count(*) FROM leases"), 1);
}

TEST_F(StoreHold, holding_under_a_lease_that_is_gone_is_not_found) {
    auto outcome = database->write([&](Transaction& t) -> Result<> {
        return hold(t, "default", "gone", ResourceKind::content, "sha256:1");
    });
    EXPECT_TRUE(outcome.error().is(ErrorKind::not_found));
    EXPECT_TRUE(database->write([&](Transaction& t) -> Result<> {
        return hold(t, "default", "", ResourceKind::content, "sha256:1");
    }));
}

TEST_F(StoreHold, what_a_dead_daemon_has_left_ends_soon_and_leases_of_users_do_not) {
    auto left = Hold::begin(*database, "default");
    ASSERT_TRUE(left);
    ASSERT_TRUE(database->write([&](Transaction& t) -> Result<> {
        TRY(t.execute(
            "INSERT INTO leases (namespace, id, created_at) VALUES ('default', 'work-of-a-user', 1)"));
        return {};
    }));
    EXPECT_EQ(*expire_left_holds(*database, std::chrono::seconds(60)), 1);
    EXPECT_EQ(*count("SELECT count(*) FROM leases WHERE expires_at - created_at BETWEEN 1 AND 61000000000"),
              1);
    EXPECT_EQ(*count("SELECT count(*) FROM leases WHERE expires_at IS NULL"), 1);
    EXPECT_EQ(*expire_left_holds(*database), 0) << "the grace is not renewed by another start";
}

}  // namespace
}  // namespace tare::store
