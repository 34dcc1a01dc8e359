#include <gtest/gtest.h>

#include "cli/docker/create_options.h"
#include "cli/docker/each_name.h"

namespace tare::cli::docker {
namespace {

// The request for this command line behind `run`, or {"error": …}.
Json request(std::vector<std::string> words) {
    CreateOptions options;
    FlagSet flags;
    define_create_flags(flags, options);
    auto arguments = flags.parse(words, FlagSet::Interspersed::no);
    if (!arguments) return Json::object().set("error", arguments.error().message());
    options.image = arguments->at(0);
    options.command.assign(arguments->begin() + 1, arguments->end());
    auto made = create_request(options, flags, "/cwd");
    return made ? *made : Json::object().set("error", made.error().message());
}

std::string host(const Json& made, std::string_view key) {
    return dump(member_at(member_at(made, "HostConfig"), key));
}
std::string config(const Json& made, std::string_view key) {
    return dump(member_at(made, key));
}
std::string error(std::vector<std::string> words) {
    return text_at(request(std::move(words)), "error");
}

TEST(CreateRequest, a_bare_image_leaves_everything_to_the_daemon) {
    Json made = request({"bb"});
    EXPECT_EQ(config(made, "Image"), "\"bb\"");
    EXPECT_EQ(config(made, "Cmd"), "null");
    EXPECT_EQ(config(made, "AttachStdout"), "true");
    EXPECT_EQ(config(made, "AttachStdin"), "false");
    EXPECT_EQ(made.find("Entrypoint"), nullptr);
    EXPECT_EQ(host(made, "NetworkMode"), "\"default\"");
    EXPECT_EQ(host(made, "RestartPolicy"), R"({"Name":"no","MaximumRetryCount":0})");
    EXPECT_EQ(host(made, "MemorySwappiness"), "-1");
    EXPECT_EQ(host(made, "PidsLimit"), "null");
    EXPECT_EQ(host(made, "Init"), "null");
    EXPECT_EQ(config(made, "NetworkingConfig"), R"({"EndpointsConfig":{}})");
}

TEST(CreateRequest, flags_end_at_the_image) {
    Json made = request({"-it", "bb", "ls", "-l", "--rm"});
    EXPECT_EQ(config(made, "Cmd"), R"(["ls","-l","--rm"])");
    EXPECT_EQ(config(made, "OpenStdin"), "true");
    EXPECT_EQ(config(made, "StdinOnce"), "true");
    EXPECT_EQ(config(made, "Tty"), "true");
    EXPECT_EQ(host(made, "AutoRemove"), "false");
}

TEST(CreateRequest, attach_chooses_streams) {
    Json made = request({"-a", "STDERR", "bb"});
    EXPECT_EQ(config(made, "AttachStdout"), "false");
    EXPECT_EQ(config(made, "AttachStderr"), "true");
    EXPECT_EQ(
        error({"-a", "foo", "bb"}),
        "invalid argument \"foo\" for \"-a, --attach\" flag: valid streams are STDIN, STDOUT and STDERR");
}

TEST(CreateRequest, volumes_split_into_binds_and_anonymous_ones) {
    Json made = request({"-v", "/a:/b:ro", "-v", "./x:/y", "-v", "/anon", "-v", "name:/n", "bb"});
    EXPECT_EQ(host(made, "Binds"), R"(["/a:/b:ro","/cwd/x:/y","name:/n"])");
    EXPECT_EQ(config(made, "Volumes"), R"({"/anon":{}})");
    EXPECT_EQ(host(request({"--tmpfs", "/t:size=1m", "bb"}), "Tmpfs"), R"({"/t":"size=1m"})");
    EXPECT_EQ(host(request({"--mount", "type=bind,src=./a,dst=/b", "bb"}), "Mounts"),
              R"([{"Type":"bind","Source":"/cwd/a","Target":"/b"}])");
}

TEST(CreateRequest, ports_are_bound_and_exposed) {
    Json made = request({"-p", "8080:80", "--expose", "90/udp", "bb"});
    EXPECT_EQ(host(made, "PortBindings"), R"({"80/tcp":[{"HostIp":"","HostPort":"8080"}]})");
    EXPECT_EQ(config(made, "ExposedPorts"), R"({"80/tcp":{},"90/udp":{}})");
}

TEST(CreateRequest, environment_and_labels_keep_their_order) {
    Json made = request({"-e", "A=1", "-e", "A=2", "-l", "x", "-l", "y=z=w", "bb"});
    EXPECT_EQ(config(made, "Env"), R"(["A=1","A=2"])");
    EXPECT_EQ(config(made, "Labels"), R"({"x":"","y":"z=w"})");
    EXPECT_EQ(error({"--env-file", "/nonexistent", "bb"}), "open /nonexistent: no such file or directory");
}

TEST(CreateRequest, an_empty_entrypoint_resets_the_image_s) {
    EXPECT_EQ(config(request({"--entrypoint", "", "bb"}), "Entrypoint"), R"([""])");
    EXPECT_EQ(config(request({"--entrypoint", "sh", "bb"}), "Entrypoint"), R"(["sh"])");
}

TEST(CreateRequest, resources) {
    Json made = request({"-m", "64m", "--memory-swap", "-1", "--cpus", "1.5", "-c", "512", "--pids-limit",
                         "-1", "--ulimit", "nofile=1:2", "--device", "/dev/null", "--blkio-weight", "300",
                         "--shm-size", "1g", "bb"});
    EXPECT_EQ(host(made, "Memory"), "67108864");
    EXPECT_EQ(host(made, "MemorySwap"), "-1");
    EXPECT_EQ(host(made, "NanoCpus"), "1500000000");
    EXPECT_EQ(host(made, "CpuShares"), "512");
    EXPECT_EQ(host(made, "PidsLimit"), "-1");
    EXPECT_EQ(host(made, "Ulimits"), R"([{"Name":"nofile","Soft":1,"Hard":2}])");
    EXPECT_EQ(host(made, "ShmSize"), "1073741824");
    EXPECT_EQ(host(made, "BlkioWeight"), "300");
    EXPECT_NE(host(made, "Devices").find("\"PathOnHost\":\"/dev/null\""), std::string::npos);
}

TEST(CreateRequest, cdi_devices_become_a_request) {
    EXPECT_EQ(host(request({"--device", "vendor.com/gpu=0", "bb"}), "DeviceRequests"),
              R"([{"Driver":"cdi","Count":0,"DeviceIDs":["vendor.com/gpu=0"]}])");
    EXPECT_NE(error({"--gpus", "all", "bb"}).find("could not select device driver"), std::string::npos);
}

TEST(CreateRequest, networks) {
    Json made = request({"--network", "net", "--ip", "10.0.0.2", "--network-alias", "db", "bb"});
    EXPECT_EQ(host(made, "NetworkMode"), "\"net\"");
    EXPECT_EQ(config(made, "NetworkingConfig"),
              R"({"EndpointsConfig":{"net":{"IPAMConfig":{"IPv4Address":"10.0.0.2"},"Aliases":["db"]}}})");
    EXPECT_EQ(host(request({"--net", "host", "bb"}), "NetworkMode"), "\"host\"");
    EXPECT_EQ(error({"--network", "a", "--network", "bridge", "bb"}),
              "conflicting options: cannot attach both user-defined and non-user-defined network-modes");
    EXPECT_EQ(error({"--network", "a", "--network", "a", "bb"}), "network \"a\" is specified multiple times");
    EXPECT_EQ(error({"--network", "bridge", "--network-alias", "x", "bb"}),
              "network-scoped aliases are only supported for user-defined networks");
    EXPECT_EQ(error({"--mac-address", "foo", "bb"}), "foo is not a valid mac address");
}

TEST(CreateRequest, health_checks) {
    Json made = request({"--health-cmd", "true", "--health-interval", "5s", "--health-retries", "2", "bb"});
    EXPECT_EQ(config(made, "Healthcheck"),
              R"({"Test":["CMD-SHELL","true"],"Interval":5000000000,"Retries":2})");
    EXPECT_EQ(config(request({"--no-healthcheck", "bb"}), "Healthcheck"), R"({"Test":["NONE"]})");
    EXPECT_EQ(error({"--no-healthcheck", "--health-cmd", "x", "bb"}),
              "--no-healthcheck conflicts with --health-* options");
    EXPECT_EQ(error({"--health-retries", "-1", "bb"}), "--health-retries cannot be negative");
}

TEST(CreateRequest, options_that_exclude_each_other) {
    EXPECT_EQ(error({"--rm", "--restart", "always", "bb"}),
              "conflicting options: cannot specify both --restart and --rm");
    EXPECT_EQ(error({"--log-driver", "none", "--log-opt", "a=b", "bb"}),
              "invalid logging opts for driver none");
    EXPECT_EQ(error({"--pid", "foo", "bb"}), "--pid: invalid PID mode");
    EXPECT_EQ(error({"--pid", "container:", "bb"}), "--pid: invalid PID mode");
    EXPECT_EQ(host(request({"--pid", "container:x", "bb"}), "PidMode"), "\"container:x\"");
    EXPECT_EQ(error({"--memory-swappiness", "101", "bb"}),
              "invalid value: 101. Valid memory swappiness range is 0-100");
}

TEST(CreateRequest, security_options) {
    Json made = request({"--security-opt", "no-new-privileges", "--security-opt", "systempaths=unconfined",
                         "--security-opt", "label:disable", "bb"});
    EXPECT_EQ(host(made, "SecurityOpt"), R"(["no-new-privileges","label:disable"])");
    EXPECT_EQ(host(made, "MaskedPaths"), "[]");
    EXPECT_EQ(error({"--security-opt", "foo", "bb"}), "Invalid --security-opt: \"foo\"");
    EXPECT_EQ(error({"--security-opt", "seccomp=/nonexistent", "bb"}),
              "opening seccomp profile (/nonexistent) failed: open /nonexistent: no such file or directory");
}

}  // namespace
}  // namespace tare::cli::docker
