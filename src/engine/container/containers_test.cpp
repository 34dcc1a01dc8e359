#include "engine/container/containers.h"

#include <thread>

#include "engine/container/container_fixture.h"
#include "store/database.h"

namespace tare::container {
namespace {

using namespace std::chrono_literals;

class ContainersTest : public testing::Test {
  protected:
    void SetUp() override { reopen(); }

    // As after a restart of the daemon.
    void reopen() {
        containers_.reset();
        database_.reset();
        auto database = store::Database::open(directory_.path() + "/tare.db");
        ASSERT_TRUE(database) << message_of(database);
        database_ = std::move(*database);
        auto containers = Containers::open(*database_);
        ASSERT_TRUE(containers) << message_of(containers);
        containers_ = std::move(*containers);
    }

    ContainerRef create(const std::string& name, const std::string& id) {
        auto reservation = containers_->reserve_name("default", name);
        EXPECT_TRUE(reservation) << message_of(reservation);
        Container container = test_container();
        container.id = id + std::string(64 - id.size(), '0');
        auto created = containers_->create(std::move(container), std::move(*reservation));
        EXPECT_TRUE(created) << message_of(created);
        return *created;
    }

    TemporaryDirectory directory_;
    std::unique_ptr<store::Database> database_;
    std::unique_ptr<Containers> containers_;
};

TEST_F(ContainersTest, are_found_by_id_name_and_prefix) {
    ContainerRef web = create("web", "abc1");
    create("db", "abc2");
    EXPECT_EQ((*containers_->find("default", web->id))->name, "web");
    EXPECT_EQ((*containers_->find("default", "/web"))->id, web->id);
    EXPECT_EQ((*containers_->find("default", "abc1"))->id, web->id);
    EXPECT_EQ(message_of(containers_->find("default", "abc")),
              "multiple IDs found with provided prefix: abc");
    EXPECT_EQ(message_of(containers_->find("default", "nope")), "No such container: nope");
    EXPECT_EQ(message_of(containers_->find("default", "")), "No such container: ");
    EXPECT_EQ(message_of(containers_->find("k8s.io", "web")), "No such container: web");
}

TEST_F(ContainersTest, a_name_goes_before_a_prefix) {
    create("abc", "fff1");
    create("other", "abc2");
    EXPECT_EQ((*containers_->find("default", "abc"))->name, "abc");
}

TEST_F(ContainersTest, a_taken_name_names_its_owner) {
    ContainerRef web = create("web", "1");
    EXPECT_EQ(message_of(containers_->reserve_name("default", "web")),
              "Conflict. The container name \"/web\" is already in use by container \"" + web->id +
                  "\". You have to remove (or rename) that container to be able to reuse that name.");
    EXPECT_TRUE(containers_->reserve_name("other", "web"));
}

TEST_F(ContainersTest, a_reservation_that_is_dropped_frees_the_name) {
    {
        auto first = containers_->reserve_name("default", "web");
        ASSERT_TRUE(first);
        EXPECT_FALSE(containers_->reserve_name("default", "web"));
    }
    EXPECT_TRUE(containers_->reserve_name("default", "web"));
}

TEST_F(ContainersTest, refuse_names_outside_the_grammar) {
    for (const char* name : {"a", "-web", "we b", "../x", "wéb"})
        EXPECT_EQ(
            message_of(containers_->reserve_name("default", name)),
            std::string("Invalid container name (") + name + "), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed");
}

TEST_F(ContainersTest, without_a_name_make_one_up) {
    auto name = containers_->reserve_name("default", "");
    ASSERT_TRUE(name);
    EXPECT_TRUE(is_valid_name(name->name()));
    EXPECT_NE(name->name().find('_'), std::string::npos);
}

TEST_F(ContainersTest, survive_a_restart_with_their_last_durable_state) {
    ContainerRef web = create("web", "1");
    ASSERT_TRUE(containers_->update(web->key(), [](Container& it) {
        it.state.status = Status::exited;
        it.state.exit_code = 3;
    }));
    ASSERT_TRUE(
        containers_->update(web->key(), [](Container& it) { it.state.exit_code = 4; }, Keep::in_memory));
    EXPECT_EQ(containers_->get(web->key())->state.exit_code, 4);
    reopen();
    auto found = containers_->find("default", "web");
    ASSERT_TRUE(found);
    EXPECT_EQ((*found)->state.exit_code, 3);
    EXPECT_EQ((*found)->config, web->config);
    EXPECT_FALSE(containers_->reserve_name("default", "web"));
}

TEST_F(ContainersTest, what_was_changed_in_memory_goes_with_the_next_durable_change) {
    ContainerRef web = create("web", "1");
    ASSERT_TRUE(containers_->update(
        web->key(), [](Container& it) { it.network_settings.sandbox_key = "/run/netns/x"; },
        Keep::in_memory));
    ASSERT_TRUE(containers_->update(web->key(), [](Container& it) { it.state.status = Status::running; }));
    reopen();
    EXPECT_EQ((*containers_->find("default", "web"))->network_settings.sandbox_key, "/run/netns/x");
}

TEST_F(ContainersTest, a_snapshot_in_hand_does_not_change) {
    ContainerRef web = create("web", "1");
    ASSERT_TRUE(containers_->update(web->key(), [](Container& it) { it.config.user = "changed"; }));
    EXPECT_EQ(web->config.user, "");
    EXPECT_EQ(containers_->get(web->key())->config.user, "changed");
}

TEST_F(ContainersTest, renaming_moves_the_name) {
    ContainerRef web = create("web", "1");
    create("db", "2");
    EXPECT_FALSE(containers_->rename(web->key(), "db"));
    EXPECT_EQ(message_of(containers_->rename(web->key(), "/web")),
              "Renaming a container with the same name as its current name");
    ASSERT_TRUE(containers_->rename(web->key(), "front"));
    EXPECT_FALSE(containers_->find("default", "web"));
    EXPECT_TRUE(containers_->reserve_name("default", "web"));
    reopen();
    EXPECT_TRUE(containers_->find("default", "front"));
}

TEST_F(ContainersTest, removal_frees_the_name_and_is_idempotent) {
    ContainerRef web = create("web", "1");
    ASSERT_TRUE(containers_->remove(web->key()));
    ASSERT_TRUE(containers_->remove(web->key()));
    EXPECT_FALSE(containers_->find("default", "web"));
    EXPECT_FALSE(containers_->update(web->key(), [](Container&) {}));
    create("web", "2");
}

TEST_F(ContainersTest, a_row_that_cannot_be_read_is_left_out) {
    create("web", "1");
    ASSERT_TRUE(database_->write([](store::Transaction& transaction) -> Result<> {
        TRY(transaction.execute("UPDATE containers SET state = '{'"));
        return {};
    }));
    reopen();
    EXPECT_TRUE(containers_->list("").empty());
}

TEST_F(ContainersTest, a_life_cycle_lock_is_one_for_a_container) {
    ContainerRef web = create("web", "1");
    ContainerRef db = create("db", "2");
    auto held = containers_->lock(web->key(), Deadline::after(1s));
    ASSERT_TRUE(held);
    auto second = containers_->lock(web->key(), Deadline::after(10ms));
    ASSERT_FALSE(second);
    EXPECT_TRUE(second.error().is(ErrorKind::deadline_exceeded));
    EXPECT_TRUE(containers_->lock(db->key(), Deadline::after(1s)));
    std::thread releaser([&] { *held = LifeCycleLock(); });
    EXPECT_TRUE(containers_->lock(web->key(), Deadline::after(5s)));
    releaser.join();
}

TEST_F(ContainersTest, changes_from_many_threads_are_all_kept) {
    ContainerRef web = create("web", "1");
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] {
            for (int j = 0; j < 25; ++j)
                EXPECT_TRUE(containers_->update(web->key(), [](Container& it) { ++it.state.restart_count; }));
        });
    for (std::thread& thread : threads)
        thread.join();
    EXPECT_EQ(containers_->get(web->key())->state.restart_count, 100);
}

TEST_F(ContainersTest, only_one_of_many_gets_a_name) {
    std::atomic<int> winners = 0;
    std::vector<NameReservation> kept(8);
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i)
        threads.emplace_back([&, i] {
            if (auto name = containers_->reserve_name("default", "web")) {
                kept[static_cast<std::size_t>(i)] = std::move(*name);
                ++winners;
            }
        });
    for (std::thread& thread : threads)
        thread.join();
    EXPECT_EQ(winners, 1);
}

TEST(ContainerId, is_64_hex_digits_and_no_number) {
    auto id = generate_id();
    ASSERT_TRUE(id);
    EXPECT_EQ(id->size(), 64U);
    EXPECT_EQ(id->find_first_not_of("0123456789abcdef"), std::string::npos);
    EXPECT_LT(id->find_first_not_of("0123456789"), 12U);
}

}  // namespace
}  // namespace tare::container
