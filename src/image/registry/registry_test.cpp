#include "image/registry/registry.h"

#include <gtest/gtest.h>

#include "base/sha256.h"
#include "wire/http/fake_server_test.h"

namespace tare::registry {
namespace {

using http::FakeRequest;
using http::FakeServer;
using Reply = FakeServer::Reply;

constexpr std::string_view kManifest =
    R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","size":2},"layers":[]})";

RegistryOptions quick() {
    RegistryOptions options;
    options.hosts.directories = {};
    options.attempts = 3;
    options.first_backoff = std::chrono::milliseconds(5);
    options.longest_wait = std::chrono::milliseconds(50);
    return options;
}

Reply manifest_reply(std::string_view extra = "") {
    return FakeServer::answer(200, kManifest,
                              cat("Content-Type: application/vnd.oci.image.manifest.v1+json\r\n"
                                  "Docker-Content-Digest: ",
                                  sha256(kManifest).text(), "\r\n", extra));
}

Reply error_reply(int status, std::string_view code, std::string_view message) {
    return FakeServer::answer(status,
                              cat(R"({"errors":[{"code":")", code, R"(","message":")", message, R"("}]})"));
}

/// A client of one repository of a fake registry.
struct Client {
    explicit Client(const FakeServer& server, Credentials credentials = {}, RegistryOptions options = quick())
        : registry(std::move(options)),
          reference(*oci::Reference::parse(cat(server.host(), "/a/b:tag"))),
          repository(std::move(*registry.open(reference, credentials))) {}

    Registry registry;
    oci::Reference reference;
    Repository repository;
};

Result<std::string> read_all(Repository& repository, const oci::Descriptor& descriptor,
                             std::uint64_t offset = 0) {
    auto reader = TRY(repository.open_blob(descriptor, offset));
    std::string all;
    while (true) {
        auto piece = TRY(reader.read());
        if (piece.empty()) return all;
        all += piece;
    }
}

oci::Descriptor blob_of(std::string_view bytes) {
    return {.media_type = std::string(oci::media_type::oci_layer_gzip),
            .digest = sha256(bytes),
            .size_bytes = bytes.size()};
}

TEST(Repository, a_tag_is_resolved_by_head) {
    FakeServer server([](const FakeRequest&) { return manifest_reply(); });
    Client client(server);
    auto found = client.repository.resolve(client.reference);
    ASSERT_TRUE(found.has_value()) << found.error().message();
    EXPECT_EQ(found->descriptor.digest, sha256(kManifest));
    EXPECT_EQ(found->descriptor.size_bytes, kManifest.size());
    EXPECT_EQ(found->descriptor.media_type, oci::media_type::oci_manifest);
    ASSERT_EQ(server.requests().size(), 1U);
    EXPECT_EQ(server.requests()[0].method, "HEAD");
    EXPECT_EQ(server.requests()[0].target, "/v2/a/b/manifests/tag");
    EXPECT_NE(server.requests()[0].head.find("application/vnd.docker.distribution.manifest.list.v2+json"),
              std::string::npos);
    EXPECT_EQ(*client.repository.fetch_document(found->descriptor), kManifest);
}

TEST(Repository, a_registry_without_head_is_asked_by_get) {
    FakeServer server([](const FakeRequest& request) {
        return request.method == "HEAD" ? FakeServer::answer(405) : FakeServer::answer(200, kManifest);
    });
    Client client(server);
    auto found = client.repository.resolve(client.reference);
    ASSERT_TRUE(found.has_value()) << found.error().message();
    EXPECT_EQ(found->descriptor.digest, sha256(kManifest));
    EXPECT_EQ(found->document, kManifest);
}

TEST(Repository, what_is_missing_is_told_in_docker_s_words) {
    FakeServer server(
        [](const FakeRequest&) { return error_reply(404, "MANIFEST_UNKNOWN", "manifest unknown"); });
    Client client(server);
    auto found = client.repository.resolve(client.reference);
    ASSERT_FALSE(found.has_value());
    EXPECT_TRUE(found.error().is(ErrorKind::not_found));
    EXPECT_EQ(found.error().message(),
              cat("manifest for ", server.host(), "/a/b:tag not found: manifest unknown: manifest unknown"));
}

TEST(Repository, a_refused_repository_is_told_in_docker_s_words) {
    FakeServer server([](const FakeRequest&) {
        return error_reply(403, "DENIED", "requested access to the resource is denied");
    });
    Client client(server);
    auto found = client.repository.resolve(client.reference);
    ASSERT_FALSE(found.has_value());
    EXPECT_EQ(
        found.error().message(),
        cat("pull access denied for ", server.host(),
            "/a/b, repository does not exist or may require 'docker login': denied: requested access to the "
            "resource is denied"));
}

TEST(Repository, a_broken_connection_is_taken_up_where_it_broke) {
    std::string bytes(100'000, 'q');
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<char>('a' + i % 23);
    std::atomic<int> count = 0;
    FakeServer server([&](const FakeRequest& request) {
        std::size_t start = 0;
        auto range = request.header("range");
        if (!range.empty()) start = *parse_integer<std::size_t>(range.substr(6, range.size() - 7));
        std::string rest = bytes.substr(start);
        std::string head = start == 0 ? "HTTP/1.1 200 OK\r\n"
                                      : cat("HTTP/1.1 206 Partial\r\nContent-Range: bytes ", start, "-",
                                            bytes.size() - 1, "/", bytes.size(), "\r\n");
        head += cat("Content-Length: ", rest.size(), "\r\n\r\n");
        bool breaks = count++ < 2;
        return Reply{.bytes = head + (breaks ? rest.substr(0, 30'000) : rest), .close = breaks};
    });
    Client client(server);
    auto got = read_all(client.repository, blob_of(bytes));
    ASSERT_TRUE(got.has_value()) << got.error().message();
    EXPECT_EQ(*got, bytes);
    EXPECT_EQ(server.requests().size(), 3U + (server.requests()[0].head.empty() ? 1 : 0));
    EXPECT_EQ(server.requests()[1].header("range"), "bytes=30000-");
}

}  // namespace
}  // namespace tare::registry
