#include "engine/gc/labels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tare::gc {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<Node> to(const std::string& key, const std::string& value) {
    return read_labels("ns", {{key, value}}).to;
}

TEST(GcLabels, references_name_content_images_and_snapshots) {
    EXPECT_THAT(to("containerd.io/gc.ref.content", "d"), ElementsAre(Node{Kind::content, "ns", "d"}));
    EXPECT_THAT(to("containerd.io/gc.ref.content.0", "d"), ElementsAre(Node{Kind::content, "ns", "d"}));
    EXPECT_THAT(to("containerd.io/gc.ref.content.config", "d"), ElementsAre(Node{Kind::content, "ns", "d"}));
    EXPECT_THAT(to("containerd.io/gc.ref.content/l", "d"), ElementsAre(Node{Kind::content, "ns", "d"}));
    EXPECT_THAT(to("containerd.io/gc.ref.image.base", "a:b"), ElementsAre(Node{Kind::image, "ns", "a:b"}));
    EXPECT_THAT(to("containerd.io/gc.ref.snapshot.overlayfs", "k/e/y"),
                ElementsAre(Node{Kind::snapshot, "", "overlayfs/k/e/y"}));
    EXPECT_THAT(to("containerd.io/gc.ref.snapshot.overlayfs/1", "key"),
                ElementsAre(Node{Kind::snapshot, "", "overlayfs/key"}));
}

TEST(GcLabels, what_only_looks_alike_means_nothing) {
    for (const char* key : {"containerd.io/gc.ref.contents", "containerd.io/gc.ref.snapshot",
                            "containerd.io/gc.ref.", "containerd.io/gc.ref.snapshot.", "gc.ref.content",
                            "containerd.io/gc.ref.volume.x", "x.containerd.io/gc.ref.content"})
        EXPECT_THAT(to(key, "d"), IsEmpty()) << key;
}

TEST(GcLabels, back_references_say_what_keeps_their_bearer) {
    auto meaning = read_labels("ns", {{"containerd.io/gc.bref.container", "c1"},
                                      {"containerd.io/gc.bref.content.x", "d"},
                                      {"containerd.io/gc.bref.snapshot.native", "k"}});
    EXPECT_THAT(meaning.to, IsEmpty());
    EXPECT_THAT(meaning.from, ElementsAre(Node{Kind::container, "ns", "c1"}, Node{Kind::content, "ns", "d"},
                                          Node{Kind::snapshot, "", "native/k"}));
}

TEST(GcLabels, root_flat_and_expire) {
    auto meaning = read_labels("ns", {{"containerd.io/gc.root", ""},
                                      {"containerd.io/gc.flat", "yes"},
                                      {"containerd.io/gc.expire", "1970-01-01T00:00:05Z"}});
    EXPECT_TRUE(meaning.is_root);
    EXPECT_TRUE(meaning.is_flat);
    EXPECT_EQ(meaning.expires, Time(std::chrono::seconds(5)));
    EXPECT_FALSE(read_labels("ns", {{"containerd.io/gc.expire", "soon"}}).expires);
}

}  // namespace
}  // namespace tare::gc
