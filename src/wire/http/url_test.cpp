#include "wire/http/url.h"

#include <gtest/gtest.h>

namespace tare::http {
namespace {

Url url(std::string_view text) {
    auto parsed = Url::parse(text);
    EXPECT_TRUE(parsed.has_value()) << text << ": " << parsed.error().message();
    return parsed.has_value() ? *parsed : Url();
}

TEST(Url, an_address_is_taken_apart_and_put_together) {
    Url parsed = url("HTTPS://Registry.Example:8443/v2/a?b=c&d");
    EXPECT_EQ(parsed.origin(), (Origin{.is_tls = true, .host = "registry.example", .port = 8443}));
    EXPECT_EQ(parsed.path(), "/v2/a");
    EXPECT_EQ(parsed.query(), "b=c&d");
    EXPECT_EQ(parsed.text(), "https://registry.example:8443/v2/a?b=c&d");
    EXPECT_EQ(url("http://a").text(), "http://a/");
    EXPECT_EQ(url("http://[::1]:5000/x").origin().host, "[::1]");
}

TEST(Url, the_scheme_s_own_port_is_the_same_origin) {
    EXPECT_EQ(url("https://a.test/x").origin(), url("https://a.test:443/y").origin());
    EXPECT_NE(url("https://a.test").origin(), url("http://a.test").origin());
    EXPECT_NE(url("https://a.test").origin(), url("https://a.test:444").origin());
    EXPECT_NE(url("https://a.test").origin(), url("https://b.a.test").origin());
}

TEST(Security, r19_addresses_that_two_parsers_could_read_differently_are_refused) {
    for (auto bad : {"https://a.test@b.test/", "https://u:p@b.test/", "ftp://a/", "file:///etc/passwd",
                     "a.test", "https://", "https:///x", "https://a b/", "https://a\\b/",
                     "https://a.test/\r\nx: y", "", "https://a.test:70000/"})
        EXPECT_FALSE(Url::parse(bad).has_value()) << bad;
    EXPECT_FALSE(Url::parse("https://a/" + std::string(10'000, 'x')).has_value());
}

TEST(Url, a_location_is_resolved_as_a_browser_would) {
    Url base = url("https://a.test/v2/x/blobs/sha256:1?token=t");
    EXPECT_EQ(base.resolve("/y?z=1")->text(), "https://a.test/y?z=1");
    EXPECT_EQ(base.resolve("//b.test/y")->text(), "https://b.test/y");
    EXPECT_EQ(base.resolve("http://c.test:80/")->text(), "http://c.test/");
    EXPECT_EQ(base.resolve("next")->text(), "https://a.test/v2/x/blobs/next");
    EXPECT_FALSE(base.resolve("https://u@b.test/").has_value());
    EXPECT_FALSE(base.resolve("file:///etc/passwd").has_value());
    EXPECT_FALSE(base.resolve("").has_value());
}

TEST(Url, queries_are_encoded) {
    EXPECT_EQ(url("https://a/t?x=1").with_query("scope", "repository:a/b:pull,push").text(),
              "https://a/t?x=1&scope=repository%3Aa%2Fb%3Apull%2Cpush");
}

TEST(Security, r20_what_is_shown_of_an_address_has_no_query) {
    EXPECT_EQ(url("https://a/b?X-Amz-Signature=secret").display(), "https://a/b");
    auto bad = Url::parse("https://a:b/?secret");
    ASSERT_FALSE(bad.has_value());
    EXPECT_EQ(bad.error().message().find("secret"), std::string::npos);
    auto with_password = Url::parse("https://user:hunter2@a/");
    ASSERT_FALSE(with_password.has_value());
    EXPECT_EQ(with_password.error().message().find("hunter2"), std::string::npos);
}

TEST(Url, loopback_hosts_are_told_by_their_whole_name) {
    for (auto yes : {"localhost", "127.0.0.1", "127.255.1.2", "[::1]"})
        EXPECT_TRUE(is_loopback_host(yes)) << yes;
    for (auto no : {"127.0.0.1.evil.test", "localhost.evil", "128.0.0.1", "127.1", "127.0.0.256", "a"})
        EXPECT_FALSE(is_loopback_host(no)) << no;
}

}  // namespace
}  // namespace tare::http
