#include "image/transfer/transfer_fixture_test.h"

namespace tare::transfer {
namespace {

class Load : public TransferTest {
  protected:
    Result<std::vector<LoadedImage>> load(std::string_view archive) {
        layer::StringSource source(archive);
        return images_->load_archive(source, {});
    }
    ResolvedImage image(std::string_view name) {
        auto found = images_->resolve("default", name);
        EXPECT_TRUE(found.has_value()) << found.error().message();
        return found ? *found : ResolvedImage();
    }
};

MadeImage two_layers() {
    MadeImage made;
    made.add({{"a", "1"}, {"b", "1"}});
    made.add({{"b", "2"}});
    return made;
}

std::string hex(std::string_view bytes) {
    return std::string(sha256(bytes).hex());
}

/// As `docker save` wrote it before 25: layers as plain tars in directories of their own.
Files docker_archive(const MadeImage& made, std::string_view tags) {
    Files files;
    std::string paths;
    for (auto& layer : made.layers) {
        layer::StringSource compressed_source(layer.blob);
        layer::Decompressor plain(compressed_source);
        layer::StringSink tar;
        EXPECT_TRUE(layer::copy(plain, tar).has_value());
        std::string path = cat(layer.diff_id.hex(), "/layer.tar");
        files.emplace_back(path, tar.text());
        paths += cat(paths.empty() ? "" : ",", "\"", path, "\"");
    }
    files.emplace_back(cat(hex(made.config()), ".json"), made.config());
    files.emplace_back("manifest.json", cat(R"([{"Config":")", hex(made.config()), R"(.json","RepoTags":[)",
                                            tags, R"(],"Layers":[)", paths, "]}]"));
    return files;
}

Files oci_layout(const MadeImage& made, std::string_view annotations) {
    Files files{{"oci-layout", R"({"imageLayoutVersion":"1.0.0"})"}};
    for (auto& layer : made.layers)
        files.emplace_back(cat("blobs/sha256/", hex(layer.blob)), layer.blob);
    files.emplace_back(cat("blobs/sha256/", hex(made.config())), made.config());
    files.emplace_back(cat("blobs/sha256/", hex(made.manifest())), made.manifest());
    files.emplace_back("index.json",
                       cat(R"({"schemaVersion":2,"manifests":[{"mediaType":")", oci::media_type::oci_manifest,
                           R"(","digest":")", sha256(made.manifest()).text(), R"(","size":)",
                           made.manifest().size(), R"(,"annotations":{)", annotations, "}}]}"));
    return files;
}

TEST_F(Load, an_archive_of_docker_save_becomes_an_image) {
    auto made = two_layers();
    auto loaded = load(tar_of(docker_archive(made, R"("app:one","other.test/app:two")")));
    ASSERT_TRUE(loaded.has_value()) << loaded.error().message();
    ASSERT_EQ(loaded->size(), 2U);
    EXPECT_EQ((*loaded)[0].name, "app:one");
    EXPECT_EQ((*loaded)[0].config, made.id());
    EXPECT_EQ(file(image("app:one"), "/b"), "2");
    EXPECT_EQ(image("other.test/app:two").id(), made.id());
    EXPECT_EQ(image("app:one").names.size(), 2U);
}

TEST_F(Load, a_compressed_oci_layout_becomes_an_image) {
    auto made = two_layers();
    auto archive = tar_of(oci_layout(made, R"("io.containerd.image.name":"docker.io/library/app:one")"));
    auto loaded = load(compressed(archive));
    ASSERT_TRUE(loaded.has_value()) << loaded.error().message();
    ASSERT_EQ(loaded->size(), 1U);
    EXPECT_EQ((*loaded)[0].name, "app:one");
    EXPECT_EQ(file(image("app:one"), "/a"), "1");
}

TEST_F(Load, an_image_without_a_name_is_found_by_its_id) {
    auto made = two_layers();
    auto loaded = load(tar_of(oci_layout(made, R"("org.opencontainers.image.ref.name":"latest")")));
    ASSERT_TRUE(loaded.has_value()) << loaded.error().message();
    EXPECT_EQ((*loaded)[0].name, "");
    EXPECT_EQ(image(made.id().short_hex()).id(), made.id());
    EXPECT_TRUE(is_dangling_name(image(made.id().text()).names.front()));
}

TEST_F(Load, an_image_that_loses_its_name_stays_until_it_is_pruned) {
    auto before = two_layers();
    auto after = two_layers();
    after.add({{"c", "3"}});
    ASSERT_TRUE(load(tar_of(docker_archive(before, R"("app:one")"))).has_value());
    ASSERT_TRUE(load(tar_of(docker_archive(after, R"("app:one")"))).has_value());
    EXPECT_EQ(image("app:one").id(), after.id());
    EXPECT_TRUE(is_dangling_name(image(before.id().text()).names.front()));
    EXPECT_EQ(images_->list("default")->size(), 2U);
}

TEST_F(Load, loading_twice_changes_nothing) {
    auto archive = tar_of(docker_archive(two_layers(), R"("app:one")"));
    ASSERT_TRUE(load(archive).has_value());
    auto directories_before = directories();
    ASSERT_TRUE(load(archive).has_value());
    EXPECT_EQ(directories(), directories_before);
    EXPECT_EQ(images_->list("default")->size(), 1U);
}

TEST_F(Load, security_im6_a_blob_that_is_not_what_its_name_says_is_refused) {
    auto files = oci_layout(two_layers(), "");
    files[1].second += "x";
    auto loaded = load(tar_of(files));
    ASSERT_FALSE(loaded.has_value());
    EXPECT_TRUE(loaded.error().is(ErrorKind::data_loss)) << loaded.error().message();
    EXPECT_TRUE(images_->list("default")->empty());
    EXPECT_EQ(count(snapshot::Kind::active), 0U);
}

TEST_F(Load, an_archive_that_lacks_a_layer_is_refused) {
    auto files = docker_archive(two_layers(), R"("app:one")");
    files.erase(files.begin());
    auto loaded = load(tar_of(files));
    ASSERT_FALSE(loaded.has_value());
    EXPECT_NE(loaded.error().message().find("the archive has no file"), std::string::npos);
    EXPECT_TRUE(images_->list("default")->empty());
}

TEST_F(Load, something_else_than_an_image_is_told_apart) {
    auto loaded = load(tar_of({{"etc/passwd", "root"}}));
    ASSERT_FALSE(loaded.has_value());
    EXPECT_NE(loaded.error().message().find("neither one of 'docker save' nor an OCI layout"),
              std::string::npos);
    EXPECT_FALSE(load("not a tar at all").has_value());
}

TEST_F(Load, security_im8_paths_that_leave_the_archive_are_refused) {
    auto made = two_layers();
    auto files = docker_archive(made, R"("app:one")");
    files.emplace_back("../../etc/evil", "x");
    EXPECT_FALSE(load(tar_of(files)).has_value());
}

}  // namespace
}  // namespace tare::transfer
