#include "image/transfer/image_store.h"

#include <cstdlib>

#include <gtest/gtest.h>

#include "base/sha256.h"
#include "posix/file.h"
#include "store/database.h"

namespace tare::transfer {
namespace {

class ImageRows : public testing::Test {
  protected:
    ~ImageRows() override {
        database_.reset();
        (void)posix::remove_tree(directory_);
    }
    static Image image(std::string_view name, std::string_view content) {
        return {.name = std::string(name),
                .target = {.media_type = std::string(oci::media_type::oci_manifest),
                           .digest = sha256(content),
                           .size_bytes = 7,
                           .annotations = {{"a", "1"}}},
                .labels = {{"k", "v"}}};
    }

    static std::string make_directory() {
        char name[] = "/tmp/tare-images-XXXXXX";
        return ::mkdtemp(name);
    }

    std::string directory_ = make_directory();
    std::unique_ptr<store::Database> database_ = std::move(*store::Database::open(directory_ + "/tare.db"));
    ImageStore images_{*database_};
};

TEST_F(ImageRows, what_is_created_is_read_back) {
    auto created = images_.create("default", image("a", "x"));
    ASSERT_TRUE(created.has_value()) << created.error().message();
    auto got = images_.get("default", "a");
    ASSERT_TRUE(got.has_value()) << got.error().message();
    EXPECT_EQ(got->target.digest, sha256("x"));
    EXPECT_EQ(got->target.size_bytes, 7U);
    EXPECT_EQ(got->target.annotations.front().second, "1");
    EXPECT_EQ(got->labels.at("k"), "v");
    EXPECT_EQ(got->created, created->created);
}

TEST_F(ImageRows, a_name_is_taken_once_in_a_namespace) {
    ASSERT_TRUE(images_.create("default", image("a", "x")).has_value());
    EXPECT_TRUE(images_.create("default", image("a", "y")).error().is(ErrorKind::already_exists));
    EXPECT_TRUE(images_.create("k8s.io", image("a", "y")).has_value());
    EXPECT_EQ(images_.get("default", "a")->target.digest, sha256("x"));
}

TEST_F(ImageRows, a_name_moves_and_keeps_its_age) {
    auto created = *images_.create("default", image("a", "x"));
    auto moved = images_.put("default", image("a", "y"));
    ASSERT_TRUE(moved.has_value());
    EXPECT_EQ(moved->target.digest, sha256("y"));
    EXPECT_EQ(moved->created, created.created);
    EXPECT_GE(moved->updated, created.updated);
}

TEST_F(ImageRows, names_are_listed_in_order_and_by_target) {
    for (auto name : {"c", "a", "b"})
        ASSERT_TRUE(images_.put("default", image(name, name == std::string("b") ? "y" : "x")).has_value());
    auto all = images_.list("default");
    ASSERT_EQ(all->size(), 3U);
    EXPECT_EQ((*all)[0].name, "a");
    EXPECT_EQ(images_.list_by_target("default", sha256("x"))->size(), 2U);
    EXPECT_TRUE(images_.list("other")->empty());
}

TEST_F(ImageRows, what_is_not_there_is_not_found) {
    EXPECT_TRUE(images_.get("default", "a").error().is(ErrorKind::not_found));
    EXPECT_TRUE(images_.remove("default", "a").error().is(ErrorKind::not_found));
    ASSERT_TRUE(images_.put("default", image("a", "x")).has_value());
    ASSERT_TRUE(images_.remove("default", "a").has_value());
    EXPECT_TRUE(images_.get("default", "a").error().is(ErrorKind::not_found));
}

TEST_F(ImageRows, rows_without_name_digest_or_namespace_are_refused) {
    EXPECT_FALSE(images_.put("default", image("", "x")).has_value());
    EXPECT_FALSE(images_.put("de/fault", image("a", "x")).has_value());
    auto nothing = image("a", "x");
    nothing.target.digest = {};
    EXPECT_FALSE(images_.put("default", nothing).has_value());
}

}  // namespace
}  // namespace tare::transfer
