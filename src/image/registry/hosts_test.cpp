#include "image/registry/hosts.h"

#include <cstdlib>

#include <gtest/gtest.h>

#include "base/text.h"
#include "posix/file.h"

namespace tare::registry {
namespace {

class Hosts : public testing::Test {
  protected:
    Hosts() {
        char name[] = "/tmp/tare-hosts-XXXXXX";
        directory_ = ::mkdtemp(name);
        options_.directories = {directory_};
    }
    ~Hosts() override { (void)posix::remove_tree(directory_); }

    void write(std::string_view host, std::string_view file, std::string_view text, mode_t mode = 0644) {
        ASSERT_TRUE(posix::make_directories(cat(directory_, "/", host), 0755).has_value());
        ASSERT_TRUE(posix::write_file_atomic(cat(directory_, "/", host, "/", file), text, mode).has_value());
    }
    std::vector<Endpoint> endpoints(std::string_view host) {
        auto found = endpoints_for(host, options_);
        EXPECT_TRUE(found.has_value()) << found.error().message();
        return found ? *found : std::vector<Endpoint>();
    }
    std::string addresses(std::string_view host) {
        std::string all;
        for (auto& endpoint : endpoints(host))
            all += cat(all.empty() ? "" : " ", endpoint.base.text());
        return all;
    }
    std::string error(std::string_view host) {
        auto found = endpoints_for(host, options_);
        return found ? "" : found.error().message();
    }

    std::string directory_;
    HostsOptions options_;
};

TEST_F(Hosts, without_configuration_a_registry_is_asked_over_https) {
    EXPECT_EQ(addresses("docker.io"), "https://registry-1.docker.io/v2");
    EXPECT_EQ(addresses("example.com:5000"), "https://example.com:5000/v2");
    EXPECT_FALSE(endpoints("example.com")[0].tls.skip_verify);
}

TEST_F(Hosts, plain_http_is_for_loopback_and_insecure_registries_only) {
    EXPECT_EQ(addresses("127.0.0.1:5000"), "https://127.0.0.1:5000/v2 http://127.0.0.1:5000/v2");
    EXPECT_EQ(addresses("localhost"), "https://localhost/v2 http://localhost/v2");
    options_.insecure_registries = {"plain.test:5000", "10.1.0.0/16"};
    EXPECT_EQ(addresses("plain.test:5000"), "https://plain.test:5000/v2 http://plain.test:5000/v2");
    EXPECT_EQ(addresses("10.1.2.3:5000"), "https://10.1.2.3:5000/v2 http://10.1.2.3:5000/v2");
    EXPECT_EQ(addresses("10.2.2.3:5000"), "https://10.2.2.3:5000/v2");
    EXPECT_EQ(addresses("plain.test"), "https://plain.test/v2");
}

TEST_F(Hosts, mirrors_come_first_in_the_order_of_the_file) {
    write("docker.io", "hosts.toml", R"(
server = "https://docker.io"
capabilities = ["pull", "resolve"]
[host."https://zebra.test"]
  capabilities = ["pull"]
  ca = ["ca.pem", "/etc/other.pem"]
  skip_verify = true
  client = [["client.cert", "client.key"]]
  [host."https://zebra.test".header]
    x-one = "1"
    x-two = ["a", "b"]
[host."http://ant.test:5000/some/path"]
  capabilities = ["resolve", "pull", "push"]
[host."https://exact.test/registry"]
  override_path = true
[host."bare.test"]
  ca = "/one.pem"
  client = "both.pem"
)");
    auto found = endpoints("docker.io");
    EXPECT_EQ(addresses("docker.io"),
              "https://zebra.test/v2 http://ant.test:5000/some/path/v2 https://exact.test/registry "
              "https://bare.test/v2 https://registry-1.docker.io/v2");
    ASSERT_EQ(found.size(), 5U);
    EXPECT_TRUE(found[0].can_pull);
    EXPECT_FALSE(found[0].can_resolve);
    EXPECT_TRUE(found[0].tls.skip_verify);
    EXPECT_EQ(found[0].tls.ca_files,
              (std::vector<std::string>{directory_ + "/docker.io/ca.pem", "/etc/other.pem"}));
    EXPECT_EQ(found[0].tls.client_cert_file, directory_ + "/docker.io/client.cert");
    EXPECT_EQ(found[0].tls.client_key_file, directory_ + "/docker.io/client.key");
    EXPECT_EQ(found[0].headers.size(), 3U);
    EXPECT_TRUE(found[1].can_resolve);
    EXPECT_TRUE(found[2].can_push);
    EXPECT_EQ(found[3].tls.client_cert_file, directory_ + "/docker.io/both.pem");
    EXPECT_FALSE(found[3].is_upstream);
    EXPECT_TRUE(found[4].is_upstream);
    EXPECT_FALSE(found[4].can_push);
}

TEST_F(Hosts, a_host_without_a_directory_falls_to_the_default_one) {
    write("_default", "hosts.toml", "[host.\"https://mirror.test\"]\n");
    EXPECT_EQ(addresses("any.test"), "https://mirror.test/v2 https://any.test/v2");
    write("any.test", "hosts.toml", "server = \"http://other.test\"\n");
    EXPECT_EQ(addresses("any.test"), "http://other.test/v2");
}

TEST_F(Hosts, a_port_can_be_spelled_for_file_systems_without_colons) {
    write("a.test_5000_", "hosts.toml", "server = \"http://one.test\"\n");
    EXPECT_EQ(addresses("a.test:5000"), "http://one.test/v2");
    EXPECT_EQ(addresses("a.test"), "https://a.test/v2");
}

TEST_F(Hosts, docker_s_certificates_are_found) {
    write("127.0.0.1:5000", "ca.crt", "");
    write("127.0.0.1:5000", "me.cert", "");
    EXPECT_NE(error("127.0.0.1:5000").find("missing key"), std::string::npos);
    write("127.0.0.1:5000", "me.key", "");
    auto found = endpoints("127.0.0.1:5000");
    ASSERT_EQ(found.size(), 1U) << "with certificates there is no falling back to plain http";
    EXPECT_EQ(found[0].tls.ca_files, std::vector{directory_ + "/127.0.0.1:5000/ca.crt"});
    EXPECT_EQ(found[0].tls.client_key_file, directory_ + "/127.0.0.1:5000/me.key");
    EXPECT_FALSE(found[0].tls.skip_verify);
}

TEST_F(Hosts, mirrors_of_the_daemon_s_configuration_are_for_docker_hub) {
    options_.registry_mirrors = {"https://mirror.test"};
    EXPECT_EQ(addresses("docker.io"), "https://mirror.test/v2 https://registry-1.docker.io/v2");
    EXPECT_EQ(addresses("a.test"), "https://a.test/v2");
}

TEST_F(Hosts, a_mistake_names_file_line_and_key) {
    write("a.test", "hosts.toml", "\n[host.\"https://b.test\"]\ncapabilities = [\"fly\"]\n");
    EXPECT_EQ(error("a.test"),
              cat(directory_, "/a.test/hosts.toml:3: capabilities: \"fly\" is none of pull, resolve, push"));
    write("b.test", "hosts.toml", "a = [\n");
    EXPECT_NE(error("b.test").find("/b.test/hosts.toml:"), std::string::npos);
    write("c.test", "hosts.toml", "skip_verify = \"yes\"\n");
    EXPECT_NE(error("c.test").find("skip_verify: expected true or false"), std::string::npos);
    write("d.test", "hosts.toml", "[host.\"ftp://x\"]\n");
    EXPECT_NE(error("d.test").find("neither http nor https"), std::string::npos) << error("d.test");
    write("e.test", "hosts.toml", "[host.\"https://x\".header]\na = \"b\\r\\nc: d\"\n");
    EXPECT_NE(error("e.test").find("not a header"), std::string::npos);
}

TEST_F(Hosts, a_file_that_others_can_write_is_refused) {
    write("a.test", "hosts.toml", "", 0666);
    EXPECT_NE(error("a.test").find("must be a file of root"), std::string::npos);
}

TEST_F(Hosts, im16_a_host_never_leaves_the_directory) {
    write("x", "hosts.toml", "server = \"http://evil.test\"\n");
    options_.directories = {directory_ + "/x/sub"};
    for (auto host : {"..", "../x", ".", "a/../../x"}) {
        auto found = endpoints_for(host, options_);
        if (!found) continue;
        for (auto& endpoint : *found)
            EXPECT_EQ(endpoint.base.text().find("evil"), std::string::npos) << host;
    }
}

}  // namespace
}  // namespace tare::registry
