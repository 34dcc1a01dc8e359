#include "engine/gc/collector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/sha256.h"
#include "engine/lease/leases.h"
#include "posix/crash_suite.h"

namespace tare::gc {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

/// Rows as the other rooms make them.
class GcCollector : public ::testing::Test {
  protected:
    static store::Labels refers_to(std::initializer_list<std::string> names) {
        store::Labels labels;
        for (const auto& name : names)
            labels[cat("containerd.io/gc.ref.content.", labels.size())] = name;
        return labels;
    }
    void execute(std::string_view sql, std::initializer_list<store::Value> values) {
        auto done = database->write([&](store::Transaction& t) -> Result<> {
            TRY(t.execute(sql, values));
            return {};
        });
        EXPECT_TRUE(done) << done.error().message();
    }
    void content(const std::string& id, const store::Labels& labels = {},
                 const std::string& name_space = "default") {
        execute("INSERT INTO blobs VALUES (?, ?, 1, ?, 1, 1)", {name_space, id, store::to_text(labels)});
    }
    void image(const std::string& name, const std::string& target, const store::Labels& labels = {}) {
        execute(
            "INSERT INTO images (namespace, name, digest, media_type, size, labels, created_at, updated_at)"
            " VALUES ('default', ?, ?, '', 1, ?, 1, 1)",
            {name, target, store::to_text(labels)});
    }
    void snapshot(const std::string& key, const std::string& parent = "",
                  const std::string& kind = "committed", Time created = Time(std::chrono::seconds(1)),
                  const store::Labels& labels = {}) {
        execute(
            "INSERT INTO snapshots (snapshotter, key, parent, kind, labels, created_at, updated_at)"
            " VALUES ('overlayfs', ?, ?, ?, ?, ?, ?)",
            {key, parent, kind, store::to_text(labels), created, created});
    }
    void container(const std::string& id, const std::string& snapshot_key, const store::Labels& labels = {}) {
        execute(
            "INSERT INTO containers (namespace, id, snapshotter, snapshot_key, labels, document, created_at,"
            " updated_at) VALUES ('default', ?, 'overlayfs', ?, ?, '{}', 1, 1)",
            {id, snapshot_key, store::to_text(labels)});
    }
    void ingest(const std::string& ref, Time updated) {
        execute(
            "INSERT INTO ingests (namespace, ref, file, started_at, updated_at) VALUES ('default', ?, ?, 1, "
            "?)",
            {ref, ref, updated});
    }

    std::vector<std::string> names(std::string_view sql) {
        std::vector<std::string> found;
        auto read = database->read([&](store::Transaction& t) -> Result<> {
            auto rows = TRY(t.query(sql));
            while (TRY(rows.next()))
                found.push_back(rows.text(0));
            return {};
        });
        EXPECT_TRUE(read);
        return found;
    }
    std::vector<std::string> content_left() { return names("SELECT digest FROM blobs ORDER BY 1"); }
    std::vector<std::string> snapshots_left() { return names("SELECT key FROM snapshots ORDER BY 1"); }

    Collection collect() {
        auto collection = Collector(*database, {}).collect();
        EXPECT_TRUE(collection) << collection.error().message();
        return *collection;
    }

    posix::TemporaryDirectory place;
    std::unique_ptr<store::Database> database = std::move(*store::Database::open(place / "tare.db"));
    lease::Leases leases{*database};
};

TEST_F(GcCollector, keeps_what_an_image_refers_to_and_removes_the_rest) {
    content("manifest", refers_to({"config", "layer"}));
    content("config", {{"containerd.io/gc.ref.snapshot.overlayfs", "chain2"}});
    content("layer");
    content("stray", refers_to({"layer"}));
    snapshot("chain1");
    snapshot("chain2", "chain1");
    snapshot("chain3", "chain2");
    image("name", "manifest");
    auto collection = collect();
    EXPECT_THAT(content_left(), ElementsAre("config", "layer", "manifest"));
    EXPECT_THAT(snapshots_left(), ElementsAre("chain1", "chain2"));
    EXPECT_EQ(collection.content, 1U);
    EXPECT_THAT(collection.removed_content, ElementsAre("default/stray"));
    EXPECT_THAT(collection.removed_snapshots, ElementsAre("overlayfs/chain3"));
    EXPECT_TRUE(collect().is_empty());
}

TEST_F(GcCollector, an_image_does_not_keep_another_namespaces_content) {
    content("manifest");
    content("manifest", {}, "other");
    image("name", "manifest");
    EXPECT_THAT(collect().removed_content, ElementsAre("other/manifest"));
}

TEST_F(GcCollector, a_container_keeps_its_snapshot_with_all_parents_and_what_its_labels_say) {
    snapshot("chain1");
    snapshot("chain2", "chain1");
    snapshot("default/c1", "chain2", "active");
    snapshot("default/gone", "chain2", "active");
    content("config");
    content("stray");
    container("c1", "default/c1", refers_to({"config"}));
    EXPECT_THAT(collect().removed_snapshots, ElementsAre("overlayfs/default/gone"));
    EXPECT_THAT(snapshots_left(), ElementsAre("chain1", "chain2", "default/c1"));
    EXPECT_THAT(content_left(), ElementsAre("config"));
}

TEST_F(GcCollector, a_container_keeps_the_image_it_was_made_from) {
    content("manifest", refers_to({"layer"}));
    content("layer");
    container("c1", "");
    execute("UPDATE containers SET image_digest = 'manifest'", {});
    EXPECT_TRUE(collect().is_empty());
}

TEST_F(GcCollector, a_snapshot_just_prepared_has_time_to_be_referred_to) {
    snapshot("young", "", "active", now());
    snapshot("view", "", "view", now());
    snapshot("old", "", "active", now() - std::chrono::hours(1));
    snapshot("layer", "", "committed", now());
    collect();
    EXPECT_THAT(snapshots_left(), ElementsAre("view", "young"));
}

TEST_F(GcCollector, a_lease_keeps_its_resources_and_what_they_refer_to) {
    content("manifest", refers_to({"layer"}));
    content("layer");
    snapshot("chain1");
    snapshot("chain2", "chain1");
    ingest("ref", Time(std::chrono::seconds(1)));
    ASSERT_TRUE(leases.create("default", "l"));
    for (const auto& [kind, id] : std::vector<std::pair<store::ResourceKind, std::string>>{
             {store::ResourceKind::content, "manifest"},
             {store::ResourceKind::snapshot, "overlayfs/chain2"},
             {store::ResourceKind::snapshot, "overlayfs/not-yet-made"},
             {store::ResourceKind::ingest, "ref"}})
        ASSERT_TRUE(leases.add_resource("default", "l", {kind, id}));
    EXPECT_TRUE(collect().is_empty());
    ASSERT_TRUE(leases.remove("default", "l"));
    auto collection = collect();
    EXPECT_EQ(collection.content, 2U);
    EXPECT_EQ(collection.snapshots, 2U);
    EXPECT_EQ(collection.ingests, 1U);
}

TEST_F(GcCollector, a_flat_lease_keeps_its_resources_alone) {
    content("manifest", refers_to({"layer"}));
    content("layer");
    ASSERT_TRUE(leases.create("default", "l", {{std::string(lease::kFlatLabel), "true"}}));
    ASSERT_TRUE(leases.add_resource("default", "l", {store::ResourceKind::content, "manifest"}));
    collect();
    EXPECT_THAT(content_left(), ElementsAre("manifest"));
}

TEST_F(GcCollector, an_expired_lease_goes_and_keeps_nothing) {
    content("x");
    content("y");
    for (const auto& [id, time, held] : std::vector<std::tuple<std::string, Time, std::string>>{
             {"past", now() - std::chrono::seconds(1), "x"},
             {"future", now() + std::chrono::hours(1), "y"}}) {
        ASSERT_TRUE(leases.create("default", id, {{std::string(lease::kExpireLabel), format_rfc3339(time)}}));
        ASSERT_TRUE(leases.add_resource("default", id, {store::ResourceKind::content, held}));
    }
    EXPECT_EQ(collect().leases, 1U);
    EXPECT_THAT(content_left(), ElementsAre("y"));
    EXPECT_TRUE(leases.get("default", "future"));
    EXPECT_FALSE(leases.get("default", "past"));
}

TEST_F(GcCollector, an_expired_image_is_removed_unless_something_refers_to_it) {
    const store::Labels expired{{"containerd.io/gc.expire", "2001-01-01T00:00:00Z"}};
    content("a");
    content("b");
    image("gone", "a", expired);
    image("held", "b", expired);
    ASSERT_TRUE(leases.create("default", "l"));
    ASSERT_TRUE(leases.add_resource("default", "l", {store::ResourceKind::image, "held"}));
    EXPECT_THAT(collect().removed_images, ElementsAre("default/gone"));
    EXPECT_THAT(content_left(), ElementsAre("b"));
}

TEST_F(GcCollector, root_and_back_reference_labels_keep_their_bearers) {
    content("root", {{"containerd.io/gc.root", "2024-01-01"}});
    content("signature", {{"containerd.io/gc.bref.content.subject", "manifest"}});
    content("orphan", {{"containerd.io/gc.bref.content.subject", "nothing"}});
    content("manifest");
    image("name", "manifest");
    EXPECT_THAT(collect().removed_content, ElementsAre("default/orphan"));
}

TEST_F(GcCollector, counts_the_bytes_that_become_free) {
    content("alone");
    content("shared");
    content("shared", {}, "other");
    execute("UPDATE blobs SET size = 1000", {});
    ASSERT_TRUE(leases.create("other", "l"));
    ASSERT_TRUE(leases.add_resource("other", "l", {store::ResourceKind::content, "shared"}));
    snapshot("layer");
    execute("UPDATE snapshots SET size = 5", {});
    snapshot("unmeasured");
    EXPECT_EQ(collect().freed_bytes, 1005U);
}

TEST_F(GcCollector, ingests_live_for_a_day) {
    ingest("young", now());
    ingest("old", now() - std::chrono::hours(25));
    EXPECT_EQ(collect().ingests, 1U);
    EXPECT_THAT(names("SELECT ref FROM ingests"), ElementsAre("young"));
}

TEST_F(GcCollector, files_are_removed_after_their_rows_and_a_failing_remover_stops_no_other) {
    content("x");
    std::vector<std::size_t> rows_then;
    Collector collector(*database,
                        {.file_removers = {[] { return Result<>(fail(ErrorKind::internal, "disk on fire")); },
                                           [&]() -> Result<> {
                                               rows_then.push_back(content_left().size());
                                               // Removers may write.
                                               content("written-by-remover");
                                               return {};
                                           }}});
    ASSERT_TRUE(collector.collect());
    EXPECT_THAT(rows_then, ElementsAre(0U));
}

TEST_F(GcCollector, the_background_collects_soon_after_a_trigger) {
    content("x");
    std::mutex mutex;
    std::condition_variable told;
    std::uint64_t removed = 0;
    Collector collector(*database, {.delay = std::chrono::milliseconds(1)});
    collector.start([&](const Collection& collection) {
        std::lock_guard lock(mutex);
        removed += collection.content;
        told.notify_all();
    });
    for (int n = 0; n < 10; ++n)
        collector.trigger();
    std::unique_lock lock(mutex);
    EXPECT_TRUE(told.wait_for(lock, std::chrono::seconds(20), [&] { return removed == 1; }));
    lock.unlock();
    collector.stop();
}

// The protocol of store/hold.h under fire: what is made under a lease is never collected.
TEST_F(GcCollector, nothing_that_is_made_under_a_lease_goes_while_it_lives) {
    Collector collector(*database, {});
    std::atomic<bool> is_over = false;
    std::thread sweeper([&] {
        while (!is_over)
            EXPECT_TRUE(collector.collect());
    });
    for (int n = 0; n < 60; ++n) {
        auto hold = store::Hold::begin(*database, "default");
        ASSERT_TRUE(hold) << hold.error().message();
        std::string layer = cat("layer-", n), manifest = cat("manifest-", n), chain = cat("chain-", n);
        ASSERT_TRUE(hold->add(store::ResourceKind::snapshot, "overlayfs/" + chain));
        for (const auto& [id, labels] : std::vector<std::pair<std::string, store::Labels>>{
                 {layer, {}},
                 {manifest,
                  {{"containerd.io/gc.ref.content.l", layer},
                   {"containerd.io/gc.ref.snapshot.overlayfs", chain}}}}) {
            ASSERT_TRUE(database->write([&](store::Transaction& t) -> Result<> {
                TRY(t.execute("INSERT INTO blobs VALUES ('default', ?, 1, ?, 1, 1)",
                              {id, store::to_text(labels)}));
                return store::hold(t, "default", hold->id(), store::ResourceKind::content, id);
            }));
        }
        snapshot(chain);
        image(cat("image-", n), manifest);
    }
    is_over = true;
    sweeper.join();
    EXPECT_EQ(content_left().size(), 120U);
    EXPECT_EQ(snapshots_left().size(), 60U);
    EXPECT_THAT(names("SELECT id FROM leases"), IsEmpty());
}

TEST(GcCrash, a_kill_within_a_collection_loses_nothing_that_is_referred_to) {
    auto open = [](const std::string& at) {
        auto database = store::Database::open(at + "/tare.db");
        return database ? std::move(*database) : nullptr;
    };
    auto count = [](store::Database& database, std::string_view digest) {
        return *database.read([&](store::Transaction& t) -> Result<std::int64_t> {
            auto rows = TRY(t.query("SELECT count(*) FROM blobs WHERE digest = ?", {digest}));
            TRY(rows.next());
            return rows.integer(0);
        });
    };
    posix::crash_at_every_point({
        .prepare =
            [&](const std::string& at) {
                ASSERT_TRUE(open(at)->write([](store::Transaction& t) -> Result<> {
                    for (const char* name : {"kept", "stray"})
                        TRY(t.execute("INSERT INTO blobs VALUES ('default', ?, 1, '{}', 1, 1)", {name}));
                    TRY(t.execute(
                        "INSERT INTO images VALUES ('default', 'n', 'kept', '', 1, '{}', '{}', 1, 1)"));
                    return {};
                }));
            },
        .operation =
            [&](const std::string& at) {
                if (auto database = open(at)) (void)Collector(*database, {}).collect();
            },
        .verify =
            [&](const std::string& at) {
                auto database = open(at);
                EXPECT_EQ(count(*database, "kept"), 1);
                EXPECT_TRUE(Collector(*database, {}).collect());
                EXPECT_EQ(count(*database, "kept"), 1);
                EXPECT_EQ(count(*database, "stray"), 0);
            },
    });
}

}  // namespace
}  // namespace tare::gc
