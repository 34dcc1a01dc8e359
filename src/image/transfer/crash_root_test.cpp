// Pulls that are killed at every step, and pulls onto a disk that is full.

#include "image/transfer/transfer_fixture_test.h"
#include "posix/loop_disk_suite.h"

namespace tare::transfer {
namespace {

/// What a daemon has open in a directory.
struct Daemon {
    std::unique_ptr<store::Database> database;
    std::unique_ptr<content::Store> content;
    std::unique_ptr<snapshot::Snapshotter> snapshotter;
    std::unique_ptr<registry::Registry> registry;
    std::unique_ptr<Images> images;
};

Result<Daemon> start(const std::string& at) {
    Daemon daemon;
    daemon.database = TRY(store::Database::open(at + "/tare.db"));
    daemon.content = TRY(content::Store::open(at + "/content", *daemon.database));
    daemon.snapshotter = TRY(snapshot::open_best(at + "/snapshots", *daemon.database));
    registry::RegistryOptions options;
    options.hosts.directories = {};
    options.attempts = 1;
    daemon.registry = std::make_unique<registry::Registry>(options);
    daemon.images = std::make_unique<Images>(Parts{*daemon.database, *daemon.content, *daemon.snapshotter,
                                                   *daemon.registry, layer::test_worker()});
    return daemon;
}

std::size_t count(snapshot::Snapshotter& snapshotter, snapshot::Kind kind) {
    std::size_t found = 0;
    (void)snapshotter.walk([&](const snapshot::Info& info) -> Result<> {
        found += info.kind == kind ? 1 : 0;
        return {};
    });
    return found;
}

TEST(CrashOfPull, a_kill_at_any_step_leaves_what_the_next_pull_finishes) {
    registry::FakeRegistry registry;
    MadeImage made;
    made.add({{"etc/", ""}, {"etc/name", "one"}});
    made.add({{"etc/other", std::string(50'000, 'x')}});
    put(registry, "one", made);
    auto reference = registry.reference("one");
    posix::crash_at_every_point({
        .operation =
            [&](const std::string& at) {
                auto daemon = start(at);
                if (daemon) (void)daemon->images->pull({.reference = reference});  // verified afterwards
            },
        .verify =
            [&](const std::string& at) {
                auto daemon = start(at);
                ASSERT_TRUE(daemon) << daemon.error().message();
                EXPECT_EQ(count(*daemon->snapshotter, snapshot::Kind::active), 0U);
                // What has a name is whole.
                auto images = daemon->images->list("default");
                for (auto& image : *images)
                    EXPECT_TRUE(daemon->images->is_unpacked(image));
                auto pulled = daemon->images->pull({.reference = reference});
                ASSERT_TRUE(pulled) << pulled.error().message();
                EXPECT_EQ(daemon->images->list("default")->size(), 1U);
                EXPECT_EQ(count(*daemon->snapshotter, snapshot::Kind::committed), 2U);
                EXPECT_TRUE(daemon->content->list_ingests("default")->empty());
            },
    });
}

TEST(FullDisk, a_pull_that_does_not_fit_is_told_and_leaves_nothing) {
    if (!posix::LoopDisk::is_available()) GTEST_SKIP() << "needs root, loop devices and mkfs.ext4";
    registry::FakeRegistry registry;
    MadeImage made;
    made.add({{"small", "1"}});
    // Compresses well: it fits as content, not unpacked.
    made.add({{"large", std::string(40'000'000, 'x')}});
    put(registry, "one", made);
    posix::LoopDisk disk(24);
    auto daemon = start(disk.path());
    ASSERT_TRUE(daemon) << daemon.error().message();
    auto pulled = daemon->images->pull({.reference = registry.reference("one")});
    ASSERT_FALSE(pulled.has_value());
    EXPECT_TRUE(pulled.error().is(ErrorKind::resource_exhausted)) << pulled.error().message();
    EXPECT_NE(pulled.error().message().find("No space left on device"), std::string::npos)
        << pulled.error().message();
    EXPECT_TRUE(daemon->images->list("default")->empty());
    EXPECT_EQ(count(*daemon->snapshotter, snapshot::Kind::active), 0U);
    EXPECT_TRUE(daemon->content->list_ingests("default")->empty());
}

}  // namespace
}  // namespace tare::transfer
