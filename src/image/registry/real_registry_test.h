#pragma once

// Debian's docker-registry on a loopback port, with its own configuration and storage in a temporary
// directory; optionally with basic authentication and TLS. Filled over the distribution API.

#include <csignal>
#include <cstdlib>
#include <string>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/sha256.h"
#include "base/text.h"
#include "posix/file.h"
#include "posix/process.h"
#include "wire/http/client.h"

namespace tare::registry {

struct RealRegistryOptions {
    bool with_tls = false;
    bool with_password = false;  ///< user "tester", password "secret word"
};

class RealRegistry {
  public:
    static bool is_installed() { return posix::exists("/usr/bin/docker-registry"); }

    explicit RealRegistry(const RealRegistryOptions& options = {}) : options_(options) {
        char name[] = "/tmp/tare-registry-XXXXXX";
        directory_ = ::mkdtemp(name);
        port_ = free_port();
        if (options.with_tls) make_certificate();
        if (options.with_password)
            run("/usr/bin/htpasswd", {"htpasswd", "-Bbc", directory_ + "/htpasswd", "tester", "secret word"});
        write_config();
        start();
    }
    ~RealRegistry() {
        stop();
        (void)posix::remove_tree(directory_);
    }
    RealRegistry(const RealRegistry&) = delete;
    RealRegistry& operator=(const RealRegistry&) = delete;

    std::string host() const { return cat("127.0.0.1:", port_); }
    const std::string& directory() const { return directory_; }
    std::string ca_file() const { return directory_ + "/registry.crt"; }

    void start() {
        auto log = posix::open_file(directory_ + "/log", O_WRONLY | O_CREAT | O_APPEND, 0600);
        process_ = std::move(*posix::spawn({.program = "/usr/bin/docker-registry",
                                            .args = {"docker-registry", "serve", directory_ + "/config.yml"},
                                            .env = {"OTEL_TRACES_EXPORTER=none"},
                                            .descriptors = {{log->get(), 1}, {log->get(), 2}},
                                            .fate = posix::SpawnOptions::Fate::dies_with_parent}));
        wait_until_up();
    }
    void stop() {
        if (!process_) return;
        (void)process_.kill(SIGKILL);
        (void)process_.wait();
        process_ = {};
    }

    /// Uploads a blob; returns its digest.
    Digest push_blob(std::string_view repository, std::string_view bytes) {
        auto begun = ask("POST", cat("/v2/", repository, "/blobs/uploads/"), {}, "");
        EXPECT_EQ(begun.status, 202);
        auto location = *http::Url::parse(url("/"))->resolve(begun.header("location"));
        Digest digest = sha256(bytes);
        auto put = ask_url("PUT", location.with_query("digest", digest.text()),
                           {{"Content-Type", "application/octet-stream"}}, bytes);
        EXPECT_EQ(put.status, 201);
        return digest;
    }
    Digest push_manifest(std::string_view repository, std::string_view name, std::string_view type,
                         std::string_view bytes) {
        auto put = ask("PUT", cat("/v2/", repository, "/manifests/", name),
                       {{"Content-Type", std::string(type)}}, bytes);
        EXPECT_EQ(put.status, 201) << bytes;
        return sha256(bytes);
    }
    /// Where the registry keeps the bytes of a blob, to damage them.
    std::string blob_file(const Digest& digest) const {
        return cat(directory_, "/data/docker/registry/v2/blobs/sha256/", digest.hex().substr(0, 2), "/",
                   digest.hex(), "/data");
    }

  private:
    static std::uint16_t free_port() {
        posix::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in name{};
        name.sin_family = AF_INET;
        name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof name;
        ::bind(socket.get(), reinterpret_cast<sockaddr*>(&name), sizeof name);
        ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&name), &size);
        return ntohs(name.sin_port);
    }
    static void run(const std::string& program, std::vector<std::string> args) {
        auto process =
            posix::spawn({.program = program, .args = std::move(args), .env = {"PATH=/usr/bin:/bin"}});
        ASSERT_TRUE(process.has_value()) << process.error().message();
        auto status = process->wait();
        ASSERT_TRUE(status.has_value() && status->code == 0) << program;
    }
    void make_certificate() {
        run("/usr/bin/openssl",
            {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-days", "2", "-subj", "/CN=tare test", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost",
             "-keyout", directory_ + "/registry.key", "-out", ca_file()});
    }
    void write_config() {
        std::string text = cat(
            "version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: ", directory_,
            "/data\n  delete:\n    enabled: true\nhttp:\n  addr: ", host(), "\n  secret: x\n");
        if (options_.with_tls)
            text += cat("  tls:\n    certificate: ", ca_file(), "\n    key: ", directory_, "/registry.key\n");
        if (options_.with_password)
            text += cat("auth:\n  htpasswd:\n    realm: tare\n    path: ", directory_, "/htpasswd\n");
        ASSERT_TRUE(posix::write_file_atomic(directory_ + "/config.yml", text).has_value());
    }
    std::string url(std::string_view path) const {
        return cat(options_.with_tls ? "https://" : "http://", host(), path);
    }
    void wait_until_up() {
        for (int i = 0; i < 200; ++i) {
            auto answer = client_.send({.url = *http::Url::parse(url("/v2/")), .tls = {.skip_verify = true}});
            if (answer) return;
            std::this_thread::sleep_for(std::chrono::milliseconds(25));
        }
        FAIL() << "docker-registry did not come up";
    }
    http::ClientHead ask(std::string_view method, std::string_view path,
                         std::vector<std::pair<std::string, std::string>> headers, std::string_view body) {
        return ask_url(method, *http::Url::parse(url(path)), std::move(headers), body);
    }
    http::ClientHead ask_url(std::string_view method, const http::Url& to,
                             std::vector<std::pair<std::string, std::string>> headers,
                             std::string_view body) {
        if (options_.with_password)
            headers.emplace_back("Authorization", cat("Basic ", base64_encode("tester:secret word")));
        auto answer = client_.send({.method = std::string(method),
                                    .url = to,
                                    .headers = std::move(headers),
                                    .body = std::string(body),
                                    .tls = {.skip_verify = true}});
        EXPECT_TRUE(answer.has_value()) << answer.error().message();
        if (!answer) return {};
        (void)answer->read_all(1 << 20);
        return answer->head();
    }

    RealRegistryOptions options_;
    std::string directory_;
    std::uint16_t port_ = 0;
    posix::Process process_;
    http::Client client_;
};

}  // namespace tare::registry
