#include "oci/image_config.h"

#include <gtest/gtest.h>

#include "base/sha256.h"

namespace tare::oci {
namespace {

std::string digest(char fill) {
    return "sha256:" + std::string(64, fill);
}

constexpr std::string_view kDockerConfig = R"({
  "architecture": "amd64", "os": "linux", "variant": "v1", "created": "2023-11-14T22:13:20Z",
  "author": "somebody", "docker_version": "20.10", "container": "abc",
  "config": {
    "Hostname": "", "Tty": false, "User": "www-data:adm", "WorkingDir": "/srv",
    "Env": ["PATH=/bin", "A=b=c"], "Entrypoint": ["/entry"], "Cmd": null,
    "ExposedPorts": {"80/tcp": {}, "53/udp": {}}, "Volumes": {"/data": {}},
    "Labels": {"a": "1", "b": ""}, "StopSignal": "SIGQUIT", "StopTimeout": 7,
    "Healthcheck": {"Test": ["CMD-SHELL", "true"], "Interval": 5000000000, "Retries": 3},
    "OnBuild": ["RUN x"], "Shell": ["/bin/sh", "-c"]
  },
  "rootfs": {"type": "layers", "diff_ids": ["sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]},
  "history": [{"created": "2023-11-14T22:13:20Z", "created_by": "ADD x"}, {"created_by": "CMD y", "empty_layer": true, "comment": "c", "author": "me"}]
})";

TEST(ImageConfig, every_field_of_docker_s_document_is_read) {
    auto image = parse_image_config(kDockerConfig);
    ASSERT_TRUE(image.has_value()) << image.error().message();
    EXPECT_EQ(image->platform.text(), "linux/amd64");
    EXPECT_EQ(image->created, "2023-11-14T22:13:20Z");
    EXPECT_EQ(image->author, "somebody");
    auto& config = image->config;
    EXPECT_EQ(config.user, "www-data:adm");
    EXPECT_EQ(config.working_dir, "/srv");
    EXPECT_EQ(config.env, (std::vector<std::string>{"PATH=/bin", "A=b=c"}));
    EXPECT_EQ(config.entrypoint, std::vector<std::string>{"/entry"});
    EXPECT_TRUE(config.cmd.empty());
    EXPECT_EQ(config.exposed_ports, (std::vector<std::string>{"80/tcp", "53/udp"}));
    EXPECT_EQ(config.volumes, std::vector<std::string>{"/data"});
    EXPECT_EQ(config.labels.size(), 2U);
    EXPECT_EQ(config.stop_signal, "SIGQUIT");
    EXPECT_EQ(config.stop_timeout_s, 7);
    ASSERT_TRUE(config.health_check.has_value());
    EXPECT_EQ(config.health_check->interval_ns, 5'000'000'000);
    EXPECT_EQ(config.health_check->retries, 3);
    EXPECT_EQ(config.on_build, std::vector<std::string>{"RUN x"});
    EXPECT_EQ(config.shell.size(), 2U);
    ASSERT_EQ(image->history.size(), 2U);
    EXPECT_FALSE(image->history[0].empty_layer);
    EXPECT_TRUE(image->history[1].empty_layer);
    EXPECT_EQ(image->diff_ids.front().text(), digest('a'));
}

TEST(ImageConfig, what_is_read_is_written_and_read_again_the_same) {
    auto image = parse_image_config(kDockerConfig);
    ASSERT_TRUE(image.has_value());
    auto again = parse_image_config(dump(to_json(*image)));
    ASSERT_TRUE(again.has_value()) << again.error().message();
    EXPECT_EQ(*again, *image);
}

TEST(ImageConfig, an_image_without_config_and_layers_is_an_image) {
    auto image = parse_image_config(R"({"architecture":"amd64","os":"linux"})");
    ASSERT_TRUE(image.has_value());
    EXPECT_TRUE(image->diff_ids.empty());
    EXPECT_TRUE(chain_id(image->diff_ids).empty());
}

TEST(ImageConfig, a_field_of_the_wrong_type_is_named) {
    auto image = parse_image_config(R"({"config":{"Env":["a",1]}})");
    ASSERT_FALSE(image.has_value());
    EXPECT_NE(image.error().message().find("config.Env[1]"), std::string::npos) << image.error().message();
}

TEST(Security, im13_a_diff_id_that_is_no_digest_is_refused) {
    for (auto bad : {"sha256:../../x", "sha256:AAAA", "../../etc/passwd", "sha512:aa", ""}) {
        auto image = parse_image_config(cat(R"({"rootfs":{"type":"layers","diff_ids":[")", bad, R"("]}})"));
        EXPECT_FALSE(image.has_value()) << bad;
    }
}

TEST(ImageConfig, another_kind_of_rootfs_is_refused) {
    EXPECT_FALSE(parse_image_config(R"({"rootfs":{"type":"blocks","diff_ids":[]}})").has_value());
}

TEST(Security, im7_a_config_beyond_its_limits_is_refused) {
    std::string history = "{}";
    for (int i = 0; i < 4096; ++i)
        history += ",{}";
    auto image = parse_image_config(cat(R"({"history":[)", history, "]}"));
    ASSERT_FALSE(image.has_value());
    EXPECT_TRUE(image.error().is(ErrorKind::resource_exhausted));
    std::string user(257, 'u');
    EXPECT_FALSE(parse_image_config(cat(R"({"config":{"User":")", user, R"("}})")).has_value());
    std::string label(70'000, 'l');
    EXPECT_FALSE(parse_image_config(cat(R"({"config":{"Labels":{"a":")", label, R"("}}})")).has_value());
}

TEST(Security, r11_a_nul_byte_cannot_cut_an_argument_short) {
    EXPECT_FALSE(parse_image_config(R"({"config":{"Cmd":["a\u0000b"]}})").has_value());
    EXPECT_FALSE(parse_image_config(R"({"config":{"Volumes":{"/a\u0000b":{}}}})").has_value());
}

TEST(ImageConfig, a_negative_health_interval_is_refused) {
    EXPECT_FALSE(parse_image_config(R"({"config":{"Healthcheck":{"Interval":-1}}})").has_value());
}

TEST(ChainId, it_is_the_diff_id_of_one_layer_and_a_hash_over_more) {
    std::vector<Digest> diff_ids = {*Digest::parse(digest('a')), *Digest::parse(digest('b'))};
    auto chain = chain_ids(diff_ids);
    ASSERT_EQ(chain.size(), 2U);
    EXPECT_EQ(chain[0], diff_ids[0]);
    EXPECT_EQ(chain[1], sha256(cat(digest('a'), " ", digest('b'))));
    EXPECT_EQ(chain_id(diff_ids), chain[1]);
}

}  // namespace
}  // namespace tare::oci
