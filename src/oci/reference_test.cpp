#include "oci/reference.h"

#include <gtest/gtest.h>

namespace tare::oci {
namespace {

const std::string kHex(64, 'a');

std::string full(std::string_view text) {
    auto reference = Reference::parse(text);
    return reference ? reference->text() : "refused";
}

TEST(Reference, a_familiar_name_is_completed) {
    EXPECT_EQ(full("redis"), "docker.io/library/redis:latest");
    EXPECT_EQ(full("redis:alpine"), "docker.io/library/redis:alpine");
    EXPECT_EQ(full("team/app"), "docker.io/team/app:latest");
    EXPECT_EQ(full("index.docker.io/redis"), "docker.io/library/redis:latest");
    EXPECT_EQ(full("localhost/app"), "localhost/app:latest");
    EXPECT_EQ(full("127.0.0.1:5000/a/b:1"), "127.0.0.1:5000/a/b:1");
    EXPECT_EQ(full("[::1]:5000/a"), "[::1]:5000/a:latest");
}

TEST(Reference, a_tag_and_a_digest_can_stand_together) {
    EXPECT_EQ(full("redis:7@sha256:" + kHex), "docker.io/library/redis:7@sha256:" + kHex);
    EXPECT_EQ(full("redis@sha256:" + kHex), "docker.io/library/redis@sha256:" + kHex);
}

TEST(Reference, people_get_back_what_they_write) {
    for (auto text : {"redis:alpine", "team/app:1", "quay.io/team/app:1", "localhost:5000/a:b"})
        EXPECT_EQ(Reference::parse(text)->familiar(), text);
}

TEST(Reference, what_the_grammar_does_not_know_is_refused) {
    for (std::string text :
         {"",       ":tag",        "a//b",         "a/",       "/a",         "Redis",       "a:b:c", "a@b",
          "a:",     "-a",          "a-",           "a..b",     "a___b",      "a b",         "a\n",   "../a",
          "a/../b", "host:port/a", "host:99999/a", "redis:.x", "http://a/b", "a@sha256:abc"})
        EXPECT_EQ(full(text), "refused") << text;
    EXPECT_EQ(full(kHex), "refused");
    EXPECT_EQ(full("a:" + std::string(129, 'x')), "refused");
    EXPECT_EQ(full(std::string(256, 'a')), "refused");
}

TEST(Reference, separators_inside_a_component_are_allowed) {
    for (auto text : {"a.b", "a_b", "a__b", "a-b", "a---b", "0/1"})
        EXPECT_NE(full(text), "refused") << text;
}

TEST(Reference, another_tag_takes_the_digest_away) {
    auto reference = Reference::parse("redis@sha256:" + kHex);
    EXPECT_EQ(reference->with_tag("x")->text(), "docker.io/library/redis:x");
    EXPECT_FALSE(reference->with_tag("a/b").has_value());
}

}  // namespace
}  // namespace tare::oci
