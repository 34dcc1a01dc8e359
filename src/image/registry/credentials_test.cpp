#include "image/registry/credentials.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace tare::registry {
namespace {

TEST(Credentials, docker_s_header_is_read) {
    auto credentials = parse_registry_auth(
        base64_encode(R"({"username":"u","password":"p","serveraddress":"127.0.0.1:5000"})"));
    ASSERT_TRUE(credentials.has_value());
    EXPECT_EQ(credentials->username, "u");
    EXPECT_EQ(credentials->password, "p");
    EXPECT_EQ(credentials->server_address, "127.0.0.1:5000");
}

TEST(Credentials, tokens_and_the_older_auth_field_are_read) {
    EXPECT_EQ(parse_auth_config(R"({"identitytoken":"t"})")->identity_token, "t");
    EXPECT_EQ(parse_auth_config(R"({"registrytoken":"t"})")->registry_token, "t");
    auto old = parse_auth_config(cat(R"({"auth":")", base64_encode("u:p:q"), R"("})"));
    EXPECT_EQ(old->username, "u");
    EXPECT_EQ(old->password, "p:q");
    auto token = parse_auth_config(R"({"username":"<token>","password":"t"})");
    EXPECT_EQ(token->identity_token, "t");
    EXPECT_TRUE(token->username.empty());
}

TEST(Credentials, none_are_anonymous) {
    for (auto none : {"", " ", "null", "e30=", "bnVsbA=="})
        EXPECT_TRUE(parse_registry_auth(none)->empty()) << none;
}

TEST(Security, r20_malformed_credentials_are_not_shown) {
    auto bad = parse_registry_auth(base64_encode(R"({"password":"hunter2)"));
    ASSERT_FALSE(bad.has_value());
    EXPECT_EQ(bad.error().message().find("hunter2"), std::string::npos);
    EXPECT_FALSE(parse_registry_auth("!!!").has_value());
    EXPECT_FALSE(parse_registry_auth(std::string(1 << 20, 'a')).has_value());
}

}  // namespace
}  // namespace tare::registry
