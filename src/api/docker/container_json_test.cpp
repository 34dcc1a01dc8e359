#include "api/docker/container_json.h"

#include <gtest/gtest.h>

#include "api/docker/container_filter.h"
#include "api/docker/image_json.h"
#include "api/docker/network_json.h"
#include "api/docker/volume_json.h"

namespace tare::docker {
namespace {

using namespace std::chrono_literals;
using container::Container;
using container::Status;

const Time kNow(1'700'000'000s);

Container web() {
    Container container;
    container.space = "default";
    container.id = std::string(64, 'a');
    container.name = "web";
    container.created = kNow - 1h;
    container.image_id = "sha256:" + std::string(64, 'b');
    container.snapshotter = "overlayfs";
    container.config.image = "busybox";
    container.config.command = std::vector<std::string>{"sh", "-c", "echo hi"};
    container.config.labels = {{"tier", "front"}};
    container.config.exposed_ports = {"80/tcp"};
    container.host_config.network_mode = "bridge";
    container.state.status = Status::running;
    container.state.pid = 42;
    container.state.has_been_started_before = true;
    container.state.started_at = kNow - 5min;
    container.network_settings.ports = {{"80/tcp", {{"0.0.0.0", "8080"}}}, {"53/udp", {}}};
    container::EndpointSettings endpoint;
    endpoint.network_id = "n1";
    endpoint.ip_address = "172.17.0.2";
    endpoint.ip_prefix_length = 16;
    endpoint.gateway = "172.17.0.1";
    container.network_settings.networks = {{"bridge", endpoint}};
    container.mount_points = {
        {.type = "volume", .name = "data", .source = "/v/data/_data", .destination = "/data"}};
    return container;
}

TEST(ContainerJson, a_list_shows_what_docker_ps_needs) {
    Json line = summary_document(web(), "busybox", std::nullopt, {1, 43}, kNow);
    EXPECT_EQ(*line.find("Command")->as_string(), "sh -c 'echo hi'");
    EXPECT_EQ(*line.find("Status")->as_string(), "Up 5 minutes");
    EXPECT_EQ(*line.find("State")->as_string(), "running");
    EXPECT_EQ(dump(*line.find("Names")), R"(["/web"])");
    EXPECT_EQ(
        dump(*line.find("Ports")),
        R"([{"IP":"0.0.0.0","PrivatePort":80,"PublicPort":8080,"Type":"tcp"},{"PrivatePort":53,"Type":"udp"}])");
    EXPECT_EQ(dump(*line.find("HostConfig")), R"({"NetworkMode":"bridge"})");
    EXPECT_EQ(line.find("SizeRw"), nullptr);
    EXPECT_EQ(line.find("Health"), nullptr);
    EXPECT_EQ(dump(*summary_document(web(), "busybox", ContainerSize{1, 2}, {1, 52}, kNow).find("Health")),
              R"({"Status":"none","FailingStreak":0})");
}

TEST(ContainerJson, status_reads_as_docker_ps) {
    container::ContainerState state = web().state;
    state.health = container::Health{.status = "starting"};
    EXPECT_EQ(status_text(state, kNow), "Up 5 minutes (health: starting)");
    state.health->status = "unhealthy";
    EXPECT_EQ(status_text(state, kNow), "Up 5 minutes (unhealthy)");
    state.status = Status::paused;
    EXPECT_EQ(status_text(state, kNow), "Up 5 minutes (Paused)");
    state.status = Status::exited;
    state.exit_code = 137;
    state.finished_at = kNow - 3s;
    EXPECT_EQ(status_text(state, kNow), "Exited (137) 3 seconds ago");
    state.status = Status::restarting;
    EXPECT_EQ(status_text(state, kNow), "Restarting (137) 3 seconds ago");
    EXPECT_EQ(status_text({}, kNow), "Created");
}

TEST(ContainerJson, inspect_has_dockers_members_in_their_order) {
    Json document = inspect_document(web(), {}, std::nullopt, {1, 50});
    std::string names;
    for (const auto& [name, value] : *document.as_object())
        names += name + " ";
    EXPECT_EQ(names,
              "Id Created Path Args State Image ResolvConfPath HostnamePath HostsPath LogPath Name "
              "RestartCount Driver "
              "Platform MountLabel ProcessLabel AppArmorProfile ExecIDs HostConfig GraphDriver Mounts Config "
              "NetworkSettings ");
    EXPECT_EQ(*document.find("Path")->as_string(), "sh");
    EXPECT_EQ(dump(*document.find("Args")), R"(["-c","echo hi"])");
    EXPECT_TRUE(document.find("ExecIDs")->is_null());
    EXPECT_EQ(*document.find("Name")->as_string(), "/web");
    EXPECT_EQ(*document.find("NetworkSettings")->find("IPAddress")->as_string(), "172.17.0.2");
    EXPECT_EQ(dump(*document.find("GraphDriver")), R"({"Data":null,"Name":"overlayfs"})");
    EXPECT_EQ(
        dump(*document.find("Mounts")),
        R"([{"Type":"volume","Name":"data","Source":"/v/data/_data","Destination":"/data","Mode":"","RW":true,)"
        R"("Propagation":""}])");
}

TEST(ContainerJson, addresses_beside_the_networks_ended_with_1_52) {
    Json document = inspect_document(web(), {"e1"}, ContainerSize{1, 2}, {1, 52});
    EXPECT_EQ(document.find("NetworkSettings")->find("IPAddress"), nullptr);
    EXPECT_EQ(document.find("GraphDriver"), nullptr);
    EXPECT_EQ(dump(*document.find("Storage")), R"({"RootFS":{"Snapshot":{"Name":"overlayfs"}}})");
    EXPECT_EQ(dump(*document.find("ExecIDs")), R"(["e1"])");
    EXPECT_EQ(document.find("SizeRootFs")->as_int64(), 2);
}

TEST(ContainerJson, ports_are_those_of_a_running_container) {
    Container container = web();
    container.state.status = Status::exited;
    EXPECT_EQ(dump(port_list(container)), "[]");
    Json document = inspect_document(container, {}, std::nullopt, {1, 50});
    EXPECT_EQ(dump(*document.find("NetworkSettings")->find("Ports")), "{}");
}

// The names that a query leaves of web (running), old (exited, older) and new (created, youngest).
std::string shown(std::string_view filters, bool all = false, std::size_t limit = 0) {
    Container old = web();
    old.name = "old";
    old.id = std::string(64, 'c');
    old.created = kNow - 2h;
    old.state.status = Status::exited;
    old.state.exit_code = 3;
    old.mount_points.clear();
    old.network_settings = {};
    old.config.exposed_ports.clear();
    Container fresh = web();
    fresh.name = "new";
    fresh.created = kNow;
    fresh.state = {};
    std::vector<container::ContainerRef> containers;
    for (const Container& container : {fresh, web(), old})
        containers.push_back(std::make_shared<const Container>(container));
    Lookup lookup{.container = [&](const std::string& reference) -> Result<container::ContainerRef> {
                      for (const auto& container : containers)
                          if (container->name == reference) return container;
                      return fail(ErrorKind::not_found, "No such container: ", reference);
                  },
                  .image_ids =
                      [](const std::string& reference) {
                          return reference == "busybox"
                                     ? std::vector<std::string>{"sha256:" + std::string(64, 'b')}
                                     : std::vector<std::string>();
                      }};
    auto parsed = Filters::parse(filters);
    if (!parsed) return parsed.error().message();
    auto selected = select(containers, {.all = all, .limit = limit, .filters = *parsed}, lookup);
    if (!selected) return selected.error().message();
    std::string names;
    for (const auto& container : *selected)
        names += container->name + " ";
    return names;
}

TEST(ContainerFilter, shows_what_runs_unless_asked_for_more) {
    EXPECT_EQ(shown(""), "web ");
    EXPECT_EQ(shown("", true), "new web old ");
    EXPECT_EQ(shown("", false, 2), "new web ");
}

TEST(ContainerFilter, each_filter_leaves_what_it_names) {
    EXPECT_EQ(shown(R"({"status":["exited"]})"), "old ");
    EXPECT_EQ(shown(R"({"status":["exited","created"]})"), "new old ");
    EXPECT_EQ(shown(R"({"exited":["3"]})", true), "old ");
    EXPECT_EQ(shown(R"({"name":["^we"]})", true), "web ");
    EXPECT_EQ(shown(R"({"name":["/web"]})", true), "web ");
    EXPECT_EQ(shown(R"({"id":["ccc"]})", true), "old ");
    EXPECT_EQ(shown(R"({"label":["tier=front"]})"), "web ");
    EXPECT_EQ(shown(R"({"label":["tier=back"]})"), "");
    EXPECT_EQ(shown(R"({"before":["web"]})", true), "old ");
    EXPECT_EQ(shown(R"({"since":["web"]})", true), "new ");
    EXPECT_EQ(shown(R"({"volume":["data"]})"), "web ");
    EXPECT_EQ(shown(R"({"volume":["/data"]})"), "web ");
    EXPECT_EQ(shown(R"({"volume":["other"]})"), "");
    EXPECT_EQ(shown(R"({"network":["bridge"]})"), "web ");
    EXPECT_EQ(shown(R"({"publish":["8000-8100"]})"), "web ");
    EXPECT_EQ(shown(R"({"publish":["80"]})"), "");
    EXPECT_EQ(shown(R"({"expose":["80/tcp"]})"), "web ");
    EXPECT_EQ(shown(R"({"ancestor":["busybox"]})"), "web ");
    EXPECT_EQ(shown(R"({"ancestor":["redis"]})"), "");
    EXPECT_EQ(shown(R"({"health":["none"]})"), "web ");
    EXPECT_EQ(shown(R"({"is-task":["true"]})"), "");
}

TEST(ContainerFilter, wrong_values_are_refused) {
    EXPECT_EQ(shown(R"({"status":["flying"]})"), "invalid filter 'status=flying'");
    EXPECT_EQ(shown(R"({"colour":["red"]})"), "invalid filter 'colour'");
    EXPECT_EQ(shown(R"({"exited":["x"]})"), "invalid filter 'exited=x'");
    EXPECT_EQ(shown(R"({"before":["nobody"]})"), "No such container: nobody");
    EXPECT_EQ(shown(R"({"publish":["90-80"]})"), "invalid port range: \"90-80\"");
}

transfer::ResolvedImage redis() {
    transfer::ResolvedImage image;
    image.names = {"docker.io/library/redis:7", "docker.io/library/redis:latest"};
    image.target.digest = Digest::sha256_of_hex(std::string(64, '1'));
    image.manifest.config.digest = Digest::sha256_of_hex(std::string(64, '2'));
    image.config.created = "2023-11-14T22:13:20Z";
    image.config.platform = {.os = "linux", .architecture = "amd64"};
    image.config.config.cmd = {"redis-server"};
    image.config.config.exposed_ports = {"6379/tcp"};
    image.config.diff_ids = {Digest::sha256_of_hex(std::string(64, '3'))};
    image.config.history = {{.created = "2023-11-14T22:13:20Z", .created_by = "ADD", .comment = ""},
                            {.created = "2023-11-14T22:13:21Z", .created_by = "CMD", .empty_layer = true}};
    image.size_bytes = 1234;
    return image;
}

TEST(ImageJson, a_list_shows_names_as_people_write_them) {
    Json line = image_summary(redis(), -1, {1, 43});
    EXPECT_EQ(dump(*line.find("RepoTags")), R"(["redis:7","redis:latest"])");
    EXPECT_EQ(dump(*line.find("RepoDigests")), "[\"redis@sha256:" + std::string(64, '1') + "\"]");
    EXPECT_EQ(line.find("Created")->as_int64(), 1'700'000'000);
    EXPECT_EQ(line.find("VirtualSize")->as_int64(), 1234);
    EXPECT_TRUE(line.find("Labels")->is_null());
    EXPECT_EQ(image_summary(redis(), -1, {1, 44}).find("VirtualSize"), nullptr);
}

TEST(ImageJson, inspect_follows_the_clients_version) {
    Json old = image_document(redis(), "overlayfs", {1, 41});
    EXPECT_EQ(dump(*old.find("Config")->find("Entrypoint")), "null");
    EXPECT_EQ(dump(*old.find("Config")->find("Cmd")), R"(["redis-server"])");
    EXPECT_NE(old.find("VirtualSize"), nullptr);
    Json fresh = image_document(redis(), "overlayfs", {1, 52});
    EXPECT_EQ(dump(*fresh.find("Config")), R"({"ExposedPorts":{"6379/tcp":{}},"Cmd":["redis-server"]})");
    EXPECT_EQ(fresh.find("GraphDriver"), nullptr);
    EXPECT_EQ(dump(*fresh.find("RootFS")),
              R"({"Type":"layers","Layers":["sha256:)" + std::string(64, '3') + R"("]})");
}

TEST(ImageJson, history_begins_with_the_newest_step) {
    Json history = history_document(redis(), {99});
    ASSERT_EQ(history.as_array()->size(), 2u);
    const Json& newest = (*history.as_array())[0];
    EXPECT_EQ(*newest.find("Id")->as_string(), "sha256:" + std::string(64, '2'));
    EXPECT_EQ(newest.find("Size")->as_int64(), 0);
    const Json& oldest = (*history.as_array())[1];
    EXPECT_EQ(*oldest.find("Id")->as_string(), "<missing>");
    EXPECT_EQ(oldest.find("Size")->as_int64(), 99);
    EXPECT_TRUE(oldest.find("Tags")->is_null());
}

TEST(NetworkJson, a_network_shows_its_containers) {
    network::Network bridge;
    bridge.id = "n1";
    bridge.name = "bridge";
    bridge.driver = "bridge";
    bridge.subnet = *network::Subnet::parse("172.17.0.0/16");
    bridge.range = bridge.subnet;
    bridge.gateway = *network::Ipv4::parse("172.17.0.1");
    bridge.created = kNow;
    network::Endpoint endpoint;
    endpoint.endpoint_id = "e1";
    endpoint.address = *network::Ipv4::parse("172.17.0.2");
    endpoint.prefix = 16;
    endpoint.mac = network::Mac::of_address(endpoint.address);
    Json document = network_document(bridge, {{"c1", "web", endpoint}}, {1, 43});
    EXPECT_EQ(
        dump(*document.find("IPAM")),
        R"({"Driver":"default","Options":null,"Config":[{"Subnet":"172.17.0.0/16","Gateway":"172.17.0.1"}]})");
    EXPECT_EQ(dump(*document.find("Containers")),
              R"({"c1":{"Name":"web","EndpointID":"e1","MacAddress":"02:42:ac:11:00:02",)"
              R"("IPv4Address":"172.17.0.2/16","IPv6Address":""}})");
}

TEST(NetworkJson, requests_are_read_with_their_addresses) {
    auto parse = [](std::string_view text) {
        Json body = *parse_json(text);
        return parse_network_request(JsonView(body, "request"));
    };
    auto request = parse(
        R"({"Name":"n","Driver":"","Labels":{"a":"b"},"IPAM":{"Config":[{"Subnet":"10.1.0.0/24","Gateway":"10.1.0.9"}]}})");
    ASSERT_TRUE(request.has_value());
    EXPECT_EQ(request->driver, "bridge");
    EXPECT_EQ(request->subnet->text(), "10.1.0.0/24");
    EXPECT_EQ(request->gateway->text(), "10.1.0.9");
    EXPECT_FALSE(parse(R"({"Name":"n","IPAM":{"Config":[{"Subnet":"10.1.0.0/99"}]}})").has_value());
    EXPECT_FALSE(parse(R"({"Name":"n","EnableIPv6":true})").has_value());
    EXPECT_FALSE(parse(R"({"Name":1})").has_value());
}

TEST(VolumeJson, a_volume_without_labels_says_null) {
    volume::Volume data{
        .name = "data", .mountpoint = "/v/data/_data", .labels = {}, .options = {}, .created = kNow};
    EXPECT_EQ(
        dump(volume_document(data)),
        R"({"CreatedAt":"2023-11-14T22:13:20Z","Driver":"local","Labels":null,"Mountpoint":"/v/data/_data",)"
        R"("Name":"data","Options":null,"Scope":"local"})");
    data.is_anonymous = true;
    EXPECT_EQ(dump(*volume_document(data, volume::Usage{5, 1}).find("UsageData")),
              R"({"RefCount":1,"Size":5})");
}

}  // namespace
}  // namespace tare::docker
