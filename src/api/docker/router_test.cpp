#include "api/docker/router.h"

#include <gtest/gtest.h>

namespace tare::docker {
namespace {

Result<> first(Call&) {
    return {};
}
Result<> second(Call&) {
    return {};
}

Router router() {
    return Router({{"GET", "/containers/json", first},
                   {"GET", "/containers/{id}/json", second},
                   {"DELETE", "/images/{name...}", first},
                   {"GET", "/images/{name...}/json", second},
                   {"GET", "/_ping", first},
                   {"HEAD", "/_ping", first}});
}

std::string failure(std::string_view method, std::string_view path) {
    auto match = router().find(method, path);
    return match ? "found" : match.error().message();
}

TEST(Router, finds_with_and_without_a_version) {
    auto match = router().find("GET", "/v1.43/containers/json");
    ASSERT_TRUE(match.has_value());
    EXPECT_EQ(match->endpoint, &first);
    EXPECT_EQ(match->version.text(), "1.43");
    match = router().find("GET", "/containers/web/json");
    ASSERT_TRUE(match.has_value());
    EXPECT_EQ(match->endpoint, &second);
    EXPECT_EQ(match->version, kNewestVersion);
    EXPECT_EQ(match->captures, std::vector<std::string>{"web"});
}

TEST(Router, names_of_images_hold_slashes) {
    auto match = router().find("GET", "/v1.24/images/127.0.0.1:5000/a/b:tag/json");
    ASSERT_TRUE(match.has_value());
    EXPECT_EQ(match->captures, std::vector<std::string>{"127.0.0.1:5000/a/b:tag"});
    match = router().find("DELETE", "/images/a/json");
    ASSERT_TRUE(match.has_value());
    EXPECT_EQ(match->captures, std::vector<std::string>{"a/json"});
}

TEST(Router, refuses_versions_in_dockerds_words) {
    EXPECT_EQ(failure("GET", "/v1.23/containers/json"),
              "client version 1.23 is too old. Minimum supported API version is 1.24, please upgrade your "
              "client to "
              "a newer version");
    EXPECT_EQ(failure("GET", "/v1.99/containers/json"),
              "client version 1.99 is too new. Maximum supported API version is 1.56");
}

TEST(Router, what_is_not_there_is_page_not_found) {
    for (std::string_view path : {"/", "", "/containers", "/containers//json", "/containers/a/b/json",
                                  "/vx/_ping", "/v1/_ping", "/images//json", "/v1.43", "/containers/json/"})
        EXPECT_EQ(failure("GET", path), "page not found") << path;
    EXPECT_EQ(failure("POST", "/containers/json"), "page not found");
    EXPECT_EQ(failure("HEAD", "/containers/json"), "page not found");
    EXPECT_EQ(failure("HEAD", "/_ping"), "found");
}

}  // namespace
}  // namespace tare::docker
