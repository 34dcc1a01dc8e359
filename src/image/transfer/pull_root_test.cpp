// Pulls into real content and snapshots, from a scripted registry.

#include <algorithm>
#include <thread>

#include "image/transfer/transfer_fixture_test.h"

namespace tare::transfer {
namespace {

using testing::Test;

MadeImage three_layers() {
    MadeImage image;
    image.add({{"etc/", ""}, {"etc/name", "one"}, {"etc/gone", "x"}, {"bin/", ""}, {"bin/true", "#!"}});
    image.add({{"etc/", ""}, {"etc/name", "two"}, {"etc/.wh.gone", ""}}, layer::Codec::zstd);
    image.add({{"srv/data/file", std::string(100'000, 'd')}}, layer::Codec::none);
    return image;
}

class Pull : public TransferTest {};

TEST_F(Pull, an_image_is_fetched_unpacked_and_named) {
    registry::FakeRegistry registry;
    auto made = three_layers();
    put(registry, "one", made);
    auto pulled = pull(registry.reference("one"));
    ASSERT_TRUE(pulled.has_value()) << pulled.error().message();
    EXPECT_EQ(pulled->config, made.id());
    EXPECT_FALSE(pulled->was_up_to_date);

    auto image = images_->resolve("default", registry.reference("one").familiar());
    ASSERT_TRUE(image.has_value()) << image.error().message();
    EXPECT_EQ(image->id(), made.id());
    EXPECT_EQ(image->config.config.cmd, std::vector<std::string>{"/bin/true"});
    EXPECT_GT(image->size_bytes, 100'000U);
    EXPECT_EQ(file(*image, "/etc/name"), "two");
    EXPECT_EQ(file(*image, "/etc/gone"), "(not found)");
    EXPECT_EQ(file(*image, "/bin/true"), "#!");
    EXPECT_EQ(file(*image, "/srv/data/file").size(), 100'000U);
    EXPECT_EQ(count(snapshot::Kind::active), 0U);
    EXPECT_EQ(count(snapshot::Kind::committed), 3U);
}

TEST_F(Pull, progress_is_told_in_docker_s_words) {
    registry::FakeRegistry registry;
    auto made = three_layers();
    put(registry, "one", made);
    ASSERT_TRUE(pull(registry.reference("one")).has_value());
    EXPECT_EQ(lines_.of("one"), std::vector<std::string>{"Pulling from team/app"});
    auto states = lines_.of(sha256(made.layers[0].blob).short_hex());
    // Unpacking goes on beside the download, and may be told of at any moment of it.
    std::erase(states, "Extracting");
    ASSERT_GE(states.size(), 5U);
    EXPECT_EQ(states.front(), "Pulling fs layer");
    EXPECT_EQ(states[1], "Downloading");
    EXPECT_EQ(states[2], "Verifying Checksum");
    EXPECT_EQ(states.back(), "Pull complete");
    EXPECT_EQ(lines_.of("").back(),
              cat("Status: Downloaded newer image for ", registry.reference("one").familiar()));
    ASSERT_TRUE(pull(registry.reference("one")).has_value());
    EXPECT_EQ(lines_.of("").back(),
              cat("Status: Image is up to date for ", registry.reference("one").familiar()));
}

TEST_F(Pull, layers_that_are_there_are_not_fetched_again) {
    registry::FakeRegistry registry;
    auto made = three_layers();
    put(registry, "one", made);
    ASSERT_TRUE(pull(registry.reference("one")).has_value());
    auto more = made;
    more.add({{"new", "layer"}});
    put(registry, "two", more);
    ASSERT_TRUE(pull(registry.reference("two")).has_value());
    EXPECT_EQ(registry.count(sha256(made.layers[0].blob).text()), 1U);
    EXPECT_EQ(lines_.of(sha256(made.layers[0].blob).short_hex()).back(), "Already exists");
    auto image = images_->resolve("default", registry.reference("two").familiar());
    EXPECT_EQ(file(*image, "/new"), "layer");
    EXPECT_EQ(file(*image, "/etc/name"), "two");
}

TEST_F(Pull, all_tags_of_a_repository_are_fetched_one_after_another) {
    registry::FakeRegistry registry;
    put(registry, "one", three_layers());
    auto more = three_layers();
    more.add({{"new", "layer"}});
    put(registry, "two", more);
    registry.set_hook([](const http::FakeRequest& request) -> std::optional<http::FakeServer::Reply> {
        if (request.target.find("/tags/list") == std::string::npos) return std::nullopt;
        return http::FakeServer::answer(200, R"({"tags":["one","two"]})");
    });
    auto pulled = images_->pull_all_tags({.reference = registry.reference("none"), .progress = &lines_});
    ASSERT_TRUE(pulled.has_value()) << pulled.error().message();
    EXPECT_EQ(pulled->size(), 2U);
    EXPECT_TRUE(images_->resolve("default", registry.reference("one").familiar()).has_value());
    EXPECT_TRUE(images_->resolve("default", registry.reference("two").familiar()).has_value());
    auto last = lines_.of("");
    EXPECT_EQ(last.back(),
              cat("Status: Downloaded newer image for ", registry.reference("one").familiar_repository()));
    EXPECT_EQ(std::ranges::count_if(last, [](auto& line) { return line.starts_with("Status:"); }), 1);
}

TEST_F(Pull, the_same_layer_twice_in_an_image_is_fetched_once) {
    registry::FakeRegistry registry;
    MadeImage made;
    made.add({{"a", "1"}});
    made.add({{"b", "2"}});
    made.layers.push_back(made.layers[0]);
    put(registry, "one", made);
    auto pulled = pull(registry.reference("one"));
    ASSERT_TRUE(pulled.has_value()) << pulled.error().message();
    EXPECT_EQ(registry.count(sha256(made.layers[0].blob).text()), 1U);
    EXPECT_EQ(count(snapshot::Kind::committed), 3U);
}

TEST_F(Pull, many_pulls_of_one_image_share_its_downloads) {
    registry::FakeRegistry registry;
    auto made = three_layers();
    put(registry, "one", made);
    std::atomic<int> failures = 0;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 6; ++i)
            threads.emplace_back([&] {
                auto pulled = images_->pull({.reference = registry.reference("one")});
                if (!pulled) ++failures;
                EXPECT_TRUE(pulled.has_value()) << pulled.error().message();
            });
    }
    EXPECT_EQ(failures, 0);
    for (auto& layer : made.layers)
        EXPECT_EQ(registry.count(sha256(layer.blob).text()), 1U);
    EXPECT_EQ(count(snapshot::Kind::active), 0U);
    EXPECT_EQ(count(snapshot::Kind::committed), 3U);
}

TEST_F(Pull, the_manifest_of_the_platform_is_chosen) {
    registry::FakeRegistry registry;
    MadeImage here;
    here.add({{"here", "1"}});
    MadeImage there;
    there.platform = *oci::parse_platform("linux/s390x");
    there.add({{"there", "1"}});
    put_index(registry, "one", {there, here});
    auto pulled = pull(registry.reference("one"));
    ASSERT_TRUE(pulled.has_value()) << pulled.error().message();
    EXPECT_EQ(pulled->config, here.id());
    EXPECT_EQ(pulled->target.digest, sha256(index_of({there, here})));
    EXPECT_FALSE(has_blob(sha256(there.manifest())));

    auto other = images_->pull({.reference = registry.reference("one"), .platform = there.platform});
    ASSERT_TRUE(other.has_value()) << other.error().message();
    EXPECT_EQ(other->config, there.id());
    EXPECT_EQ(images_->resolve("default", registry.reference("one").familiar())->id(), there.id());

    auto none = images_->pull(
        {.reference = registry.reference("one"), .platform = *oci::parse_platform("linux/riscv64")});
    ASSERT_FALSE(none.has_value());
    EXPECT_EQ(none.error().message(), "no matching manifest for linux/riscv64 in the manifest list entries");
}

TEST_F(Pull, an_image_of_another_platform_is_refused_if_one_was_asked_for) {
    registry::FakeRegistry registry;
    MadeImage there;
    there.platform = *oci::parse_platform("linux/s390x");
    there.add({{"there", "1"}});
    put(registry, "one", there);
    EXPECT_TRUE(pull(registry.reference("one")).has_value());
    auto explicitly =
        images_->pull({.ns = "other", .reference = registry.reference("one"), .is_platform_explicit = true});
    ASSERT_FALSE(explicitly.has_value());
    EXPECT_NE(explicitly.error().message().find("does not match the specified platform"), std::string::npos);
}

TEST_F(Pull, docker_s_own_manifests_are_pulled_too) {
    registry::FakeRegistry registry;
    auto made = three_layers();
    made.is_docker = true;
    put(registry, "one", made);
    auto pulled = pull(registry.reference("one"));
    ASSERT_TRUE(pulled.has_value()) << pulled.error().message();
    EXPECT_EQ(pulled->target.media_type, oci::media_type::docker_manifest);
}

TEST_F(Pull, a_digest_is_pulled_and_found_by_it) {
    registry::FakeRegistry registry;
    auto made = three_layers();
    put(registry, "one", made);
    auto reference = registry.reference("one").with_digest(sha256(made.manifest()));
    auto pulled = pull(reference);
    ASSERT_TRUE(pulled.has_value()) << pulled.error().message();
    EXPECT_EQ(lines_.of(reference.text()), std::vector<std::string>{"Pulling from team/app"});
    auto image = images_->resolve("default", reference.familiar());
    ASSERT_TRUE(image.has_value());
    EXPECT_EQ(image->repository_digests, std::vector{reference.text()});
    auto other = reference.with_digest(sha256("x"));
    EXPECT_FALSE(pull(other).has_value());
}

TEST_F(Pull, the_collector_s_labels_tie_an_image_together) {
    registry::FakeRegistry registry;
    auto made = three_layers();
    put_index(registry, "one", {made});
    ASSERT_TRUE(pull(registry.reference("one")).has_value());
    auto index = content_->info("default", sha256(index_of({made})))->labels;
    EXPECT_EQ(index["containerd.io/gc.ref.content.m.0"], sha256(made.manifest()).text());
    auto manifest = content_->info("default", sha256(made.manifest()))->labels;
    EXPECT_EQ(manifest["containerd.io/gc.ref.content.config"], made.id().text());
    EXPECT_EQ(manifest["containerd.io/gc.ref.content.l.2"], sha256(made.layers[2].blob).text());
    auto config = content_->info("default", made.id())->labels;
    EXPECT_EQ(config["containerd.io/gc.ref.snapshot.overlayfs"],
              images_->resolve("default", made.id().text())->chain_id.text());
    auto layer = content_->info("default", sha256(made.layers[0].blob))->labels;
    EXPECT_EQ(layer["containerd.io/uncompressed"], made.layers[0].diff_id.text());
    EXPECT_EQ(layer[cat("containerd.io/distribution.source.", registry.server().host())], "team/app");
}

TEST_F(Pull, implied_directories_look_like_those_below) {
    registry::FakeRegistry registry;
    MadeImage made;
    layer::StringSink sink;
    layer::TarWriter writer(sink);
    ASSERT_TRUE(writer.add({.type = layer::TarType::directory, .path = "priv", .permissions = 0700, .uid = 7})
                    .has_value());
    ASSERT_TRUE(writer.finish().has_value());
    made.layers.push_back({.blob = compressed(sink.text()), .diff_id = sha256(sink.text())});
    made.add({{"priv/file", "x"}});
    put(registry, "one", made);
    ASSERT_TRUE(pull(registry.reference("one")).has_value());
    auto more = made;
    more.add({{"priv/other", "x"}});
    put(registry, "two", more);
    ASSERT_TRUE(pull(registry.reference("two")).has_value());
    for (auto tag : {"one", "two"}) {
        auto image = images_->resolve("default", registry.reference(tag).familiar());
        ASSERT_TRUE(snapshotter_->view("look", image->chain_id.text()).has_value());
        auto trees = snapshotter_->open_trees("look");
        auto status = posix::status_at(trees->upper.get(), "priv");
        EXPECT_EQ((*status)->permissions, 0700U) << tag;
        EXPECT_EQ((*status)->uid, 7U) << tag;
        trees = fail(ErrorKind::unknown, "");
        ASSERT_TRUE(snapshotter_->remove("look").has_value());
    }
    EXPECT_EQ(count(snapshot::Kind::view), 0U);
}

class NativePull : public TransferTest {
    Result<std::unique_ptr<snapshot::Snapshotter>> open_snapshotter() override {
        return snapshot::open_native(root_ + "/snapshots", *database_);
    }
};

TEST_F(NativePull, full_copies_grow_layer_by_layer) {
    registry::FakeRegistry registry;
    auto made = three_layers();
    put(registry, "one", made);
    auto pulled = pull(registry.reference("one"));
    ASSERT_TRUE(pulled.has_value()) << pulled.error().message();
    auto image = images_->resolve("default", registry.reference("one").familiar());
    ASSERT_TRUE(image.has_value());
    EXPECT_EQ(file(*image, "/etc/name"), "two");
    EXPECT_EQ(file(*image, "/etc/gone"), "(not found)");
    EXPECT_EQ(count(snapshot::Kind::active), 0U);
}

}  // namespace
}  // namespace tare::transfer
