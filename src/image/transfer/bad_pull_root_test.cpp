// Pulls that go wrong: what is told, and that nothing of them is visible.

#include <random>
#include <thread>

#include "image/transfer/transfer_fixture_test.h"

namespace tare::transfer {
namespace {

using Reply = http::FakeServer::Reply;

/// Bytes that do not compress away.
std::string noise(std::size_t size) {
    std::minstd_rand random(7);
    std::string bytes(size, '\0');
    for (auto& byte : bytes)
        byte = static_cast<char>(random());
    return bytes;
}

MadeImage large_image() {
    MadeImage made;
    made.add({{"etc/", ""}, {"etc/name", "one"}});
    made.add({{"big", noise(3'000'000)}});
    return made;
}

class BadPull : public TransferTest {
  protected:
    void SetUp() override {
        TransferTest::SetUp();
        made_ = large_image();
        big_ = sha256(made_.layers[1].blob);
        put(registry_of_test_, "one", made_);
    }
    Error failure() {
        auto pulled = pull(registry_of_test_.reference("one"));
        EXPECT_FALSE(pulled.has_value());
        return pulled ? fail(ErrorKind::unknown, "") : pulled.error();
    }
    /// Nothing has a name, and nothing half unpacked is left.
    void expect_nothing_visible() {
        EXPECT_TRUE(images_->list("default")->empty());
        EXPECT_TRUE(images_->names().list("default")->empty());
        EXPECT_EQ(count(snapshot::Kind::active), 0U);
        EXPECT_EQ(count(snapshot::Kind::view), 0U);
        EXPECT_FALSE(has_blob(big_));
    }
    /// After the registry behaves again, the pull is whole.
    void expect_success() {
        registry_of_test_.set_hook({});
        auto pulled = pull(registry_of_test_.reference("one"));
        ASSERT_TRUE(pulled.has_value()) << pulled.error().message();
        auto image = images_->resolve("default", registry_of_test_.reference("one").familiar());
        ASSERT_TRUE(image.has_value());
        EXPECT_EQ(file(*image, "/etc/name"), "one");
    }

    registry::FakeRegistry registry_of_test_;
    MadeImage made_;
    Digest big_;
};

TEST_F(BadPull, a_corrupt_layer_is_never_visible) {
    std::string corrupt = made_.layers[1].blob;
    corrupt[corrupt.size() / 2] ^= 1;
    registry_of_test_.replace_blob(big_, corrupt);
    auto error = failure();
    EXPECT_TRUE(error.is(ErrorKind::data_loss));
    EXPECT_EQ(error.message(), cat("filesystem layer verification failed for digest ", big_.text()));
    expect_nothing_visible();
    EXPECT_TRUE(content_->list_ingests("default")->empty()) << "bytes that are wrong are not resumed from";
    registry_of_test_.replace_blob(big_, made_.layers[1].blob);
    expect_success();
}

TEST_F(BadPull, a_layer_that_is_no_archive_is_told_so) {
    made_.layers[1].blob = compressed(noise(100'000));
    big_ = sha256(made_.layers[1].blob);
    put(registry_of_test_, "one", made_);
    auto error = failure();
    EXPECT_TRUE(error.is(ErrorKind::invalid_argument)) << error.message();
    EXPECT_NE(error.message().find(big_.short_hex()), std::string::npos) << error.message();
    EXPECT_TRUE(images_->list("default")->empty());
    EXPECT_EQ(count(snapshot::Kind::active), 0U);
}

TEST_F(BadPull, im15_a_layer_of_another_diff_id_is_never_visible) {
    made_.layers[1].diff_id = sha256("another");
    put(registry_of_test_, "one", made_);
    auto error = failure();
    EXPECT_TRUE(error.is(ErrorKind::data_loss));
    EXPECT_NE(error.message().find("wrong diff id"), std::string::npos) << error.message();
    EXPECT_TRUE(images_->list("default")->empty());
    EXPECT_EQ(count(snapshot::Kind::active), 0U);
    EXPECT_LE(count(snapshot::Kind::committed), 1U);
}

TEST_F(BadPull, im15_layers_and_diff_ids_must_be_as_many) {
    auto config = made_.config();
    made_.layers.pop_back();
    auto manifest = made_.manifest();
    registry_of_test_.put_blob(config);
    auto lying = replace_all(manifest, sha256(made_.config()).text(), sha256(config).text());
    lying = replace_all(lying, cat("\"size\":", made_.config().size(), "}"),
                        cat("\"size\":", config.size(), "}"));
    registry_of_test_.put_document("one", lying, oci::media_type::oci_manifest);
    auto error = failure();
    EXPECT_TRUE(error.is(ErrorKind::data_loss)) << error.message();
    EXPECT_NE(error.message().find("has 1 layers, but its configuration names 2"), std::string::npos);
}

TEST_F(BadPull, a_layer_that_stays_truncated_is_told_and_taken_up_later) {
    std::string half = made_.layers[1].blob.substr(0, 2'000'000);
    registry_of_test_.set_hook([&](const http::FakeRequest& request) -> std::optional<Reply> {
        if (request.target.find(big_.text()) == std::string::npos) return std::nullopt;
        if (!request.header("range").empty()) return Reply{.bytes = "", .close = true};
        return Reply{.bytes = cat("HTTP/1.1 200 OK\r\nContent-Length: ", made_.layers[1].blob.size(),
                                  "\r\n\r\n", half),
                     .close = true};
    });
    auto error = failure();
    EXPECT_TRUE(error.is(ErrorKind::unavailable)) << error.message();
    expect_nothing_visible();
    ASSERT_EQ(content_->list_ingests("default")->size(), 1U);
    EXPECT_EQ(content_->list_ingests("default")->front().offset, 2'000'000U);
    expect_success();
    EXPECT_EQ(registry_of_test_.server().requests().back().header("range"), "bytes=2000000-");
}

TEST_F(BadPull, a_restart_of_the_daemon_resumes_what_was_fetched) {
    std::string half = made_.layers[1].blob.substr(0, 1'000'000);
    std::stop_source stop;
    registry_of_test_.set_hook([&](const http::FakeRequest& request) -> std::optional<Reply> {
        if (request.target.find(big_.text()) == std::string::npos) return std::nullopt;
        stop.request_stop();
        return Reply{.bytes = cat("HTTP/1.1 200 OK\r\nContent-Length: ", made_.layers[1].blob.size(),
                                  "\r\n\r\n", half),
                     .close = true};
    });
    auto pulled = pull(registry_of_test_.reference("one"), stop.get_token());
    ASSERT_FALSE(pulled.has_value());
    EXPECT_TRUE(pulled.error().is(ErrorKind::cancelled)) << pulled.error().message();
    expect_nothing_visible();
    // A cancel may come before the first byte; a second try, broken off, leaves some in any case.
    registry_of_test_.set_hook([&](const http::FakeRequest& request) -> std::optional<Reply> {
        if (request.target.find(big_.text()) == std::string::npos) return std::nullopt;
        if (!request.header("range").empty()) return Reply{.bytes = "", .close = true};
        return Reply{.bytes = cat("HTTP/1.1 200 OK\r\nContent-Length: ", made_.layers[1].blob.size(),
                                  "\r\n\r\n", half),
                     .close = true};
    });
    (void)failure();
    shut();
    open();
    expect_success();
    auto range = registry_of_test_.server().requests().back().header("range");
    EXPECT_TRUE(range.starts_with("bytes=")) << range;
    EXPECT_NE(range, "bytes=0-");
}

TEST_F(BadPull, what_a_kill_left_half_unpacked_is_removed_at_the_next_start) {
    ASSERT_TRUE(snapshotter_->prepare("extract-0123 sha256:x", "").has_value());
    ASSERT_TRUE(snapshotter_->prepare("default/container", "").has_value());
    shut();
    open();
    EXPECT_EQ(count(snapshot::Kind::active), 1U);
    EXPECT_TRUE(snapshotter_->stat("default/container").has_value());
}

TEST_F(BadPull, a_cancel_ends_a_pull_in_the_middle_of_its_layers) {
    std::stop_source stop;
    registry_of_test_.set_hook([&](const http::FakeRequest& request) -> std::optional<Reply> {
        if (request.target.find(big_.text()) == std::string::npos) return std::nullopt;
        stop.request_stop();
        std::this_thread::sleep_for(std::chrono::milliseconds(300));
        return std::nullopt;
    });
    auto started = std::chrono::steady_clock::now();
    auto pulled = pull(registry_of_test_.reference("one"), stop.get_token());
    ASSERT_FALSE(pulled.has_value());
    EXPECT_TRUE(pulled.error().is(ErrorKind::cancelled));
    EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(5));
    expect_nothing_visible();
    expect_success();
}

TEST_F(BadPull, a_missing_tag_and_a_missing_blob_are_told_in_docker_s_words) {
    auto missing = pull(registry_of_test_.reference("two"));
    ASSERT_FALSE(missing.has_value());
    EXPECT_EQ(missing.error().message(), cat("manifest for ", registry_of_test_.reference("two").familiar(),
                                             " not found: manifest unknown: manifest unknown"));
    registry_of_test_.remove_blob(big_);
    auto error = failure();
    EXPECT_TRUE(error.is(ErrorKind::not_found)) << error.message();
    EXPECT_NE(error.message().find("blob unknown"), std::string::npos) << error.message();
    expect_nothing_visible();
}

TEST_F(BadPull, an_artifact_is_no_image) {
    auto manifest =
        replace_all(made_.manifest(), oci::media_type::oci_config, "application/vnd.example.thing+json");
    registry_of_test_.put_document("one", manifest, oci::media_type::oci_manifest);
    auto error = failure();
    EXPECT_NE(error.message().find("is an artifact, not an image"), std::string::npos) << error.message();
}

TEST_F(BadPull, im7_an_index_of_indexes_ends) {
    std::string document = made_.manifest();
    std::string_view type = oci::media_type::oci_manifest;
    for (int i = 0; i < 5; ++i) {
        document = cat(R"({"schemaVersion":2,"mediaType":")", oci::media_type::oci_index,
                       R"(","manifests":[{"mediaType":")", type, R"(","digest":")", sha256(document).text(),
                       R"(","size":)", document.size(), "}]}");
        type = oci::media_type::oci_index;
        registry_of_test_.put_document("one", document, type);
    }
    auto error = failure();
    EXPECT_TRUE(error.is(ErrorKind::resource_exhausted)) << error.message();
}

TEST_F(BadPull, im1_urls_of_a_layer_are_not_followed) {
    http::FakeServer evil([](const http::FakeRequest&) { return http::FakeServer::answer(200, "x"); });
    auto with_urls = replace_all(made_.manifest(), cat("\"digest\":\"", big_.text(), "\""),
                                 cat("\"urls\":[\"", evil.url("/x"), "\"],\"digest\":\"", big_.text(), "\""));
    registry_of_test_.put_document("one", with_urls, oci::media_type::oci_manifest);
    registry_of_test_.remove_blob(big_);
    (void)failure();
    EXPECT_TRUE(evil.requests().empty());
}

}  // namespace
}  // namespace tare::transfer
