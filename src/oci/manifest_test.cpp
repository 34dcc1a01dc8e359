#include "oci/manifest.h"

#include <gtest/gtest.h>

namespace tare::oci {
namespace {

std::string digest(char fill) {
    return "sha256:" + std::string(64, fill);
}

std::string descriptor(std::string_view type, char fill, std::string_view more = "") {
    return cat(R"({"mediaType":")", type, R"(","digest":")", digest(fill), R"(","size":7)", more, "}");
}

std::string manifest_text(std::string_view more = "") {
    return cat(R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":)",
               descriptor(media_type::oci_config, 'a'), R"(,"layers":[)",
               descriptor(media_type::oci_layer_gzip, 'b'), "]", more, "}");
}

std::string platform(std::string_view os, std::string_view architecture, std::string_view variant = "") {
    return cat(R"(,"platform":{"os":")", os, R"(","architecture":")", architecture, R"(","variant":")",
               variant, R"("})");
}

std::string index_text() {
    return cat(R"({"schemaVersion":2,"manifests":[)",
               descriptor(media_type::oci_manifest, '1', platform("linux", "amd64")), ",",
               descriptor(media_type::oci_manifest, '2', platform("linux", "arm", "v6")), ",",
               descriptor(media_type::oci_manifest, '3', platform("linux", "arm64", "v8")), "]}");
}

TEST(Manifest, what_is_read_is_written_again) {
    auto manifest = parse_manifest(manifest_text(), media_type::oci_manifest);
    ASSERT_TRUE(manifest.has_value()) << manifest.error().message();
    EXPECT_EQ(dump(to_json(*manifest)), manifest_text());
    EXPECT_EQ(manifest->layers.front().size_bytes, 7U);
}

TEST(Manifest, the_served_type_and_the_document_s_own_must_agree) {
    auto manifest = parse_manifest(manifest_text(), media_type::docker_manifest);
    ASSERT_FALSE(manifest.has_value());
    EXPECT_NE(manifest.error().message().find("was served as"), std::string::npos);
}

TEST(Security, im_a_document_that_is_manifest_and_index_at_once_is_refused) {
    EXPECT_FALSE(parse_manifest(manifest_text(R"(,"manifests":[])"), "").has_value());
    EXPECT_FALSE(media_type_of(manifest_text(R"(,"manifests":[])"), media_type::oci_index).has_value());
    EXPECT_FALSE(parse_index(manifest_text(), "").has_value());
    EXPECT_FALSE(parse_manifest(index_text(), "").has_value());
}

TEST(Manifest, an_index_served_as_a_manifest_is_refused) {
    EXPECT_FALSE(parse_manifest(index_text(), media_type::oci_manifest).has_value());
    EXPECT_FALSE(parse_index(index_text(), media_type::oci_manifest).has_value());
}

TEST(Manifest, schema_1_is_refused_with_a_way_out) {
    auto manifest = parse_manifest(R"({"schemaVersion":1,"name":"x"})", "");
    ASSERT_FALSE(manifest.has_value());
    EXPECT_FALSE(manifest.error().hint().empty());
}

TEST(Manifest, a_digest_or_size_that_is_missing_or_malformed_is_refused) {
    for (auto bad : {R"({"mediaType":"x","size":1})", R"({"mediaType":"x","digest":"sha256:aa","size":1})",
                     R"({"mediaType":"x","digest":"md5:aa","size":1})"}) {
        auto text = cat(R"({"schemaVersion":2,"config":)", bad, R"(,"layers":[]})");
        EXPECT_FALSE(parse_manifest(text, "").has_value()) << bad;
    }
    auto negative = cat(R"({"schemaVersion":2,"config":{"mediaType":"x","digest":")", digest('a'),
                        R"(","size":-1},"layers":[]})");
    EXPECT_FALSE(parse_manifest(negative, "").has_value());
}

TEST(Manifest, too_many_layers_are_refused) {
    std::string layers;
    for (int i = 0; i < 1025; ++i)
        layers += cat(i == 0 ? "" : ",", descriptor(media_type::oci_layer, 'c'));
    auto text = cat(R"({"schemaVersion":2,"config":)", descriptor(media_type::oci_config, 'a'),
                    R"(,"layers":[)", layers, "]}");
    auto manifest = parse_manifest(text, "");
    ASSERT_FALSE(manifest.has_value());
    EXPECT_TRUE(manifest.error().is(ErrorKind::resource_exhausted));
}

std::string chosen(std::string_view platform_text) {
    auto index = parse_index(index_text(), "");
    EXPECT_TRUE(index.has_value()) << index.error().message();
    auto entry = choose(*index, *parse_platform(platform_text));
    return entry ? entry->digest.text().substr(7, 1) : entry.error().hint();
}

TEST(Index, the_entry_of_the_platform_is_chosen) {
    EXPECT_EQ(chosen("linux/amd64"), "1");
    EXPECT_EQ(chosen("linux/x86_64"), "1");
    EXPECT_EQ(chosen("linux/arm64/v8"), "3");
    EXPECT_EQ(chosen("linux/aarch64"), "3");
}

TEST(Index, an_older_arm_variant_runs_on_a_newer_machine) {
    EXPECT_EQ(chosen("linux/arm/v7"), "2");
}

TEST(Index, a_platform_that_is_not_there_names_those_that_are) {
    EXPECT_EQ(chosen("linux/s390x"), "there is: linux/amd64, linux/arm/v6, linux/arm64");
}

TEST(Platform, one_word_is_completed_by_the_host) {
    EXPECT_EQ(parse_platform("arm64")->text(), "linux/arm64");
    EXPECT_EQ(parse_platform("linux")->text(), host_platform().text());
    EXPECT_EQ(parse_platform("armhf")->text(), "linux/arm/v7");
    for (auto bad : {"", "/", "a/b/c/d", "linux/", "linux/a b"})
        EXPECT_FALSE(parse_platform(bad).has_value()) << bad;
}

}  // namespace
}  // namespace tare::oci
