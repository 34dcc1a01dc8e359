#include "image/registry/challenge.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace tare::registry {
namespace {

std::vector<Challenge> parse(std::vector<std::string_view> headers) {
    return parse_challenges(headers);
}

TEST(Challenge, the_parameters_of_a_bearer_challenge_are_read) {
    auto challenges = parse(
        {R"(Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a:pull,push")"});
    ASSERT_EQ(challenges.size(), 1U);
    EXPECT_EQ(challenges[0].scheme, "bearer");
    EXPECT_EQ(challenges[0].parameter("realm"), "https://auth.docker.io/token");
    EXPECT_EQ(challenges[0].parameter("scope"), "repository:a:pull,push");
    EXPECT_EQ(challenges[0].parameter("error"), "");
}

TEST(Challenge, several_challenges_stand_in_one_header_or_in_many) {
    auto challenges = parse({R"(Basic realm="a, b", Bearer realm=x)", R"(Negotiate)", R"(DIGEST q="\"")"});
    ASSERT_EQ(challenges.size(), 4U);
    EXPECT_EQ(challenges[0].parameter("realm"), "a, b");
    EXPECT_EQ(challenges[1].scheme, "bearer");
    EXPECT_EQ(challenges[1].parameter("realm"), "x");
    EXPECT_EQ(challenges[3].parameter("q"), "\"");
}

TEST(Challenge, bearer_is_answered_before_basic_and_others_never) {
    EXPECT_EQ(choose_challenge(parse({"Basic realm=a", "Bearer realm=b"}))->scheme, "bearer");
    EXPECT_EQ(choose_challenge(parse({"Negotiate", "Basic realm=a"}))->scheme, "basic");
    EXPECT_FALSE(choose_challenge(parse({"Negotiate"})).has_value());
}

TEST(Security, im2_broken_and_endless_challenges_end) {
    for (auto bad : {"", ",,,", "Bearer realm=\"x", "=", "Bearer =x", "\"\"", "Bearer realm"})
        (void)parse({bad});  // must come back, whatever it says
    std::string many;
    for (int i = 0; i < 50; ++i)
        many += "Bearer realm=x, ";
    EXPECT_LE(parse({many}).size(), 16U);
    std::string huge = cat("Bearer realm=\"", std::string(1 << 20, 'x'), "\"");
    EXPECT_EQ(choose_challenge(parse({huge}))->parameter("realm"), "");
}

}  // namespace
}  // namespace tare::registry
