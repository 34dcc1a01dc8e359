#include "engine/lease/leases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/sha256.h"
#include "posix/crash_suite.h"

namespace tare::lease {
namespace {

using ::testing::ElementsAre;

class LeasesTest : public ::testing::Test {
  protected:
    posix::TemporaryDirectory place;
    std::unique_ptr<store::Database> database = std::move(*store::Database::open(place / "tare.db"));
    Leases leases{*database};
    Resource content{store::ResourceKind::content, sha256("x").text()};
    Resource snapshot{store::ResourceKind::snapshot, "overlayfs/key/with/slashes"};
};

TEST_F(LeasesTest, one_is_created_listed_and_removed) {
    auto lease = leases.create("default", "mine", {{"k", "v"}});
    ASSERT_TRUE(lease) << lease.error().message();
    EXPECT_EQ(leases.get("default", "mine")->labels.at("k"), "v");
    EXPECT_EQ(leases.get("default", "mine")->created, lease->created);
    EXPECT_EQ(leases.list("default")->size(), 1U);
    EXPECT_TRUE(leases.list("other")->empty());
    EXPECT_TRUE(leases.create("default", "mine").error().is(ErrorKind::already_exists));
    EXPECT_TRUE(leases.create("other", "mine"));
    ASSERT_TRUE(leases.remove("default", "mine"));
    EXPECT_TRUE(leases.remove("default", "mine").error().is(ErrorKind::not_found));
    EXPECT_TRUE(leases.get("default", "mine").error().is(ErrorKind::not_found));
}

TEST_F(LeasesTest, an_empty_id_gets_a_random_one) {
    EXPECT_NE(leases.create("default", "")->id, leases.create("default", "")->id);
}

TEST_F(LeasesTest, an_expiry_label_becomes_a_time) {
    auto lease = leases.create("default", "a", {{std::string(kExpireLabel), "2001-01-01T00:00:00Z"}});
    ASSERT_TRUE(lease->expires);
    EXPECT_TRUE(leases.get("default", "a")->has_expired(now()));
    EXPECT_FALSE(leases.create("default", "b")->has_expired(now()));
    EXPECT_TRUE(leases.create("default", "c", {{std::string(kExpireLabel), "soon"}})
                    .error()
                    .is(ErrorKind::invalid_argument));
}

TEST_F(LeasesTest, resources_are_added_and_deleted_any_number_of_times) {
    ASSERT_TRUE(leases.create("default", "a"));
    for (int n = 0; n < 2; ++n) {
        ASSERT_TRUE(leases.add_resource("default", "a", content));
        ASSERT_TRUE(leases.add_resource("default", "a", snapshot));
    }
    EXPECT_THAT(*leases.list_resources("default", "a"), ElementsAre(content, snapshot));
    for (int n = 0; n < 2; ++n)
        ASSERT_TRUE(leases.delete_resource("default", "a", content));
    EXPECT_THAT(*leases.list_resources("default", "a"), ElementsAre(snapshot));
    EXPECT_TRUE(leases.add_resource("default", "b", content).error().is(ErrorKind::not_found));
    EXPECT_TRUE(leases.list_resources("default", "b").error().is(ErrorKind::not_found));
}

TEST_F(LeasesTest, resources_have_containerds_types) {
    for (const auto& [type, id] :
         std::vector<std::pair<std::string, std::string>>{{"content", content.id},
                                                          {"ingests", "ref"},
                                                          {"images", "a:b"},
                                                          {"snapshots/overlayfs", "k/e/y"}}) {
        auto resource = parse_resource(type, id);
        ASSERT_TRUE(resource) << resource.error().message();
        EXPECT_EQ(describe(*resource), std::pair(type, id));
    }
    EXPECT_EQ(*parse_resource("snapshots/overlayfs", "key/with/slashes"), snapshot);
    for (const char* type : {"", "content ", "snapshots", "snapshots/", "snapshots/a/b", "volumes"})
        EXPECT_TRUE(parse_resource(type, content.id).error().is(ErrorKind::invalid_argument)) << type;
    EXPECT_FALSE(parse_resource("content", "sha256:../../x"));
    EXPECT_FALSE(parse_resource("ingests", ""));
}

TEST_F(LeasesTest, bad_ids_labels_and_namespaces_are_refused) {
    EXPECT_TRUE(leases.create("default", std::string(300, 'x')).error().is(ErrorKind::invalid_argument));
    EXPECT_TRUE(leases.create("../x", "a").error().is(ErrorKind::invalid_argument));
    EXPECT_TRUE(leases.create("default", "a", {{"", "v"}}).error().is(ErrorKind::invalid_argument));
}

}  // namespace
}  // namespace tare::lease
