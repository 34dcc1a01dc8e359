// The client against Debian's docker-registry: plain, with a password, with TLS.

#include "image/registry/real_registry_test.h"

#include "image/registry/login.h"
#include "image/registry/registry.h"

namespace tare::registry {
namespace {

constexpr std::string_view kConfig = R"({"architecture":"amd64","os":"linux"})";
const Credentials kTester{.username = "tester", .password = "secret word"};
const Credentials kWrong{.username = "tester", .password = "wrong word"};

#define NEEDS_REGISTRY() \
    if (!RealRegistry::is_installed()) GTEST_SKIP() << "docker-registry is not installed"

/// Pushes an image of one blob; returns the digest of its manifest.
Digest push(RealRegistry& server, std::string_view blob) {
    auto config = server.push_blob("team/app", kConfig);
    auto layer = server.push_blob("team/app", blob);
    auto manifest = cat(
        R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":")",
        config.text(), R"(","size":)", kConfig.size(),
        R"(},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":")", layer.text(),
        R"(","size":)", blob.size(), "}]}");
    return server.push_manifest("team/app", "one", oci::media_type::oci_manifest, manifest);
}

struct Session {
    explicit Session(const RealRegistry& server, const Credentials& credentials = {}, HostsOptions hosts = {})
        : registry(RegistryOptions{.hosts = std::move(hosts), .attempts = 2}),
          reference(*oci::Reference::parse(cat(server.host(), "/team/app:one"))),
          credentials_(credentials) {}

    Result<Resolved> resolve() {
        return TRY(registry.open(reference, credentials_))
        .resolve(reference);
    }

    Registry registry;
    oci::Reference reference;
    Credentials credentials_;
};

HostsOptions hosts_with_ca(const RealRegistry& server) {
    std::string directory = server.directory() + "/certs.d";
    (void)posix::make_directories(cat(directory, "/", server.host()), 0755);
    (void)posix::write_file_atomic(cat(directory, "/", server.host(), "/ca.crt"),
                                   *posix::read_file(server.ca_file(), 1 << 20));
    return {.directories = {directory}};
}

TEST(RealRegistry, an_image_is_resolved_and_read_over_plain_http) {
    NEEDS_REGISTRY();
    RealRegistry server;
    std::string bytes(3'000'000, 'x');
    Digest manifest = push(server, bytes);
    Session session(server);
    auto found = session.resolve();
    ASSERT_TRUE(found.has_value()) << found.error().message();
    EXPECT_EQ(found->descriptor.digest, manifest);
    auto repository = session.registry.open(session.reference, {});
    auto document = repository->fetch_document(found->descriptor);
    ASSERT_TRUE(document.has_value()) << document.error().message();
    oci::Descriptor layer{.media_type = "", .digest = sha256(bytes), .size_bytes = bytes.size()};
    auto blob = repository->open_blob(layer, 1'000'000);
    ASSERT_TRUE(blob.has_value()) << blob.error().message();
    std::size_t got = 0;
    for (auto piece = blob->read(); piece && !piece->empty(); piece = blob->read())
        got += piece->size();
    EXPECT_EQ(got, 2'000'000U);
}

TEST(RealRegistry, what_is_not_there_is_told_in_docker_s_words) {
    NEEDS_REGISTRY();
    RealRegistry server;
    (void)push(server, "x");
    Session session(server);
    session.reference = *session.reference.with_tag("two");
    auto found = session.resolve();
    ASSERT_FALSE(found.has_value());
    EXPECT_EQ(found.error().message(), cat("manifest for ", server.host(),
                                           "/team/app:two not found: manifest unknown: manifest unknown"));
}

TEST(RealRegistry, a_password_over_tls_with_its_own_ca_opens_the_door) {
    NEEDS_REGISTRY();
    RealRegistry server({.with_tls = true, .with_password = true});
    Digest manifest = push(server, "x");
    auto hosts = hosts_with_ca(server);
    Session session(server, kTester, hosts);
    auto found = session.resolve();
    ASSERT_TRUE(found.has_value()) << found.error().message();
    EXPECT_EQ(found->descriptor.digest, manifest);

    auto anonymous = Session(server, {}, hosts).resolve();
    ASSERT_FALSE(anonymous.has_value());
    EXPECT_TRUE(anonymous.error().is(ErrorKind::unauthenticated));
    EXPECT_NE(anonymous.error().message().find("no basic auth credentials"), std::string::npos)
        << anonymous.error().message();

    auto wrong = Session(server, kWrong, hosts).resolve();
    ASSERT_FALSE(wrong.has_value());
    EXPECT_TRUE(wrong.error().is(ErrorKind::unauthenticated));
    EXPECT_EQ(wrong.error().message().find("wrong word"), std::string::npos);
}

TEST(Security, im4_a_certificate_of_an_unknown_authority_is_refused) {
    NEEDS_REGISTRY();
    RealRegistry server({.with_tls = true});
    (void)push(server, "x");
    // A directory for the host, even an empty one, means that its TLS is configured.
    std::string directory = server.directory() + "/certs.d";
    (void)posix::make_directories(cat(directory, "/", server.host()), 0755);
    (void)posix::write_file_atomic(cat(directory, "/", server.host(), "/hosts.toml"),
                                   cat("server = \"https://", server.host(), "\"\n"), 0644);
    auto found = Session(server, kTester, {.directories = {directory}}).resolve();
    ASSERT_FALSE(found.has_value());
    EXPECT_NE(found.error().message().find("x509: "), std::string::npos) << found.error().message();
}

TEST(RealRegistry, a_login_is_checked) {
    NEEDS_REGISTRY();
    RealRegistry server({.with_password = true});
    Registry registry;
    auto login = check_login(registry, server.host(), kTester);
    ASSERT_TRUE(login.has_value()) << login.error().message();
    EXPECT_EQ(login->status, "Login Succeeded");
    auto wrong = check_login(registry, cat("http://", server.host(), "/v1/"), kWrong);
    ASSERT_FALSE(wrong.has_value());
    EXPECT_EQ(wrong.error().message(),
              cat("login attempt to http://", server.host(), "/v2/ failed with status: 401 Unauthorized"));
    EXPECT_TRUE(wrong.error().is(ErrorKind::unauthenticated));
}

}  // namespace
}  // namespace tare::registry
