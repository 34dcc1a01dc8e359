// Where secrets go: to the origin that they were given for, and nowhere else (R19, IM1 to IM5).

#include <cstdlib>
#include <cstring>

#include <arpa/inet.h>
#include <ifaddrs.h>

#include "image/registry/login.h"
#include "image/registry/repository_fixture_test.h"
#include "posix/file.h"
#include "wire/http/address.h"

namespace tare::registry {
namespace {

const Credentials kUser{.username = "user", .password = "hunter2"};
const std::string kBasic = cat("Basic ", base64_encode("user:hunter2"));

bool knows_a_secret(const FakeServer& server) {
    for (auto& request : server.requests()) {
        std::string all = cat(request.head, request.body);
        for (auto secret : {"Authorization", "authorization", "Cookie", "hunter2", "refresh-me"})
            if (all.find(secret) != std::string::npos) return true;
        if (all.find(base64_encode("user:hunter2")) != std::string::npos) return true;
    }
    return false;
}

Reply challenge(std::string_view text) {
    return FakeServer::answer(401, "", cat("WWW-Authenticate: ", text, "\r\n"));
}

bool has_token(const FakeRequest& request, std::string_view token) {
    return request.header("authorization") == cat("Bearer ", token);
}

/// A registry that wants the token "t1" of its own token server.
Reply with_token_server(const FakeRequest& request, const std::string& own_url) {
    if (request.target.starts_with("/token"))
        return request.header("authorization") == kBasic ||
                       request.body.find("refresh-me") != std::string::npos
                   ? FakeServer::answer(200, R"({"token":"t1","expires_in":300,"refresh_token":"again"})")
                   : FakeServer::answer(401);
    if (has_token(request, "t1")) return manifest_reply();
    return challenge(
        cat(R"(Bearer realm=")", own_url, R"(/token",service="fake",scope="repository:x:push")"));
}

TEST(Authentication, a_token_is_fetched_once_and_used_for_all) {
    std::string own_url;
    FakeServer server([&](const FakeRequest& request) { return with_token_server(request, own_url); });
    own_url = server.url();
    Client client(server, kUser);
    for (int i = 0; i < 3; ++i)
        ASSERT_TRUE(client.repository.resolve(client.reference).has_value());
    auto requests = server.requests();
    ASSERT_EQ(requests.size(), 5U);
    EXPECT_EQ(requests[1].target, "/token?service=fake&scope=repository%3Aa%2Fb%3Apull&account=user");
    EXPECT_EQ(requests[1].header("authorization"), kBasic);
    for (auto i : {2, 3, 4})
        EXPECT_TRUE(has_token(requests[static_cast<std::size_t>(i)], "t1"));
}

TEST(Authentication, an_identity_token_is_posted) {
    std::string own_url;
    FakeServer server([&](const FakeRequest& request) { return with_token_server(request, own_url); });
    own_url = server.url();
    Client client(server, {.identity_token = "refresh-me"});
    auto found = client.repository.resolve(client.reference);
    ASSERT_TRUE(found.has_value()) << found.error().message();
    auto request = server.requests()[1];
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.body,
              "grant_type=refresh_token&client_id=tare&service=fake&"
              "scope=repository%3Aa%2Fb%3Apull&refresh_token=refresh-me");
    EXPECT_EQ(request.target, "/token");
}

TEST(Authentication, a_token_that_was_refused_is_fetched_anew) {
    std::string own_url;
    std::atomic<int> tokens = 0;
    FakeServer server([&](const FakeRequest& request) {
        if (request.target.starts_with("/token"))
            return FakeServer::answer(200, cat(R"({"access_token":"t)", ++tokens, R"("})"));
        return has_token(request, cat("t", tokens.load())) && server.requests().size() != 4
                   ? manifest_reply()
                   : challenge(cat(R"(Bearer realm=")", own_url, R"(/token")"));
    });
    own_url = server.url();
    Client client(server);
    ASSERT_TRUE(client.repository.resolve(client.reference).has_value());
    ASSERT_TRUE(client.repository.resolve(client.reference).has_value());
    EXPECT_EQ(tokens, 2);
}

TEST(Authentication, a_token_without_rights_is_told_as_docker_does) {
    std::string own_url;
    FakeServer server([&](const FakeRequest& request) {
        if (request.target.starts_with("/token")) return FakeServer::answer(200, R"({"token":"t"})");
        return challenge(cat(R"(Bearer realm=")", own_url, R"(/token",error="insufficient_scope")"));
    });
    own_url = server.url();
    Client client(server);
    auto found = client.repository.resolve(client.reference);
    ASSERT_FALSE(found.has_value());
    EXPECT_EQ(
        found.error().message(),
        cat("pull access denied for ", server.host(),
            "/a/b, repository does not exist or may require 'docker login': denied: requested access to the "
            "resource is denied"));
}

TEST(Security, im2_a_foreign_realm_never_sees_the_password) {
    FakeServer evil([](const FakeRequest&) { return FakeServer::answer(200, R"({"token":"t"})"); });
    std::string realm = cat("http://localhost:", evil.port(), "/token");  // another host than 127.0.0.1
    FakeServer server([&](const FakeRequest& request) {
        return has_token(request, "t") ? manifest_reply()
                                       : challenge(cat(R"(Bearer realm=")", realm, R"(")"));
    });
    for (auto credentials : {kUser, Credentials{.identity_token = "refresh-me"}}) {
        Client client(server, credentials);
        // Asked anonymously: for what is public that is enough.
        EXPECT_TRUE(client.repository.resolve(client.reference).has_value());
    }
    EXPECT_EQ(evil.requests().size(), 2U);
    EXPECT_FALSE(knows_a_secret(evil));
}

TEST(Security, im2_a_refusal_of_a_foreign_realm_names_the_setting) {
    FakeServer evil([](const FakeRequest&) { return FakeServer::answer(401); });
    std::string realm = cat("http://localhost:", evil.port(), "/token");
    FakeServer server([&](const FakeRequest&) { return challenge(cat(R"(Bearer realm=")", realm, R"(")")); });
    Client client(server, kUser);
    auto found = client.repository.resolve(client.reference);
    ASSERT_FALSE(found.has_value());
    EXPECT_NE(found.error().hint().find("trusted-realms"), std::string::npos) << found.error().hint();
    EXPECT_FALSE(knows_a_secret(evil));
    auto options = quick();
    options.trusted_realms = {"localhost"};
    Client trusting(server, kUser, options);
    (void)trusting.repository.resolve(trusting.reference);
    EXPECT_TRUE(knows_a_secret(evil));
}

TEST(Security, im2_malformed_realms_get_nothing) {
    FakeServer evil([](const FakeRequest&) { return FakeServer::answer(200, R"({"token":"t"})"); });
    for (auto& realm :
         {cat("http://127.0.0.1@localhost:", evil.port(), "/"), cat("//localhost:", evil.port(), "/"),
          std::string("file:///etc/passwd"), std::string(""), std::string(20'000, 'x')}) {
        FakeServer server(
            [&](const FakeRequest&) { return challenge(cat(R"(Bearer realm=")", realm, R"(")")); });
        Client client(server, kUser);
        EXPECT_FALSE(client.repository.resolve(client.reference).has_value()) << realm;
    }
    EXPECT_TRUE(evil.requests().empty());
}

TEST(Security, im3_a_redirect_to_another_origin_carries_no_secret) {
    for (auto status : {301, 302, 303, 307, 308}) {
        std::string bytes = "layer";
        FakeServer other([&](const FakeRequest&) { return FakeServer::answer(200, bytes); });
        FakeServer server([&](const FakeRequest& request) {
            if (request.header("authorization") != kBasic) return challenge(R"(Basic realm="x")");
            return FakeServer::answer(status, "", cat("Location: ", other.url("/storage?sig=1"), "\r\n"));
        });
        Client client(server, kUser);
        auto blob = read_all(client.repository, blob_of(bytes));
        ASSERT_TRUE(blob.has_value()) << status << " " << blob.error().message();
        ASSERT_EQ(other.requests().size(), 1U);
        EXPECT_FALSE(knows_a_secret(other)) << status;
    }
}

TEST(Security, im3_a_secret_does_not_come_back_after_a_detour) {
    std::string bytes = "layer";
    std::string home;
    FakeServer other([&](const FakeRequest&) {
        return FakeServer::answer(302, "", cat("Location: ", home, "/last\r\n"));
    });
    FakeServer server([&](const FakeRequest& request) {
        if (request.target == "/last") return FakeServer::answer(200, bytes);
        if (request.header("authorization") != kBasic) return challenge(R"(Basic realm="x")");
        return FakeServer::answer(302, "", cat("Location: ", other.url("/"), "\r\n"));
    });
    home = server.url();
    Client client(server, kUser);
    ASSERT_TRUE(read_all(client.repository, blob_of(bytes)).has_value());
    EXPECT_EQ(server.requests().back().header("authorization"), "");
}

TEST(Security, im3_redirects_end) {
    std::string home;
    FakeServer server([&](const FakeRequest&) {
        return FakeServer::answer(302, "", cat("Location: ", home, "/again\r\n"));
    });
    home = server.url();
    Client client(server);
    auto blob = read_all(client.repository, blob_of("x"));
    ASSERT_FALSE(blob.has_value());
    EXPECT_NE(blob.error().message().find("redirects more than 10 times"), std::string::npos);
}

TEST(Security, im1_a_challenge_behind_a_redirect_is_not_answered) {
    FakeServer evil([](const FakeRequest&) { return challenge(R"(Basic realm="give me")"); });
    FakeServer server([&](const FakeRequest&) {
        return FakeServer::answer(307, "", cat("Location: ", evil.url("/x"), "\r\n"));
    });
    Client client(server, kUser);
    EXPECT_FALSE(read_all(client.repository, blob_of("x")).has_value());
    EXPECT_FALSE(knows_a_secret(evil));
}

/// An address of this machine that others could reach; empty if it has none.
std::string outer_address() {
    ifaddrs* all = nullptr;
    if (::getifaddrs(&all) != 0) return {};
    std::string found;
    for (auto* entry = all; entry; entry = entry->ifa_next) {
        if (!entry->ifa_addr || entry->ifa_addr->sa_family != AF_INET) continue;
        char text[INET_ADDRSTRLEN] = {};
        sockaddr_in v4{};
        std::memcpy(&v4, entry->ifa_addr, sizeof v4);
        ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
        if (!http::is_local_address(std::string_view(text))) found = text;
    }
    ::freeifaddrs(all);
    return found;
}

TEST(Security, im5_a_registry_elsewhere_cannot_lead_to_this_machine) {
    std::string address = outer_address();
    if (address.empty()) GTEST_SKIP() << "this machine has no address but its loopback";
    FakeServer inner([](const FakeRequest&) { return FakeServer::answer(200, R"({"token":"t"})"); });
    for (auto& target :
         {inner.url("/latest/meta-data"), cat("http://[::ffff:127.0.0.1]:", inner.port(), "/"),
          cat("http://0.0.0.0:", inner.port(), "/"), cat("http://localhost:", inner.port(), "/")}) {
        for (auto as_realm : {false, true}) {
            FakeServer server(
                [&](const FakeRequest&) {
                    return as_realm ? challenge(cat(R"(Bearer realm=")", target, R"(")"))
                                    : FakeServer::answer(307, "", cat("Location: ", target, "\r\n"));
                },
                INADDR_ANY);
            auto options = quick();
            std::string host = cat(address, ":", server.port());
            options.hosts.insecure_registries = {host};
            Registry registry(options);
            auto reference = *oci::Reference::parse(cat(host, "/a/b:tag"));
            auto found = registry.open(reference, kUser)->resolve(reference);
            ASSERT_FALSE(found.has_value());
            EXPECT_TRUE(found.error().is(ErrorKind::permission_denied)) << target << found.error().message();
        }
    }
    EXPECT_EQ(inner.connection_count(), 0U);
}

class Mirrors : public testing::Test {
  protected:
    Mirrors() {
        char name[] = "/tmp/tare-mirrors-XXXXXX";
        directory_ = ::mkdtemp(name);
    }
    ~Mirrors() override { (void)posix::remove_tree(directory_); }
    RegistryOptions with_mirror(const FakeServer& server, const FakeServer& mirror,
                                std::string_view extra = "") {
        auto options = quick();
        options.hosts.directories = {directory_};
        (void)posix::make_directories(cat(directory_, "/", server.host()), 0755);
        (void)posix::write_file_atomic(
            cat(directory_, "/", server.host(), "/hosts.toml"),
            cat("server = \"", server.url(), "\"\n[host.\"", mirror.url(), "\"]\n", extra), 0644);
        return options;
    }
    std::string directory_;
};

TEST_F(Mirrors, im16_a_mirror_gets_no_credentials_of_the_registry) {
    FakeServer mirror([](const FakeRequest&) { return challenge(R"(Basic realm="mirror")"); });
    FakeServer server([](const FakeRequest& request) {
        return request.header("authorization") == kBasic ? manifest_reply() : challenge(R"(Basic realm="x")");
    });
    Client client(server, kUser, with_mirror(server, mirror));
    auto found = client.repository.resolve(client.reference);
    ASSERT_TRUE(found.has_value()) << found.error().message();
    EXPECT_FALSE(mirror.requests().empty());
    EXPECT_FALSE(knows_a_secret(mirror));
    EXPECT_NE(mirror.requests()[0].target.find(cat("?ns=127.0.0.1%3A", server.port())), std::string::npos);
}

TEST_F(Mirrors, im16_a_mirror_with_wrong_bytes_is_passed_over) {
    FakeServer mirror([](const FakeRequest&) { return FakeServer::answer(200, "<html>not yours</html>"); });
    FakeServer server([](const FakeRequest&) { return manifest_reply(); });
    Client client(server, {}, with_mirror(server, mirror));
    auto document =
        client.repository.fetch_document({.media_type = std::string(oci::media_type::oci_manifest),
                                          .digest = sha256(kManifest),
                                          .size_bytes = kManifest.size()});
    ASSERT_TRUE(document.has_value()) << document.error().message();
    EXPECT_EQ(*document, kManifest);
}

TEST_F(Mirrors, im16_tags_come_only_from_where_resolve_is_allowed) {
    FakeServer mirror([](const FakeRequest&) { return manifest_reply(); });
    FakeServer server([](const FakeRequest&) { return manifest_reply(); });
    Client client(server, {}, with_mirror(server, mirror, "capabilities = [\"pull\"]\n"));
    ASSERT_TRUE(client.repository.resolve(client.reference).has_value());
    EXPECT_TRUE(mirror.requests().empty());
    ASSERT_TRUE(client.repository.resolve(client.reference.with_digest(sha256(kManifest))).has_value());
    EXPECT_EQ(mirror.requests().size(), 1U);
}

TEST_F(Mirrors, a_mirror_that_is_down_is_asked_once_a_pull) {
    FakeServer server([](const FakeRequest&) { return manifest_reply(); });
    auto options = quick();
    {
        FakeServer gone([](const FakeRequest&) { return manifest_reply(); });
        options = with_mirror(server, gone);
    }
    Client client(server, {}, options);
    for (int i = 0; i < 3; ++i)
        ASSERT_TRUE(client.repository.resolve(client.reference).has_value());
    EXPECT_EQ(server.requests().size(), 3U);
}

TEST_F(Mirrors, headers_of_the_configuration_go_to_their_host_alone) {
    FakeServer mirror([](const FakeRequest&) { return FakeServer::answer(404); });
    FakeServer server([](const FakeRequest&) { return manifest_reply(); });
    Client client(
        server, {},
        with_mirror(server, mirror, cat("[host.\"", mirror.url(), "\".header]\nX-Key = \"abc\"\n")));
    ASSERT_TRUE(client.repository.resolve(client.reference).has_value());
    EXPECT_EQ(mirror.requests()[0].header("x-key"), "abc");
    EXPECT_EQ(server.requests()[0].header("x-key"), "");
}

TEST(Security, r20_no_error_tells_a_secret) {
    FakeServer server([](const FakeRequest&) { return challenge(R"(Basic realm="x")"); });
    Client client(server, kUser);
    auto found = client.repository.resolve(client.reference);
    ASSERT_FALSE(found.has_value());
    std::string all = cat(found.error().message(), found.error().hint());
    EXPECT_EQ(all.find("hunter2"), std::string::npos);
    EXPECT_EQ(all.find(kBasic.substr(6)), std::string::npos);
    FakeServer tokens(
        [](const FakeRequest&) { return FakeServer::answer(200, R"({"token":"sec\u0007ret"})"); });
    FakeServer other([&](const FakeRequest&) {
        return challenge(cat(R"(Bearer realm=")", tokens.url("/t?key=sesame"), R"(")"));
    });
    Client second(other, kUser);
    auto refused = second.repository.resolve(second.reference);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().message().find("ret\""), std::string::npos);
    EXPECT_EQ(refused.error().message().find("sesame"), std::string::npos);
}

TEST(Login, a_registry_with_tokens_gives_an_identity_token) {
    std::string own_url;
    FakeServer server([&](const FakeRequest& request) {
        if (request.target == "/v2/" && has_token(request, "t1")) return FakeServer::answer(200);
        return with_token_server(request, own_url);
    });
    own_url = server.url();
    Registry registry(quick());
    auto login = check_login(registry, server.host(), kUser);
    ASSERT_TRUE(login.has_value()) << login.error().message();
    EXPECT_EQ(login->identity_token, "again");
    auto wrong = check_login(registry, server.host(), {.username = "user", .password = "no"});
    ASSERT_FALSE(wrong.has_value());
    EXPECT_NE(wrong.error().message().find("unauthorized: incorrect username or password"),
              std::string::npos);
    EXPECT_TRUE(wrong.error().is(ErrorKind::unauthenticated));
}

}  // namespace
}  // namespace tare::registry
