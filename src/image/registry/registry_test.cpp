#include "image/registry/registry.h"

#include "image/registry/repository_fixture_test.h"

namespace tare::registry {
namespace {

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

TEST(Repository, tags_are_listed_page_by_page_and_no_link_is_followed) {
    FakeServer server([](const FakeRequest& request) {
        if (request.target.find("last=b") == std::string::npos)
            return FakeServer::answer(200, R"({"name":"a/b","tags":["a","b"]})",
                                      "Link: <http://elsewhere.test/v2/x>; rel=\"next\"\r\n");
        return FakeServer::answer(200, R"({"name":"a/b","tags":["c"]})");
    });
    Client client(server);
    auto tags = client.repository.list_tags();
    ASSERT_TRUE(tags.has_value()) << tags.error().message();
    EXPECT_EQ(*tags, (std::vector<std::string>{"a", "b", "c"}));
    ASSERT_EQ(server.requests().size(), 2U);
    EXPECT_EQ(server.requests()[1].target, "/v2/a/b/tags/list?n=1000&last=b");
}

TEST(Repository, a_list_of_tags_that_has_no_end_is_given_up) {
    FakeServer server([](const FakeRequest&) {
        return FakeServer::answer(200, R"({"name":"a/b","tags":["a","b"]})", "Link: </v2>; rel=\"next\"\r\n");
    });
    Client client(server);
    EXPECT_EQ(client.repository.list_tags()->size(), 2U);
    std::atomic<int> number = 0;
    FakeServer endless([&](const FakeRequest&) {
        std::string tags;
        for (int i = 0; i < 1000; ++i)
            tags += cat(tags.empty() ? "" : ",", "\"t", ++number, "\"");
        return FakeServer::answer(200, cat(R"({"tags":[)", tags, "]}"), "Link: </v2>; rel=\"next\"\r\n");
    });
    Client other(endless);
    auto refused = other.repository.list_tags();
    ASSERT_FALSE(refused.has_value());
    EXPECT_TRUE(refused.error().is(ErrorKind::resource_exhausted));
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
    EXPECT_EQ(server.requests().size(), 3U);
    EXPECT_EQ(server.requests()[1].header("range"), "bytes=30000-");
}

TEST(Repository, a_temporary_refusal_is_tried_again) {
    std::atomic<int> count = 0;
    FakeServer server([&](const FakeRequest&) {
        ++count;
        if (count == 1) return FakeServer::answer(503);
        if (count == 2) return FakeServer::answer(429, "", "Retry-After: 0\r\n");
        return manifest_reply();
    });
    Client client(server);
    auto found = client.repository.resolve(client.reference);
    ASSERT_TRUE(found.has_value()) << found.error().message();
    EXPECT_EQ(count, 3);
}

TEST(Repository, a_refusal_that_lasts_is_told) {
    FakeServer server([&](const FakeRequest&) {
        return error_reply(429, "TOOMANYREQUESTS", "You have reached your pull rate limit.");
    });
    Client client(server);
    auto found = client.repository.fetch_document(blob_of("x"));
    ASSERT_FALSE(found.has_value());
    EXPECT_TRUE(found.error().is(ErrorKind::resource_exhausted));
    EXPECT_EQ(found.error().message(), "toomanyrequests: You have reached your pull rate limit.");
    EXPECT_EQ(server.requests().size(), 3U);
    FakeServer broken([&](const FakeRequest&) { return FakeServer::answer(500, "<html>"); });
    Client other(broken);
    auto failed = other.repository.resolve(other.reference);
    ASSERT_FALSE(failed.has_value());
    EXPECT_EQ(failed.error().message(),
              cat("HEAD \"", broken.url("/v2/a/b/manifests/tag"),
                  "\": received unexpected HTTP status: 500 Internal Server Error"));
}

TEST(Repository, a_registry_that_is_not_there_fails_at_once) {
    Registry registry(quick());
    auto reference = *oci::Reference::parse("127.0.0.1:1/a/b:tag");
    auto found = registry.open(reference, {})->resolve(reference);
    ASSERT_FALSE(found.has_value());
    EXPECT_TRUE(found.error().is(ErrorKind::unavailable));
    EXPECT_NE(found.error().message().find("connect: connection refused"), std::string::npos)
        << found.error().message();
}

TEST(Security, im15_a_manifest_that_is_not_its_digest_is_refused) {
    FakeServer server([](const FakeRequest& request) {
        return request.method == "HEAD" ? manifest_reply()
                                        : FakeServer::answer(200, std::string(kManifest) + " ");
    });
    Client client(server);
    auto found = client.repository.resolve(client.reference);
    ASSERT_TRUE(found.has_value());
    auto document = client.repository.fetch_document(found->descriptor);
    ASSERT_FALSE(document.has_value());
    found->descriptor.size_bytes += 1;
    document = client.repository.fetch_document(found->descriptor);
    ASSERT_FALSE(document.has_value());
    EXPECT_TRUE(document.error().is(ErrorKind::data_loss)) << document.error().message();
}

TEST(Security, im15_a_digest_in_the_reference_is_not_taken_from_the_registry) {
    FakeServer server([](const FakeRequest&) { return manifest_reply(); });
    Client client(server);
    auto found = client.repository.resolve(client.reference.with_digest(sha256("something else")));
    ASSERT_FALSE(found.has_value());
    EXPECT_TRUE(found.error().is(ErrorKind::data_loss)) << found.error().message();
}

TEST(Security, im6_bytes_have_one_meaning_whatever_they_are_served_as) {
    FakeServer server([](const FakeRequest& request) {
        if (request.method == "HEAD") return manifest_reply();
        return FakeServer::answer(
            200, kManifest, "Content-Type: application/vnd.docker.distribution.manifest.list.v2+json\r\n");
    });
    Client client(server);
    auto found = client.repository.resolve(client.reference);
    EXPECT_FALSE(client.repository.fetch_document(found->descriptor).has_value());
    FakeServer no_head([](const FakeRequest& request) {
        if (request.method == "HEAD") return FakeServer::answer(404);
        return FakeServer::answer(
            200, kManifest, "Content-Type: application/vnd.docker.distribution.manifest.list.v2+json\r\n");
    });
    Client other(no_head);
    EXPECT_FALSE(other.repository.resolve(other.reference).has_value());
}

TEST(Security, im7_a_manifest_without_end_is_cut_off) {
    std::string endless(std::size_t{5} << 20, ' ');
    FakeServer server([&](const FakeRequest& request) {
        return request.method == "HEAD" ? FakeServer::answer(405) : FakeServer::answer(200, endless);
    });
    Client client(server);
    auto found = client.repository.resolve(client.reference);
    ASSERT_FALSE(found.has_value());
    EXPECT_TRUE(found.error().is(ErrorKind::resource_exhausted));
    auto descriptor = blob_of("x");
    descriptor.size_bytes = std::uint64_t{1} << 40;
    EXPECT_TRUE(client.repository.fetch_document(descriptor).error().is(ErrorKind::resource_exhausted));
}

TEST(Security, im7_a_blob_is_as_long_as_its_descriptor_says) {
    std::string bytes(10'000, 'b');
    FakeServer server([&](const FakeRequest&) { return FakeServer::answer(200, bytes); });
    Client client(server);
    auto descriptor = blob_of(bytes);
    EXPECT_EQ(*read_all(client.repository, descriptor), bytes);
    descriptor.size_bytes = 9'999;
    auto longer = read_all(client.repository, descriptor);
    ASSERT_FALSE(longer.has_value());
    EXPECT_TRUE(longer.error().is(ErrorKind::data_loss)) << longer.error().message();
    descriptor.size_bytes = 10'001;
    auto shorter = read_all(client.repository, descriptor);
    ASSERT_FALSE(shorter.has_value());
    EXPECT_NE(shorter.error().message().find("only 10000 of its 10001 bytes"), std::string::npos);
    EXPECT_TRUE(shorter.error().is(ErrorKind::data_loss)) << "no other try gives more";
}

TEST(Repository, a_server_that_knows_no_ranges_sends_the_beginning_again) {
    std::string bytes = "0123456789";
    FakeServer server([&](const FakeRequest&) { return FakeServer::answer(200, bytes); });
    Client client(server);
    EXPECT_EQ(*read_all(client.repository, blob_of(bytes), 7), "789");
}

TEST(Security, im15_another_range_than_asked_for_is_refused) {
    std::string bytes = "0123456789";
    FakeServer server([&](const FakeRequest&) {
        return Reply{.bytes = "HTTP/1.1 206 P\r\nContent-Range: bytes 8-9/10\r\nContent-Length: 2\r\n\r\n89"};
    });
    Client client(server);
    EXPECT_FALSE(read_all(client.repository, blob_of(bytes), 7).has_value());
}

TEST(Security, r11_what_a_registry_says_is_one_line) {
    FakeServer server(
        [](const FakeRequest&) { return error_reply(400, "BAD\\nCODE", "a\\u001b[31mred\\nline"); });
    Client client(server);
    auto found = client.repository.resolve(client.reference);
    ASSERT_FALSE(found.has_value());
    EXPECT_EQ(found.error().message().find_first_of("\n\x1b"), std::string::npos);
}

TEST(Repository, a_cancel_ends_the_tries) {
    FakeServer server([](const FakeRequest&) { return FakeServer::answer(503, "", "Retry-After: 60\r\n"); });
    auto options = quick();
    options.longest_wait = std::chrono::milliseconds(60'000);
    Client client(server, {}, options);
    std::stop_source stop;
    std::jthread canceller([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(60));
        stop.request_stop();
    });
    auto found = client.repository.resolve(client.reference, stop.get_token());
    ASSERT_FALSE(found.has_value());
    EXPECT_TRUE(found.error().is(ErrorKind::cancelled));
}

}  // namespace
}  // namespace tare::registry
