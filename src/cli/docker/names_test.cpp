// Image names, platforms, ports, paths of cp.

#include <gtest/gtest.h>

#include "cli/docker/copy_path.h"
#include "cli/docker/image_name.h"
#include "cli/docker/list_output.h"
#include "cli/docker/platform.h"
#include "cli/docker/ports_text.h"
#include "cli/docker/pull.h"

namespace tare::cli::docker {
namespace {

std::string parts(std::string_view text) {
    auto name = parse_image_name(text);
    return name ? cat(name->repository, '|', name->tag, '|', name->digest.substr(0, 8))
                : name.error().message();
}

TEST(ImageName, parts_as_typed) {
    EXPECT_EQ(parts("busybox"), "busybox||");
    EXPECT_EQ(parts("busybox:1.36"), "busybox|1.36|");
    EXPECT_EQ(parts("localhost:5000/a/b"), "localhost:5000/a/b||");
    EXPECT_EQ(parts("localhost:5000/a/b:v1"), "localhost:5000/a/b|v1|");
    EXPECT_EQ(parts("a@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
              "a||sha256:e");
    EXPECT_EQ(parts("a__b-c.d--e"), "a__b-c.d--e||");
}

TEST(ImageName, mistakes_in_docker_s_words) {
    EXPECT_EQ(parts("BB"), "invalid reference format: repository name (library/BB) must be lowercase");
    EXPECT_EQ(parts("x.io/BB"), "invalid reference format: repository name (BB) must be lowercase");
    for (std::string_view bad :
         {"", ":x", "a:", "a::b", "a//b", "-a", "a-", "a:b:c", "a b", "a@sha256:xyz", "a/../b", "a___b"})
        EXPECT_EQ(parts(bad), "invalid reference format") << bad;
}

TEST(ImageName, familiar_and_canonical_forms) {
    EXPECT_EQ(familiar_repository("docker.io/library/busybox"), "busybox");
    EXPECT_EQ(familiar_repository("docker.io/me/app"), "me/app");
    EXPECT_EQ(familiar_repository("quay.io/library/x"), "quay.io/library/x");
    EXPECT_EQ(registry_of("busybox"), "docker.io");
    EXPECT_EQ(registry_of("me/app"), "docker.io");
    EXPECT_EQ(registry_of("localhost/app"), "localhost");
    EXPECT_EQ(registry_of("localhost:5000/app"), "localhost:5000");
    EXPECT_EQ(canonical_name(parse_image_name("busybox").value()), "docker.io/library/busybox:latest");
    EXPECT_EQ(canonical_name(parse_image_name("me/app:1").value()), "docker.io/me/app:1");
    EXPECT_EQ(canonical_name(parse_image_name("r:5/app").value()), "r:5/app:latest");
}

TEST(Platform, forms) {
    EXPECT_EQ(dump(parse_platform_option("linux/arm64/v8").value()),
              R"({"os":"linux","architecture":"arm64","variant":"v8"})");
    EXPECT_EQ(dump(parse_platform_option("arm64").value()), R"({"os":"linux","architecture":"arm64"})");
    EXPECT_FALSE(parse_platform_option("linux//x").has_value());
    EXPECT_FALSE(parse_platform_option("a/b/c/d").has_value());
}

std::string ports(std::string_view json) {
    return displayable_ports(*parse_json(json).value().as_array());
}

TEST(PortsText, ranges_mappings_and_exposed_ports) {
    EXPECT_EQ(ports("[]"), "");
    EXPECT_EQ(ports(R"([{"PrivatePort":80,"Type":"tcp"}])"), "80/tcp");
    EXPECT_EQ(
        ports(
            R"([{"IP":"0.0.0.0","PrivatePort":80,"PublicPort":8080,"Type":"tcp"},{"IP":"::","PrivatePort":80,"PublicPort":8080,"Type":"tcp"}])"),
        "0.0.0.0:8080->80/tcp, [::]:8080->80/tcp");
    EXPECT_EQ(
        ports(
            R"([{"PrivatePort":81,"Type":"tcp"},{"PrivatePort":80,"Type":"tcp"},{"PrivatePort":90,"Type":"tcp"},{"PrivatePort":53,"Type":"udp"}])"),
        "80-81/tcp, 53/udp, 90/tcp");
    EXPECT_EQ(
        ports(
            R"([{"IP":"0.0.0.0","PrivatePort":80,"PublicPort":80,"Type":"tcp"},{"IP":"0.0.0.0","PrivatePort":81,"PublicPort":81,"Type":"tcp"}])"),
        "0.0.0.0:80-81->80-81/tcp");
}

TEST(Rows, ids_and_ellipsis) {
    EXPECT_EQ(short_id("sha256:0123456789abcdef"), "0123456789ab");
    EXPECT_EQ(short_id("0123456789abcdef"), "0123456789ab");
    EXPECT_EQ(ellipsis("12345", 5), "12345");
    EXPECT_EQ(ellipsis("123456", 5), "1234…");
    EXPECT_EQ(ellipsis("éééééé", 5), "éééé…");
}

TEST(CopyPath, arguments_name_a_container_or_a_local_path) {
    auto is = [](std::string_view argument, std::string_view container, std::string_view path) {
        CopyArgument parsed = parse_copy_argument(argument);
        EXPECT_EQ(parsed.container, container) << argument;
        EXPECT_EQ(parsed.path, path) << argument;
    };
    is("c:/etc", "c", "/etc");
    is("c:rel", "c", "rel");
    is("/a:b", "", "/a:b");
    is("./a:b", "", "./a:b");
    is("plain", "", "plain");
    is("-", "", "-");
}

TEST(CopyPath, a_trailing_slash_or_dot_is_kept) {
    EXPECT_EQ(clean_copy_path("/a//b/../c/"), "/a/c/");
    EXPECT_EQ(clean_copy_path("/a/b/."), "/a/b/.");
    EXPECT_EQ(clean_copy_path("/"), "/");
    EXPECT_TRUE(asserts_directory("/a/"));
    EXPECT_TRUE(asserts_directory("/a/."));
    EXPECT_FALSE(asserts_directory("/a"));
    auto parts_of = [](std::string_view path) {
        PathParts split = split_copy_path(path);
        return cat(split.directory, '|', split.base);
    };
    EXPECT_EQ(parts_of("/a/b"), "/a|b");
    EXPECT_EQ(parts_of("/a/b/"), "/a|b");
    EXPECT_EQ(parts_of("/a/b/."), "/a/b|.");
    EXPECT_EQ(parts_of("/a"), "/|a");
    EXPECT_EQ(parts_of("/"), "/|/");
}

std::string target(const CopyInfo& source, const CopyInfo& destination) {
    auto chosen = choose_target(source, destination);
    return chosen ? cat(chosen->directory, '|', chosen->base) : chosen.error().message();
}

TEST(CopyPath, where_a_copy_goes) {
    const CopyInfo file{"/s/f", true, false, {}};
    const CopyInfo directory{"/s/d", true, true, {}};
    EXPECT_EQ(target(file, {"/t/x", true, true, {}}), "/t/x|");   // into a directory
    EXPECT_EQ(target(file, {"/t/x", true, false, {}}), "/t|x");   // over a file
    EXPECT_EQ(target(file, {"/t/x", false, false, {}}), "/t|x");  // under a new name
    EXPECT_EQ(target(file, {"/t/x/", false, false, {}}), "no such directory");
    EXPECT_EQ(target(directory, {"/t/x", true, true, {}}), "/t/x|");
    EXPECT_EQ(target(directory, {"/t/x", true, false, {}}), "cannot copy directory");
    EXPECT_EQ(target(directory, {"/t/x", false, false, {}}), "/t|x");
    EXPECT_EQ(target(directory, {"/t/x/", false, false, {}}), "/t|x");
}

}  // namespace
}  // namespace tare::cli::docker
