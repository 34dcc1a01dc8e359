#include "image/registry/realm.h"

#include <gtest/gtest.h>

namespace tare::registry {
namespace {

RealmTrust judge(std::string_view registry, std::string_view realm, std::vector<std::string> trusted = {}) {
    return judge_realm(http::Url::parse(registry)->origin(), http::Url::parse(realm)->origin(), trusted);
}

TEST(Realm, the_registry_itself_and_its_own_domain_are_trusted) {
    EXPECT_EQ(judge("https://a.test", "https://a.test/token"), RealmTrust::trusted);
    EXPECT_EQ(judge("https://registry-1.docker.io", "https://auth.docker.io/token"), RealmTrust::trusted);
    EXPECT_EQ(judge("https://registry.gitlab.com", "https://gitlab.com/jwt/auth"), RealmTrust::trusted);
    EXPECT_EQ(judge("http://127.0.0.1:5000", "http://127.0.0.1:5001/token"), RealmTrust::trusted);
}

TEST(Security, im2_a_realm_elsewhere_sees_no_credentials) {
    EXPECT_EQ(judge("https://a.test", "https://evil.example/token"), RealmTrust::anonymous);
    EXPECT_EQ(judge("https://a.test", "https://a.test.evil/token"), RealmTrust::anonymous);
    EXPECT_EQ(judge("https://a.test", "https://evila.test/token"), RealmTrust::anonymous);
    EXPECT_EQ(judge("https://me.github.io", "https://you.github.io/"), RealmTrust::anonymous);
    EXPECT_EQ(judge("https://a.co.uk", "https://b.co.uk/"), RealmTrust::anonymous);
    EXPECT_EQ(judge("https://10.0.0.1", "https://11.0.0.1/"), RealmTrust::anonymous);
    EXPECT_EQ(judge("https://x.amazonaws.com", "https://y.amazonaws.com/"), RealmTrust::anonymous);
    EXPECT_EQ(judge("http://registry", "http://auth/"), RealmTrust::anonymous);
    EXPECT_EQ(judge("https://com", "https://evil.com/"), RealmTrust::anonymous);
}

TEST(Security, im2_a_realm_without_tls_is_not_asked_at_all) {
    EXPECT_EQ(judge("https://a.test", "http://a.test/token"), RealmTrust::refused);
}

TEST(Realm, the_configuration_can_trust_a_host) {
    EXPECT_EQ(judge("https://a.test", "https://sso.example/token", {"SSO.example"}), RealmTrust::trusted);
    EXPECT_EQ(judge("https://a.test", "https://sso.example:8443/token", {"sso.example:8443"}),
              RealmTrust::trusted);
    EXPECT_EQ(judge("https://a.test", "https://xsso.example/token", {"sso.example"}), RealmTrust::anonymous);
}

TEST(Realm, the_registrable_domain_is_what_one_owner_has) {
    EXPECT_EQ(registrable_domain("a.b.example.com"), "example.com");
    EXPECT_EQ(registrable_domain("a.example.co.uk"), "example.co.uk");
    EXPECT_EQ(registrable_domain("example.io"), "example.io");
    EXPECT_EQ(registrable_domain("me.azurecr.io"), "me.azurecr.io");
    EXPECT_EQ(registrable_domain("a.me.github.io"), "a.me.github.io");
    EXPECT_EQ(registrable_domain("10.1.2.3"), "10.1.2.3");
    EXPECT_EQ(registrable_domain("localhost"), "localhost");
}

}  // namespace
}  // namespace tare::registry
