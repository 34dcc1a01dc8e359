// The small languages of options: ports, mounts, devices, limits, networks, key=value files.

#include <gtest/gtest.h>

#include "cli/common/key_value.h"
#include "cli/common/mount_spec.h"
#include "cli/common/network_spec.h"
#include "cli/common/port_spec.h"
#include "cli/common/resource_spec.h"

namespace tare::cli {
namespace {

using Words = std::vector<std::string>;

std::string ports(std::string_view option) {
    auto mappings = parse_publish(option);
    if (!mappings) return mappings.error().message();
    std::string out;
    for (const PortMapping& mapping : *mappings)
        out += cat(mapping.host_ip, '|', mapping.host_port, '|', mapping.container_port, ' ');
    return out;
}

TEST(Ports, every_form_of_publish) {
    EXPECT_EQ(ports("80"), "||80/tcp ");
    EXPECT_EQ(ports("8080:80"), "|8080|80/tcp ");
    EXPECT_EQ(ports("127.0.0.1:8080:80/udp"), "127.0.0.1|8080|80/udp ");
    EXPECT_EQ(ports("127.0.0.1::80"), "127.0.0.1||80/tcp ");
    EXPECT_EQ(ports("[::1]:53:53/UDP"), "::1|53|53/udp ");
    EXPECT_EQ(ports("::1:53:53"), "::1|53|53/tcp ");
    EXPECT_EQ(ports("8000-8001:80-81"), "|8000|80/tcp |8001|81/tcp ");
    EXPECT_EQ(ports("8000-8010:80"), "|8000-8010|80/tcp ");
    EXPECT_EQ(ports("published=8080,target=80,protocol=udp"), "|8080|80/udp ");
    EXPECT_EQ(ports("target=80"), "||80/tcp ");
}

TEST(Ports, mistakes_in_docker_s_words) {
    EXPECT_EQ(ports("80:80:80:80"), "invalid IP address: 80:80");
    EXPECT_EQ(ports("x:80"), "invalid hostPort: x");
    EXPECT_EQ(ports("80:x"), "invalid containerPort: x");
    EXPECT_EQ(ports("80:99999"), "invalid containerPort: 99999");
    EXPECT_EQ(ports("80:"), "no port specified: 80:<empty>");
    EXPECT_EQ(ports("80:80/foo"), "invalid proto: foo");
    EXPECT_EQ(ports("90-80:80"), "invalid hostPort: 90-80");
    EXPECT_EQ(ports("80-82:90-91"), "invalid ranges specified for container and host Ports: 90-91 and 80-82");
    EXPECT_EQ(ports("a=b,c"), "invalid publish opts format (should be name=value but got 'c')");
}

TEST(Ports, expose) {
    EXPECT_EQ(parse_expose("80").value(), Words{"80/tcp"});
    EXPECT_EQ(parse_expose("80-81/udp").value(), (Words{"80/udp", "81/udp"}));
    EXPECT_EQ(parse_expose("80:80").error().message(), "invalid port format for --expose: 80:80");
}

TEST(Ports, json_groups_bindings_by_port) {
    std::vector<PortMapping> mappings{{"80/tcp", "", "1"}, {"80/tcp", "::1", "2"}};
    EXPECT_EQ(dump(port_bindings_json(mappings)),
              R"({"80/tcp":[{"HostIp":"","HostPort":"1"},{"HostIp":"::1","HostPort":"2"}]})");
    EXPECT_EQ(dump(exposed_ports_json(mappings, {"9/udp"})), R"({"80/tcp":{},"9/udp":{}})");
    EXPECT_EQ(join_host_port("::1", "80"), "[::1]:80");
    EXPECT_EQ(join_host_port("0.0.0.0", "80"), "0.0.0.0:80");
}

TEST(Volumes, forms) {
    auto bind = parse_volume("/a:/b:ro", "/cwd").value();
    EXPECT_EQ(bind.type, VolumeOption::Type::bind);
    EXPECT_EQ(bind.bind, "/a:/b:ro");
    EXPECT_EQ(parse_volume("./x:/b", "/cwd").value().bind, "/cwd/x:/b");
    EXPECT_EQ(parse_volume("..:/b", "/cwd/d").value().bind, "/cwd:/b");
    auto named = parse_volume("data:/b:nocopy", "/cwd").value();
    EXPECT_EQ(named.type, VolumeOption::Type::volume);
    EXPECT_EQ(named.bind, "data:/b:nocopy");
    auto anonymous = parse_volume("/data", "/cwd").value();
    EXPECT_EQ(anonymous.type, VolumeOption::Type::anonymous);
    EXPECT_EQ(anonymous.target, "/data");
}

TEST(Volumes, mistakes) {
    EXPECT_EQ(parse_volume("/a:/b:/c:/d", "/").error().message(),
              "invalid spec: /a:/b:/c:/d: too many colons");
    EXPECT_EQ(parse_volume("/a::/c", "/").error().message(),
              "invalid spec: /a::/c: empty section between colons");
    EXPECT_EQ(parse_volume("", "/").error().message(), "invalid empty volume spec");
}

std::string mount(std::string_view option) {
    auto parsed = parse_mount(option, "/cwd");
    return parsed ? dump(*parsed) : parsed.error().message();
}

TEST(Mounts, each_type) {
    EXPECT_EQ(mount("type=bind,src=/a,dst=/b,ro"),
              R"({"Type":"bind","Source":"/a","Target":"/b","ReadOnly":true})");
    EXPECT_EQ(mount("type=bind,src=./a,target=/b,bind-propagation=rshared"),
              R"({"Type":"bind","Source":"/cwd/a","Target":"/b","BindOptions":{"Propagation":"rshared"}})");
    EXPECT_EQ(mount("dst=/b"), R"({"Type":"volume","Target":"/b"})");
    EXPECT_EQ(
        mount("type=volume,src=v,dst=/"
              "b,volume-driver=local,volume-opt=type=nfs,volume-label=a=b,volume-nocopy"),
        R"({"Type":"volume","Source":"v","Target":"/b","VolumeOptions":{"Labels":{"a":"b"},"NoCopy":true,)"
        R"("DriverConfig":{"Name":"local","Options":{"type":"nfs"}}}})");
    EXPECT_EQ(mount("type=tmpfs,dst=/b,tmpfs-size=1m,tmpfs-mode=1770"),
              R"({"Type":"tmpfs","Target":"/b","TmpfsOptions":{"SizeBytes":1048576,"Mode":1016}})");
    EXPECT_EQ(mount(R"(type=bind,"src=/a,b",dst=/c)"), R"({"Type":"bind","Source":"/a,b","Target":"/c"})");
}

TEST(Mounts, mistakes) {
    EXPECT_EQ(mount("type=bind,src=/a"), "target is required");
    EXPECT_EQ(mount("foo"), "invalid field 'foo' must be a key=value pair");
    EXPECT_EQ(mount("foo=bar,dst=/b"), "unexpected key 'foo' in 'foo=bar'");
    EXPECT_EQ(mount("type=bind,src=/a,dst=/b,tmpfs-size=1m"),
              "cannot mix 'tmpfs-*' options with mount type 'bind'");
    EXPECT_EQ(mount("type=tmpfs,dst=/b,tmpfs-size=x"), "invalid value for tmpfs-size: x");
    EXPECT_EQ(mount("type=bind,src=/a,dst=/b,ro=maybe"), "invalid value for ro: maybe");
}

template <class T>
std::string shown(const Result<T>& result) {
    if (!result) return result.error().message();
    if constexpr (std::is_same_v<T, Json>)
        return dump(*result);
    else
        return cat(*result);
}

TEST(Resources, devices) {
    EXPECT_EQ(shown(parse_device("/dev/null")),
              R"({"PathOnHost":"/dev/null","PathInContainer":"/dev/null","CgroupPermissions":"rwm"})");
    EXPECT_EQ(shown(parse_device("/dev/sda:/dev/x:r")),
              R"({"PathOnHost":"/dev/sda","PathInContainer":"/dev/x","CgroupPermissions":"r"})");
    EXPECT_EQ(shown(parse_device("/dev/sda:rw")),
              R"({"PathOnHost":"/dev/sda","PathInContainer":"/dev/sda","CgroupPermissions":"rw"})");
    EXPECT_EQ(shown(parse_device("/dev/a:/dev/b:xyz")), "bad mode specified: xyz");
    EXPECT_EQ(shown(parse_device("null")), "null is not an absolute path");
    EXPECT_EQ(shown(parse_device_rule("c 1:* rwm")), "c 1:* rwm");
    EXPECT_EQ(shown(parse_device_rule("x 1:3 r")), "invalid device cgroup format 'x 1:3 r'");
    EXPECT_TRUE(is_cdi_device("vendor.com/class=name"));
    EXPECT_FALSE(is_cdi_device("/dev/null"));
}

TEST(Resources, limits) {
    EXPECT_EQ(shown(parse_ulimit("nofile=10:20")), R"({"Name":"nofile","Soft":10,"Hard":20})");
    EXPECT_EQ(shown(parse_ulimit("core=-1")), R"({"Name":"core","Soft":-1,"Hard":-1})");
    EXPECT_EQ(shown(parse_ulimit("foo=1")), "invalid ulimit type: foo");
    EXPECT_EQ(shown(parse_ulimit("nofile=2:1")),
              "ulimit soft limit must be less than or equal to hard limit: 2 > 1");
    EXPECT_EQ(shown(parse_cpus("1.5")), "1500000000");
    EXPECT_EQ(shown(parse_cpus(".25")), "250000000");
    EXPECT_EQ(shown(parse_cpus("x")), "failed to parse x as a rational number");
    EXPECT_EQ(shown(parse_cpus("0.0000000001")), "value is too precise");
    EXPECT_EQ(shown(parse_memory_swap("-1")), "-1");
    EXPECT_EQ(shown(parse_weight_device("/dev/sda:500")), R"({"Path":"/dev/sda","Weight":500})");
    EXPECT_EQ(shown(parse_weight_device("/dev/sda:5")), "invalid weight for device: /dev/sda:5");
    EXPECT_EQ(shown(parse_throttle_device("/dev/sda:1mb", RateUnit::bytes)),
              R"({"Path":"/dev/sda","Rate":1048576})");
    EXPECT_EQ(shown(parse_throttle_device("sda:1", RateUnit::operations)),
              "bad format for device path: sda:1");
}

TEST(Resources, restart_policies) {
    EXPECT_EQ(shown(parse_restart_policy("on-failure:3")), R"({"Name":"on-failure","MaximumRetryCount":3})");
    EXPECT_EQ(shown(parse_restart_policy("always")), R"({"Name":"always","MaximumRetryCount":0})");
    EXPECT_EQ(shown(parse_restart_policy("on-failure:x")),
              "invalid restart policy format: maximum retry count must be an integer");
    EXPECT_EQ(shown(parse_restart_policy(":3")),
              "invalid restart policy format: no policy provided before colon");
}

TEST(Resources, name_servers_and_kernel_parameters) {
    EXPECT_EQ(shown(parse_dns_server(" 9.9.9.9 ")), "9.9.9.9");
    EXPECT_EQ(shown(parse_dns_server("bad")), "IP address is not correctly formatted: bad");
    EXPECT_EQ(shown(parse_sysctl("net.core.somaxconn=9")), "net.core.somaxconn=9");
    EXPECT_EQ(shown(parse_sysctl("kernel.shmmax=")), "kernel.shmmax=");
    EXPECT_EQ(shown(parse_sysctl("kernel.panic=1")), "sysctl 'kernel.panic=1' is not allowed");
    EXPECT_EQ(shown(parse_sysctl("net.core.somaxconn")), "sysctl 'net.core.somaxconn' is not allowed");
}

TEST(Resources, hosts_and_macs) {
    EXPECT_EQ(shown(parse_extra_host("db:10.0.0.1")), "db:10.0.0.1");
    EXPECT_EQ(shown(parse_extra_host("db=[::1]")), "db:::1");
    EXPECT_EQ(shown(parse_extra_host("db:host-gateway")), "db:host-gateway");
    EXPECT_EQ(shown(parse_extra_host("db")), "bad format for add-host: \"db\"");
    EXPECT_EQ(shown(parse_extra_host("db:999.1.1.1")), "invalid IP address in add-host: \"999.1.1.1\"");
    EXPECT_TRUE(is_mac_address("02:42:ac:11:00:02"));
    EXPECT_FALSE(is_mac_address("02:42:ac:11:00"));
    EXPECT_FALSE(is_mac_address("02:42:ac:11:00:zz"));
}

TEST(Networks, simple_and_long_form) {
    EXPECT_EQ(parse_network("host").value().target, "host");
    auto network = parse_network("name=net,alias=a,alias=b,ip=10.0.0.5,driver-opt=k=v").value();
    EXPECT_EQ(network.target, "net");
    EXPECT_EQ(network.aliases, (Words{"a", "b"}));
    EXPECT_EQ(dump(endpoint_settings(network).value()),
              R"({"IPAMConfig":{"IPv4Address":"10.0.0.5"},"Aliases":["a","b"],"DriverOpts":{"k":"v"}})");
    EXPECT_EQ(parse_network("alias=a").error().message(), "network name/id is not specified");
    EXPECT_EQ(parse_network("name=a,foo=b").error().message(), "invalid field key foo");
    auto bridge = parse_network("name=bridge,alias=a").value();
    EXPECT_EQ(endpoint_settings(bridge).error().message(),
              "network-scoped aliases are only supported for user-defined networks");
}

TEST(KeyValue, environment_files) {
    auto lookup = [](std::string_view name) -> std::optional<std::string> {
        if (name == "HOME") return "/root";
        return std::nullopt;
    };
    EXPECT_EQ(parse_key_value_lines("# c\n\nA=1\n  B=x y \nHOME\nMISSING\nC=\n", "f", lookup).value(),
              (Words{"A=1", "B=x y ", "HOME=/root", "C="}));
    EXPECT_EQ(parse_key_value_lines("A B=1", "f", lookup).error().message(),
              "invalid env file (f): variable 'A B' contains whitespaces");
    EXPECT_EQ(parse_key_value_lines("=x", "f", lookup).error().message(),
              "invalid env file (f): no variable name on line '=x'");
    EXPECT_EQ(parse_key_value_lines("ok=1\n\xff=2", "f", lookup).error().message(),
              "invalid env file (f): invalid utf8 bytes at line 2");
    EXPECT_EQ(read_key_value_files({"/nonexistent"}, lookup).error().message(),
              "open /nonexistent: no such file or directory");
    EXPECT_EQ(resolve_environment_option("HOME", lookup).value(), "HOME=/root");
    EXPECT_EQ(resolve_environment_option("NONE", lookup).value(), "NONE");
    EXPECT_EQ(resolve_environment_option("=x", lookup).error().message(), "invalid environment variable: =x");
}

TEST(KeyValue, csv_and_filters) {
    EXPECT_EQ(split_csv(R"(a,"b,""c""",,d)").value(), (Words{"a", "b,\"c\"", "", "d"}));
    EXPECT_FALSE(split_csv(R"("a)").has_value());
    EXPECT_EQ(filters_parameter({"name=a", "name=b", "Label=x=y"}).value(),
              R"({"name":{"a":true,"b":true},"label":{"x=y":true}})");
    EXPECT_EQ(filters_parameter({}).value(), "");
    EXPECT_FALSE(filters_parameter({"foo"}).has_value());
}

}  // namespace
}  // namespace tare::cli
