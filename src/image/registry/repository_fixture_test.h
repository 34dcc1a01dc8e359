#pragma once

// For tests: a client of one repository of a scripted server, and answers as registries give them.

#include <gtest/gtest.h>

#include "base/sha256.h"
#include "image/registry/registry.h"
#include "wire/http/fake_server_test.h"

namespace tare::registry {

using http::FakeRequest;
using http::FakeServer;
using Reply = FakeServer::Reply;

inline constexpr std::string_view kManifest =
    R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","size":2},"layers":[]})";

inline RegistryOptions quick() {
    RegistryOptions options;
    options.hosts.directories = {};
    options.attempts = 3;
    options.first_backoff = std::chrono::milliseconds(5);
    options.longest_wait = std::chrono::milliseconds(50);
    return options;
}

inline Reply manifest_reply(std::string_view extra = "") {
    return FakeServer::answer(200, kManifest,
                              cat("Content-Type: application/vnd.oci.image.manifest.v1+json\r\n"
                                  "Docker-Content-Digest: ",
                                  sha256(kManifest).text(), "\r\n", extra));
}

inline Reply error_reply(int status, std::string_view code, std::string_view message) {
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

inline Result<std::string> read_all(Repository& repository, const oci::Descriptor& descriptor,
                                    std::uint64_t offset = 0) {
    auto reader = TRY(repository.open_blob(descriptor, offset));
    std::string all;
    while (true) {
        auto piece = TRY(reader.read());
        if (piece.empty()) return all;
        all += piece;
    }
}

inline oci::Descriptor blob_of(std::string_view bytes) {
    return {.media_type = std::string(oci::media_type::oci_layer_gzip),
            .digest = sha256(bytes),
            .size_bytes = bytes.size()};
}

}  // namespace tare::registry
