#pragma once

// For tests: a registry of what was put into it, over plain http on the loopback, that misbehaves as the
// test says.

#include <map>
#include <mutex>
#include <optional>

#include "base/sha256.h"
#include "oci/reference.h"
#include "wire/http/fake_server_test.h"

namespace tare::registry {

class FakeRegistry {
  public:
    /// May answer a request in its own way; nothing lets the registry answer.
    using Hook = std::function<std::optional<http::FakeServer::Reply>(const http::FakeRequest&)>;

    FakeRegistry() : server_([this](const http::FakeRequest& request) { return answer(request); }) {}

    /// A manifest or index under its digest, and under a tag if that is not empty.
    void put_document(std::string_view tag, const std::string& bytes, std::string_view type) {
        std::pair entry(std::string(type), bytes);
        documents_[sha256(bytes).text()] = entry;
        if (!tag.empty()) documents_[std::string(tag)] = entry;
    }
    void put_blob(std::string_view bytes) { blobs_[sha256(bytes).text()] = bytes; }
    /// Serves other bytes under a digest.
    void replace_blob(const Digest& digest, std::string_view bytes) { blobs_[digest.text()] = bytes; }
    void remove_blob(const Digest& digest) { blobs_.erase(digest.text()); }
    void set_hook(Hook hook) {
        std::lock_guard lock(mutex_);
        hook_ = std::move(hook);
    }
    oci::Reference reference(std::string_view name) const {
        return *oci::Reference::parse(cat(server_.host(), "/team/app:", name));
    }
    http::FakeServer& server() { return server_; }
    std::size_t count(std::string_view part) const {
        std::size_t found = 0;
        for (auto& request : server_.requests())
            found += request.target.find(part) != std::string::npos && request.method == "GET" ? 1 : 0;
        return found;
    }

  private:
    http::FakeServer::Reply answer(const http::FakeRequest& request) {
        Hook hook;
        {
            std::lock_guard lock(mutex_);
            hook = hook_;
        }
        if (hook)
            if (auto reply = hook(request)) return *reply;
        std::string last = request.target.substr(request.target.rfind('/') + 1);
        if (request.target.find("/manifests/") != std::string::npos) {
            auto found = documents_.find(last);
            if (found == documents_.end()) return missing("MANIFEST_UNKNOWN", "manifest unknown");
            return http::FakeServer::answer(
                200, found->second.second,
                cat("Content-Type: ", found->second.first,
                    "\r\nDocker-Content-Digest: ", sha256(found->second.second).text(), "\r\n"));
        }
        auto found = blobs_.find(last);
        if (found == blobs_.end()) return missing("BLOB_UNKNOWN", "blob unknown to registry");
        auto range = request.header("range");
        if (range.empty()) return http::FakeServer::answer(200, found->second);
        auto start = *parse_integer<std::size_t>(range.substr(6, range.size() - 7));
        return http::FakeServer::answer(206, found->second.substr(start),
                                        cat("Content-Range: bytes ", start, "-", found->second.size() - 1,
                                            "/", found->second.size(), "\r\n"));
    }
    static http::FakeServer::Reply missing(std::string_view code, std::string_view message) {
        return http::FakeServer::answer(
            404, cat(R"({"errors":[{"code":")", code, R"(","message":")", message, R"("}]})"));
    }

    std::mutex mutex_;  ///< guards hook_
    Hook hook_;
    std::map<std::string, std::pair<std::string, std::string>> documents_;
    std::map<std::string, std::string> blobs_;
    http::FakeServer server_;
};

}  // namespace tare::registry
