#include "engine/container/config_json.h"

#include "engine/container/container_fixture.h"
#include "oci/image_config.h"

namespace tare::container {
namespace {

CreateRequest parse(std::string_view text) {
    auto document = parse_json(text);
    EXPECT_TRUE(document) << message_of(document);
    auto request = parse_create_request(JsonView(*document, "request"));
    EXPECT_TRUE(request) << message_of(request);
    return request.value_or(CreateRequest());
}

TEST(CreateRequest, what_the_docker_client_sends_is_understood) {
    CreateRequest request = parse(R"({
        "Hostname": "h", "User": "1000:adm", "Tty": true, "OpenStdin": true, "StdinOnce": true,
        "Env": ["A=1", "B"], "Cmd": ["sh", "-c", "true"], "Image": "alpine", "Entrypoint": null,
        "Labels": {"a": "b"}, "ExposedPorts": {"80/tcp": {}}, "Volumes": {"/data": {}},
        "Healthcheck": {"Test": ["CMD-SHELL", "true"], "Interval": 1000000000, "Retries": 2},
        "StopTimeout": 3,
        "HostConfig": {
            "Binds": ["/a:/b:ro"], "NetworkMode": "default", "AutoRemove": true, "Memory": 67108864,
            "PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}]},
            "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3}, "ConsoleSize": [24, 80],
            "Mounts": [{"Type": "tmpfs", "Target": "/t", "TmpfsOptions": {"SizeBytes": 4096, "Mode": 448}}],
            "Ulimits": [{"Name": "nofile", "Soft": 10, "Hard": 20}], "MaskedPaths": [], "PidsLimit": 5},
        "NetworkingConfig": {"EndpointsConfig": {"net": {"IPAMConfig": {"IPv4Address": "10.0.0.9"},
                                                         "Aliases": ["db"]}, "other": null}}})");
    EXPECT_EQ(request.config.user, "1000:adm");
    EXPECT_EQ(request.config.command, Strings({"sh", "-c", "true"}));
    EXPECT_FALSE(request.config.entrypoint.has_value());
    EXPECT_EQ(request.config.exposed_ports, Strings{"80/tcp"});
    EXPECT_EQ(request.config.healthcheck->interval, std::chrono::seconds(1));
    EXPECT_EQ(request.config.stop_timeout_seconds, 3);
    EXPECT_EQ(request.host_config.port_bindings.at(0).second.at(0).host_port, "8080");
    EXPECT_EQ(request.host_config.restart_policy.maximum_retry_count, 3);
    EXPECT_EQ(request.host_config.console_size->second, 80);
    EXPECT_EQ(request.host_config.mounts.at(0).tmpfs_mode, 0700U);
    EXPECT_EQ(request.host_config.resources.pids_limit, 5);
    EXPECT_EQ(request.host_config.masked_paths, Strings());
    EXPECT_FALSE(request.host_config.readonly_paths.has_value());
    ASSERT_EQ(request.networking.endpoints.size(), 2U);
    EXPECT_EQ(request.networking.endpoints[0].second.ipv4_address, "10.0.0.9");
}

TEST(CreateRequest, a_command_may_be_one_string) {
    CreateRequest request = parse(R"({"Cmd": "true", "Entrypoint": ""})");
    EXPECT_EQ(request.config.command, Strings{"true"});
    EXPECT_EQ(request.config.entrypoint, Strings{""});
}

TEST(CreateRequest, a_wrong_type_is_named_by_its_path) {
    auto document = parse_json(R"({"HostConfig": {"Memory": "1g"}})");
    EXPECT_EQ(message_of(parse_create_request(JsonView(*document, "request"))),
              "request: HostConfig.Memory: expected an integer");
}

TEST(CreateRequest, what_is_written_reads_back_the_same) {
    CreateRequest request = parse(R"({"Env": ["A=1"], "Cmd": [], "FutureField": {"x": [1]},
        "HostConfig": {"Init": true, "Devices": [{"PathOnHost": "/dev/fuse"}], "Tmpfs": {"/t": "size=1m"},
                       "SecurityOpt": ["no-new-privileges"], "FutureLimit": 7,
                       "Mounts": [{"Type": "volume", "Source": "v", "Target": "/v",
                                   "VolumeOptions": {"NoCopy": true, "Labels": {"a": "b"},
                                                     "DriverConfig": {"Name": "local", "Options": {"o": "p"}}}}]}})");
    auto config = parse_config(JsonView(to_json(request.config), "config"));
    const Json host_json = to_json(request.host_config);
    auto host = parse_host_config(JsonView(host_json, "host"));
    ASSERT_TRUE(config && host);
    EXPECT_EQ(*config, request.config);
    EXPECT_EQ(*host, request.host_config);
    EXPECT_EQ(*host_json.find("FutureLimit")->as_int64(), 7);
}

TEST(Container, the_document_of_the_store_reads_back_the_same) {
    Container container = test_container();
    container.state.status = Status::exited;
    container.state.finished_at = Time(std::chrono::nanoseconds(1'700'000'000'123'456'789));
    container.state.health = Health{.status = "unhealthy", .failing_streak = 3, .log = {{.exit_code = 1}}};
    container.mount_points.push_back({.type = "volume",
                                      .name = "data",
                                      .source = "/v",
                                      .destination = "/data",
                                      .is_writable = false,
                                      .copies_up = false,
                                      .is_anonymous = true});
    container.network_settings.networks.emplace_back("bridge", EndpointSettings{.ip_address = "172.17.0.2"});
    container.network_settings.ports = {{"80/tcp", {{"0.0.0.0", "8080"}}}, {"81/tcp", {}}};
    auto back = parse_container(JsonView(to_json(container), "container"));
    ASSERT_TRUE(back) << message_of(back);
    EXPECT_EQ(*back, container);
}

oci::ImageConfig image() {
    oci::ImageConfig image;
    image.config.entrypoint = {"/entry"};
    image.config.cmd = {"default"};
    image.config.env = {"PATH=/bin", "A=image"};
    image.config.working_dir = "/app";
    image.config.labels = {{"a", "image"}, {"b", "image"}};
    image.config.exposed_ports = {"80/tcp"};
    image.config.health_check = oci::HealthCheck{.test = {"CMD", "check"}, .retries = 5};
    return image;
}

TEST(ImageDefaults, fill_what_the_client_left_open) {
    Config config;
    config.env = {"A=mine"};
    config.labels = {{"a", "mine"}};
    merge_image_config(config, image());
    EXPECT_EQ(config.entrypoint, Strings{"/entry"});
    EXPECT_EQ(config.command, Strings{"default"});
    EXPECT_EQ(config.env, Strings({"A=mine", "PATH=/bin"}));
    EXPECT_EQ(config.labels, StringMap({{"a", "mine"}, {"b", "image"}}));
    EXPECT_EQ(config.working_directory, "/app");
    EXPECT_EQ(config.healthcheck->retries, 5);
}

TEST(ImageDefaults, a_command_keeps_the_images_entrypoint) {
    Config config;
    config.command = Strings{"mine"};
    merge_image_config(config, image());
    EXPECT_EQ(config.entrypoint, Strings{"/entry"});
    EXPECT_EQ(config.command, Strings{"mine"});
}

TEST(ImageDefaults, an_entrypoint_drops_the_images_command) {
    Config config;
    config.entrypoint = Strings{"/mine"};
    merge_image_config(config, image());
    EXPECT_EQ(config.entrypoint, Strings{"/mine"});
    EXPECT_FALSE(config.command.has_value());
}

TEST(ImageDefaults, an_empty_entrypoint_means_none_at_all) {
    Config config;
    config.entrypoint = Strings{""};
    config.command = Strings{"sh"};
    merge_image_config(config, image());
    EXPECT_FALSE(config.entrypoint.has_value());
    EXPECT_EQ(config.command, Strings{"sh"});
}

TEST(ImageDefaults, a_health_check_is_inherited_field_by_field) {
    Config config;
    config.healthcheck = Healthcheck{.retries = 1};
    merge_image_config(config, image());
    EXPECT_EQ(config.healthcheck->test, Strings({"CMD", "check"}));
    EXPECT_EQ(config.healthcheck->retries, 1);
}

TEST(Security, sd2_a_variable_of_an_image_without_a_value_is_left_out) {
    oci::ImageConfig odd = image();
    odd.config.env = {"SECRET", "", "=x", "*", "A=image"};
    Config config;
    merge_image_config(config, odd);
    EXPECT_EQ(config.env, Strings{"A=image"});
}

TEST(Security, sd9_an_image_sets_no_label_that_a_manager_obeys) {
    oci::ImageConfig hostile = image();
    for (const char* key : {"containerd.io/restart.loguri", "containerd.io/gc.root", "io.cri-containerd.kind",
                            "io.kubernetes.cri.sandbox-id", "io.containerd.image.source", "tare.anything"})
        hostile.config.labels.emplace_back(key, "binary:///tmp/x");
    Config config;
    config.labels = {{"tare.mine", "the client's own"}};
    merge_image_config(config, hostile);
    EXPECT_EQ(config.labels, StringMap({{"tare.mine", "the client's own"}, {"a", "image"}, {"b", "image"}}));
}

TEST(Healthcheck, none_disables_it) {
    EXPECT_FALSE(Healthcheck{.test = {"NONE"}}.is_enabled());
    EXPECT_TRUE((Healthcheck{.test = {"CMD", "x"}}.is_enabled()));
    EXPECT_EQ(Healthcheck{}.effective().interval, std::chrono::seconds(30));
}

}  // namespace
}  // namespace tare::container
