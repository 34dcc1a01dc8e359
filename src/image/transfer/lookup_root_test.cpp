#include "image/transfer/transfer_fixture_test.h"

namespace tare::transfer {
namespace {

class Lookup : public TransferTest {
  protected:
    void SetUp() override {
        TransferTest::SetUp();
        made_.add({{"a", "1"}});
        made_.add({{"b", std::string(5'000, 'b')}});
        put(registry_of_test_, "one", made_);
        ASSERT_TRUE(pull(registry_of_test_.reference("one")).has_value());
        name_ = registry_of_test_.reference("one").familiar();
    }
    std::string error(std::string_view name) {
        auto found = images_->resolve("default", name);
        return found ? "found" : found.error().message();
    }

    registry::FakeRegistry registry_of_test_;
    MadeImage made_;
    std::string name_;
};

TEST_F(Lookup, an_image_is_found_by_every_name_of_it) {
    auto id = made_.id().text();
    for (auto& name :
         {name_, id, id.substr(7), id.substr(0, 19), id.substr(7, 12), id.substr(7, 3),
          cat(registry_of_test_.server().host(), "/team/app@", sha256(made_.manifest()).text())}) {
        auto found = images_->resolve("default", name);
        ASSERT_TRUE(found.has_value()) << name << ": " << found.error().message();
        EXPECT_EQ(found->id(), made_.id());
    }
}

TEST_F(Lookup, what_is_not_there_is_told_as_docker_does) {
    EXPECT_EQ(error("nothing"), "No such image: nothing:latest");
    EXPECT_EQ(error("nothing:one"), "No such image: nothing:one");
    EXPECT_EQ(error(sha256("x").text()), cat("No such image: ", sha256("x").text()));
    EXPECT_TRUE(images_->resolve("default", "UPPER/case").error().is(ErrorKind::not_found));
    EXPECT_TRUE(images_->resolve("other", name_).error().is(ErrorKind::not_found));
}

TEST_F(Lookup, tags_are_names_of_the_same_image) {
    auto image = *images_->resolve("default", name_);
    ASSERT_TRUE(images_->tag("default", image, *oci::Reference::parse("mine:two")).has_value());
    auto listed = images_->list("default");
    ASSERT_EQ(listed->size(), 1U);
    EXPECT_EQ(listed->front().names.size(), 2U);
    EXPECT_EQ(images_->resolve("default", "mine:two")->id(), made_.id());
    ASSERT_TRUE(images_->untag("default", image.name).has_value());
    EXPECT_EQ(images_->list("default")->front().names,
              std::vector<std::string>{"docker.io/library/mine:two"});
    EXPECT_TRUE(images_->untag("default", image.name).error().is(ErrorKind::not_found));
}

TEST_F(Lookup, a_name_is_preferred_to_a_prefix_of_an_id) {
    auto image = *images_->resolve("default", name_);
    auto prefix = std::string(made_.id().hex().substr(0, 6));
    MadeImage other;
    other.add({{"other", "1"}});
    put(registry_of_test_, "other", other);
    ASSERT_TRUE(pull(registry_of_test_.reference("other")).has_value());
    auto second = *images_->resolve("default", registry_of_test_.reference("other").familiar());
    ASSERT_TRUE(images_->tag("default", second, *oci::Reference::parse(prefix)).has_value());
    EXPECT_EQ(images_->resolve("default", prefix)->id(), other.id());
}

TEST_F(Lookup, a_lost_snapshot_is_unpacked_again_from_content) {
    auto image = *images_->resolve("default", name_);
    auto chain = oci::chain_ids(image.config.diff_ids);
    ASSERT_TRUE(snapshotter_->remove(chain[1].text()).has_value());
    ASSERT_TRUE(snapshotter_->remove(chain[0].text()).has_value());
    EXPECT_FALSE(images_->is_unpacked(image));
    auto asked = registry_of_test_.server().requests().size();
    auto unpacked = images_->unpack("default", image);
    ASSERT_TRUE(unpacked.has_value()) << unpacked.error().message();
    EXPECT_EQ(*unpacked, chain[1]);
    EXPECT_EQ(file(image, "/a"), "1");
    EXPECT_EQ(registry_of_test_.server().requests().size(), asked);
}

TEST_F(Lookup, a_pull_repairs_an_image_that_lost_its_content) {
    auto image = *images_->resolve("default", name_);
    ASSERT_TRUE(snapshotter_->remove(image.chain_id.text()).has_value());
    ASSERT_TRUE(content_->remove("default", sha256(made_.layers[1].blob)).has_value());
    EXPECT_FALSE(images_->unpack("default", image).has_value());
    ASSERT_TRUE(pull(registry_of_test_.reference("one")).has_value());
    EXPECT_TRUE(images_->is_unpacked(image));
}

TEST_F(Lookup, history_shows_the_newest_step_first) {
    auto image = *images_->resolve("default", name_);
    image.config.history = {
        {.created_by = "ADD a"}, {.created_by = "CMD x", .empty_layer = true}, {.created_by = "ADD b"}};
    auto rows = images_->history("default", image);
    ASSERT_TRUE(rows.has_value());
    ASSERT_EQ(rows->size(), 3U);
    EXPECT_EQ((*rows)[0].entry.created_by, "ADD b");
    EXPECT_GE((*rows)[0].size_bytes, 5'000U);
    EXPECT_EQ((*rows)[1].size_bytes, 0U);
    image.config.history.clear();
    EXPECT_EQ(images_->history("default", image)->size(), 2U);
}

TEST_F(Lookup, a_pull_that_moves_a_tag_keeps_the_older_image_until_it_is_pruned) {
    auto newer = made_;
    newer.add({{"c", "3"}});
    put(registry_of_test_, "one", newer);
    ASSERT_TRUE(pull(registry_of_test_.reference("one")).has_value());
    EXPECT_EQ(images_->resolve("default", name_)->id(), newer.id());
    auto older = images_->resolve("default", made_.id().text());
    ASSERT_TRUE(older.has_value());
    ASSERT_EQ(older->names.size(), 1U);
    EXPECT_TRUE(is_dangling_name(older->names.front()));
    EXPECT_TRUE(older->repository_digests.empty());
}

}  // namespace
}  // namespace tare::transfer
