#include "engine/container/spec.h"

#include <algorithm>

#include "engine/container/container_fixture.h"
#include "engine/container/spec_parts.h"
#include "engine/container/validate.h"

namespace tare::container {
namespace {

class SpecTest : public testing::Test {
  protected:
    SpecTest() : container_(test_container()), host_(test_host()) {}

    Result<oci::RuntimeSpec> try_build() {
        root_ = directory_.open();
        return build_spec({.container = container_,
                           .root = root_.get(),
                           .network_namespace = network_,
                           .ipc_namespace = ipc_,
                           .pid_namespace = pid_,
                           .host = host_});
    }
    oci::RuntimeSpec build() {
        auto spec = try_build();
        EXPECT_TRUE(spec) << message_of(spec);
        return spec.value_or(oci::RuntimeSpec());
    }
    std::string failure() { return message_of(try_build()); }

    static const oci::Mount* mount_at(const oci::RuntimeSpec& spec, std::string_view destination) {
        auto mount = std::ranges::find(spec.mounts, destination, &oci::Mount::destination);
        return mount == spec.mounts.end() ? nullptr : &*mount;
    }
    static Strings options_at(const oci::RuntimeSpec& spec, std::string_view destination) {
        const oci::Mount* mount = mount_at(spec, destination);
        return mount == nullptr ? Strings{"no mount"} : mount->options;
    }
    static bool has(const Strings& list, std::string_view value) {
        return std::ranges::find(list, value) != list.end();
    }

    TemporaryDirectory directory_;
    Container container_;
    HostFacts host_;
    posix::Fd root_;
    std::string network_ = "/run/netns/x";
    std::string ipc_;
    std::string pid_;
};

// What Docker gives to `docker run alpine sh`.
constexpr std::string_view kDefaultMounts = R"([
    {"destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid", "noexec", "nodev"]},
    {"destination": "/dev", "type": "tmpfs", "source": "tmpfs",
     "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
    {"destination": "/dev/pts", "type": "devpts", "source": "devpts",
     "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]},
    {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"]},
    {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup",
     "options": ["ro", "nosuid", "noexec", "nodev"]},
    {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue", "options": ["nosuid", "noexec", "nodev"]},
    {"destination": "/dev/shm", "type": "tmpfs", "source": "shm",
     "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=67108864"]}])";

TEST_F(SpecTest, the_default_is_dockers) {
    const Json spec = to_json(build());
    EXPECT_EQ(dump(*spec.find("mounts"), 1), dump(*parse_json(kDefaultMounts), 1));
    const Json& process = *spec.find("process");
    EXPECT_EQ(dump(*process.find("args")), R"(["sh"])");
    EXPECT_EQ(dump(*process.find("env")),
              R"(["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",)"
              R"("HOSTNAME=aaaaaaaaaaaa"])");
    EXPECT_EQ(dump(*process.find("capabilities")->find("bounding")),
              R"(["CAP_CHOWN","CAP_DAC_OVERRIDE","CAP_FOWNER","CAP_FSETID","CAP_KILL","CAP_SETGID",)"
              R"("CAP_SETUID","CAP_SETPCAP","CAP_NET_BIND_SERVICE","CAP_NET_RAW","CAP_SYS_CHROOT",)"
              R"("CAP_MKNOD","CAP_AUDIT_WRITE","CAP_SETFCAP"])");
    const Json& section = *spec.find("linux");
    EXPECT_EQ(dump(*section.find("namespaces")),
              R"([{"type":"mount"},{"type":"network","path":"/run/netns/x"},{"type":"uts"},)"
              R"({"type":"pid"},{"type":"ipc"},{"type":"cgroup"}])");
    EXPECT_EQ(dump(*section.find("readonlyPaths")),
              R"(["/proc/bus","/proc/fs","/proc/irq","/proc/sys","/proc/sysrq-trigger"])");
    EXPECT_EQ(dump(*section.find("sysctl")),
              R"({"net.ipv4.ip_unprivileged_port_start":"0","net.ipv4.ping_group_range":"0 2147483647"})");
    EXPECT_EQ(*section.find("cgroupsPath")->as_string(), "/tare/" + container_.id);
    EXPECT_EQ(*spec.find("hostname")->as_string(), container_.short_id());
    EXPECT_NE(section.find("seccomp"), nullptr);
}

TEST_F(SpecTest, an_image_of_every_masked_path_is_in_the_default) {
    oci::RuntimeSpec spec = build();
    for (const char* path : {"/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys",
                             "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi", "/proc/timer_list",
                             "/proc/timer_stats", "/sys/devices/virtual/powercap", "/sys/firmware"})
        EXPECT_TRUE(has(spec.linux_section.masked_paths, path)) << path;
}

TEST_F(SpecTest, entrypoint_stands_before_the_command) {
    container_.config.entrypoint = Strings{"/entry", "-x"};
    EXPECT_EQ(build().process->args, Strings({"/entry", "-x", "sh"}));
}

TEST_F(SpecTest, without_a_command_there_is_no_spec) {
    container_.config.command.reset();
    EXPECT_EQ(failure(), "no command specified");
}

TEST_F(SpecTest, the_clients_environment_overrides_and_unsets) {
    container_.config.tty = true;
    container_.config.env = {"PATH=/mine", "A=1", "A=2", "HOSTNAME"};
    EXPECT_EQ(build().process->env, Strings({"PATH=/mine", "TERM=xterm", "A=2"}));
}

TEST_F(SpecTest, another_user_has_no_effective_capabilities) {
    container_.config.user = "1000";
    oci::Process process = *build().process;
    EXPECT_EQ(process.user.uid, 1000U);
    EXPECT_TRUE(process.capabilities->effective.empty());
    EXPECT_TRUE(process.capabilities->permitted.empty());
    EXPECT_EQ(process.capabilities->bounding.size(), 14U);
}

TEST_F(SpecTest, nothing_is_inheritable_or_ambient) {
    oci::Process process = *build().process;
    EXPECT_TRUE(process.capabilities->inheritable.empty());
    EXPECT_TRUE(process.capabilities->ambient.empty());
}

TEST_F(SpecTest, privileged_has_all_capabilities_devices_and_no_filter) {
    container_.host_config.privileged = true;
    oci::RuntimeSpec spec = build();
    EXPECT_EQ(spec.process->capabilities->bounding.size(), 41U);
    EXPECT_FALSE(spec.linux_section.seccomp.has_value());
    EXPECT_TRUE(spec.linux_section.masked_paths.empty());
    EXPECT_TRUE(spec.linux_section.readonly_paths.empty());
    EXPECT_FALSE(has(options_at(spec, "/sys"), "ro"));
    EXPECT_FALSE(has(options_at(spec, "/sys/fs/cgroup"), "ro"));
    ASSERT_EQ(spec.linux_section.resources.devices.size(), 1U);
    EXPECT_TRUE(spec.linux_section.resources.devices[0].allow);
    auto null = std::ranges::find(spec.linux_section.devices, "/dev/null", &oci::Device::path);
    ASSERT_NE(null, spec.linux_section.devices.end());
    EXPECT_EQ(null->minor, 3);
    for (const oci::Device& device : spec.linux_section.devices) {
        EXPECT_FALSE(device.path.starts_with("/dev/pts/")) << device.path;
        EXPECT_NE(device.path, "/dev/console");
    }
}

TEST_F(SpecTest, host_modes_share_the_hosts_namespaces) {
    container_.host_config.network_mode = "host";
    container_.host_config.pid_mode = "host";
    container_.host_config.ipc_mode = "host";
    container_.host_config.uts_mode = "host";
    container_.host_config.cgroupns_mode = "host";
    network_.clear();
    oci::RuntimeSpec spec = build();
    ASSERT_EQ(spec.linux_section.namespaces.size(), 1U);
    EXPECT_EQ(spec.linux_section.namespaces[0].kind, oci::NamespaceKind::mount);
    EXPECT_EQ(spec.hostname, "");
    EXPECT_TRUE(spec.linux_section.sysctl.empty());
    EXPECT_EQ(mount_at(spec, "/dev/shm")->source, "/dev/shm");
}

TEST_F(SpecTest, container_modes_join_anothers_namespaces) {
    container_.host_config.pid_mode = "container:other";
    container_.host_config.ipc_mode = "container:other";
    pid_ = "/proc/7/ns/pid";
    ipc_ = "/proc/7/ns/ipc";
    oci::RuntimeSpec spec = build();
    EXPECT_EQ(spec.linux_section.find(oci::NamespaceKind::pid)->path, pid_);
    EXPECT_EQ(spec.linux_section.find(oci::NamespaceKind::ipc)->path, ipc_);
}

TEST_F(SpecTest, ipc_none_has_no_shared_memory) {
    container_.host_config.ipc_mode = "none";
    EXPECT_EQ(mount_at(build(), "/dev/shm"), nullptr);
}

TEST_F(SpecTest, init_runs_the_command_as_its_child) {
    container_.host_config.init = true;
    oci::RuntimeSpec spec = build();
    EXPECT_EQ(spec.process->args, Strings({"/sbin/docker-init", "--", "sh"}));
    EXPECT_EQ(mount_at(spec, "/sbin/docker-init")->source, host_.init_binary);
    EXPECT_TRUE(has(options_at(spec, "/sbin/docker-init"), "ro"));
    host_.init_binary.clear();
    EXPECT_EQ(failure(), "--init: tare-init is not installed");
}

TEST_F(SpecTest, mounts_come_with_their_options_and_parents_first) {
    container_.mount_points = {
        {.type = "bind",
         .source = "/b",
         .destination = "/data/deep",
         .is_writable = false,
         .propagation = "rprivate"},
        {.type = "volume", .name = "v", .source = "/volumes/v/_data", .destination = "/data"},
        {.type = "tmpfs", .destination = "/t", .tmpfs_options = {"size=1m", "exec"}},
        {.type = "bind",
         .source = "/c",
         .destination = "/c",
         .propagation = "rshared",
         .is_recursive = false}};
    oci::RuntimeSpec spec = build();
    EXPECT_EQ(options_at(spec, "/data/deep"), Strings({"rbind", "rro", "rprivate"}));
    EXPECT_EQ(options_at(spec, "/data"), Strings({"rbind", "rprivate"}));
    EXPECT_EQ(options_at(spec, "/t"), Strings({"nosuid", "nodev", "size=1m", "exec"}));
    EXPECT_EQ(options_at(spec, "/c"), Strings({"bind", "rshared"}));
    EXPECT_LT(mount_at(spec, "/data"), mount_at(spec, "/data/deep"));
    EXPECT_EQ(spec.linux_section.rootfs_propagation, "shared");
}

TEST_F(SpecTest, a_mount_of_the_user_takes_the_place_of_a_default) {
    container_.hosts_path = "/containers/hosts";
    container_.mount_points = {{.type = "bind", .source = "/mine", .destination = "/etc/hosts"},
                               {.type = "tmpfs", .destination = "/dev/shm"}};
    oci::RuntimeSpec spec = build();
    EXPECT_EQ(mount_at(spec, "/etc/hosts")->source, "/mine");
    EXPECT_EQ(std::ranges::count(spec.mounts, "/dev/shm", &oci::Mount::destination), 1);
    EXPECT_EQ(mount_at(spec, "/dev/shm")->source, "tmpfs");
}

TEST_F(SpecTest, a_dev_of_the_user_replaces_all_below_it) {
    container_.mount_points = {{.type = "bind", .source = "/dev", .destination = "/dev"}};
    oci::RuntimeSpec spec = build();
    EXPECT_EQ(mount_at(spec, "/dev/pts"), nullptr);
    EXPECT_EQ(mount_at(spec, "/dev")->type, "bind");
}

TEST_F(SpecTest, the_daemons_files_are_bound_below_etc) {
    container_.hosts_path = "/c/hosts";
    container_.hostname_path = "/c/hostname";
    container_.resolv_conf_path = "/c/resolv.conf";
    oci::RuntimeSpec spec = build();
    EXPECT_EQ(mount_at(spec, "/etc/hosts")->source, "/c/hosts");
    EXPECT_EQ(mount_at(spec, "/etc/hostname")->source, "/c/hostname");
    EXPECT_EQ(mount_at(spec, "/etc/resolv.conf")->source, "/c/resolv.conf");
}

TEST_F(SpecTest, limits_become_resources) {
    ResourceLimits& limits = container_.host_config.resources;
    limits.nano_cpus = 1'500'000'000;
    limits.memory_bytes = 100 << 20;
    limits.memory_swap_bytes = 200 << 20;
    limits.pids_limit = 50;
    limits.cpu_shares = 512;
    limits.cpuset_cpus = "0";
    oci::LinuxResources resources = build().linux_section.resources;
    EXPECT_EQ(resources.cpu.quota, 150'000);
    EXPECT_EQ(resources.cpu.period, 100'000U);
    EXPECT_EQ(resources.cpu.shares, 512U);
    EXPECT_EQ(resources.cpu.cpus, "0");
    EXPECT_EQ(resources.memory.limit, 100 << 20);
    EXPECT_EQ(resources.memory.swap, 200 << 20);
    EXPECT_EQ(resources.pids_limit, 50);
}

TEST_F(SpecTest, ulimits_become_rlimits) {
    container_.host_config.resources.ulimits = {{.name = "nofile", .soft = 10, .hard = -1}};
    oci::Process process = *build().process;
    ASSERT_EQ(process.rlimits.size(), 1U);
    EXPECT_EQ(process.rlimits[0].type, "RLIMIT_NOFILE");
    EXPECT_EQ(process.rlimits[0].hard, UINT64_MAX);
}

TEST_F(SpecTest, a_device_is_made_and_allowed) {
    container_.host_config.resources.devices = {
        {.path_on_host = "/dev/full", .path_in_container = "/dev/mine", .cgroup_permissions = "rw"}};
    container_.host_config.resources.device_cgroup_rules = {"c 13:* rwm"};
    oci::RuntimeSpec spec = build();
    ASSERT_EQ(spec.linux_section.devices.size(), 1U);
    EXPECT_EQ(spec.linux_section.devices[0].path, "/dev/mine");
    EXPECT_EQ(spec.linux_section.devices[0].minor, 7);
    const oci::DeviceRule& rule = spec.linux_section.resources.devices.back();
    EXPECT_EQ(rule.major, 13);
    EXPECT_FALSE(rule.minor.has_value());
    EXPECT_TRUE(failure().empty());
    container_.host_config.resources.devices[0].path_on_host = "/dev/nothing-here";
    EXPECT_NE(failure().find("error gathering device information while adding custom device"),
              std::string::npos);
}

TEST_F(SpecTest, device_rules_start_from_deny_all) {
    const auto rules = build().linux_section.resources.devices;
    EXPECT_FALSE(rules[0].allow);
    EXPECT_EQ(rules[0].type, 'a');
}

TEST_F(SpecTest, a_cgroup_parent_is_below_the_root_of_groups) {
    container_.host_config.resources.cgroup_parent = "mine/deeper";
    EXPECT_EQ(build().linux_section.cgroups_path, "/mine/deeper/" + container_.id);
    container_.host_config.resources.cgroup_parent = "/a/../../b";
    EXPECT_EQ(failure(), "cgroup parent \"/a/../../b\" leads upwards");
}

TEST_F(SpecTest, security_options_are_applied) {
    container_.host_config.security_options = {"no-new-privileges", "seccomp=unconfined", "label=disable"};
    oci::RuntimeSpec spec = build();
    EXPECT_TRUE(spec.process->no_new_privileges);
    EXPECT_FALSE(spec.linux_section.seccomp.has_value());
    container_.host_config.security_options = {
        R"(seccomp={"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir"],"action":"SCMP_ACT_ERRNO"}]})"};
    EXPECT_EQ(build().linux_section.seccomp->default_action, "SCMP_ACT_ALLOW");
}

TEST_F(SpecTest, security_options_that_cannot_be_applied_are_refused) {
    auto with = [&](const char* option) {
        container_.host_config.security_options = {option};
        return failure();
    };
    EXPECT_EQ(with("nonsense"), "invalid --security-opt 1: \"nonsense\"");
    EXPECT_EQ(with("unknown=x"), "invalid --security-opt 2: \"unknown=x\"");
    EXPECT_EQ(with("no-new-privileges=maybe"), "invalid --security-opt 2: \"no-new-privileges=maybe\"");
    EXPECT_EQ(with("apparmor=strict"),
              "AppArmor is not enabled on this host, but the profile \"strict\" was asked for");
    EXPECT_NE(with("seccomp={"), "");
    EXPECT_EQ(with("apparmor=unconfined"), "");
}

TEST_F(SpecTest, the_hosts_profile_confines_all_but_the_privileged) {
    EXPECT_EQ(build().process->apparmor_profile, "");
    host_.has_apparmor = true;
    host_.apparmor_profile = "tare-default";
    EXPECT_EQ(build().process->apparmor_profile, "tare-default");
    container_.host_config.privileged = true;
    EXPECT_EQ(build().process->apparmor_profile, "");
    container_.host_config.security_options = {"apparmor=strict"};
    EXPECT_EQ(build().process->apparmor_profile, "strict");
    container_.host_config.privileged = false;
    container_.host_config.security_options = {"apparmor=unconfined"};
    EXPECT_EQ(build().process->apparmor_profile, "");
}

TEST_F(SpecTest, security_rt25_only_knobs_of_own_namespaces_are_set) {
    auto with = [&](const char* name) {
        container_.host_config.sysctls = {{name, "1"}};
        return failure();
    };
    EXPECT_EQ(with("net.ipv4.ip_forward"), "");
    EXPECT_EQ(with("net/ipv4/ip_forward"), "");
    EXPECT_EQ(with("kernel.shmmax"), "");
    EXPECT_EQ(with("fs.mqueue.msg_max"), "");
    EXPECT_EQ(with("kernel.core_pattern"),
              "sysctl \"kernel.core_pattern\" is not in a separate kernel namespace");
    EXPECT_EQ(with("vm.swappiness"), "sysctl \"vm.swappiness\" is not in a separate kernel namespace");
    container_.host_config.network_mode = "host";
    network_.clear();
    EXPECT_EQ(with("net.ipv4.ip_forward"),
              "sysctl \"net.ipv4.ip_forward\" is not allowed in the host's network namespace");
}

TEST_F(SpecTest, a_sysctl_of_the_client_overrides_the_default) {
    container_.host_config.sysctls = {{"net.ipv4.ip_unprivileged_port_start", "1024"}};
    EXPECT_EQ(build().linux_section.sysctl.back().second, "1024");
    EXPECT_EQ(build().linux_section.sysctl.size(), 2U);
}

TEST_F(SpecTest, capabilities_are_added_and_dropped) {
    auto bounding = [&](Strings add, Strings drop) {
        container_.host_config.cap_add = std::move(add);
        container_.host_config.cap_drop = std::move(drop);
        return build().process->capabilities->bounding;
    };
    EXPECT_TRUE(has(bounding({"CAP_NET_ADMIN"}, {}), "CAP_NET_ADMIN"));
    EXPECT_FALSE(has(bounding({}, {"CAP_NET_RAW"}), "CAP_NET_RAW"));
    EXPECT_EQ(bounding({"CAP_CHOWN"}, {"ALL"}), Strings{"CAP_CHOWN"});
    EXPECT_EQ(bounding({"ALL"}, {"CAP_SYS_ADMIN"}).size(), 40U);
    EXPECT_TRUE(bounding({}, {"ALL"}).empty());
}

TEST_F(SpecTest, an_exec_may_be_somebody_else_somewhere_else) {
    root_ = directory_.open();
    container_.config.env = {"A=container"};
    container_.config.working_directory = "/app";
    auto process = build_exec_process(
        container_, {.command = {"id"}, .env = {"B=exec"}, .user = "5:6", .tty = true}, root_.get(), host_);
    ASSERT_TRUE(process) << message_of(process);
    EXPECT_EQ(process->user.uid, 5U);
    EXPECT_EQ(process->cwd, "/app");
    EXPECT_TRUE(has(process->env, "A=container"));
    EXPECT_TRUE(has(process->env, "B=exec"));
    EXPECT_TRUE(has(process->env, "TERM=xterm"));
    EXPECT_TRUE(process->capabilities->effective.empty());
    process = build_exec_process(container_, {.command = {"id"}, .privileged = true}, root_.get(), host_);
    EXPECT_EQ(process->capabilities->bounding.size(), 41U);
}

TEST_F(SpecTest, preparing_a_root_makes_what_docker_makes) {
    container_.config.working_directory = "/work/deep";
    root_ = directory_.open();
    auto prepared = prepare_rootfs(root_.get(), container_);
    ASSERT_TRUE(prepared) << message_of(prepared);
    for (const char* path :
         {"/.dockerenv", "/etc/hosts", "/etc/resolv.conf", "/dev/pts", "/work/deep", "/proc"})
        EXPECT_TRUE(std::filesystem::exists(directory_.path() + path)) << path;
    EXPECT_TRUE(std::filesystem::is_symlink(directory_.path() + "/etc/mtab"));
    auto mode = std::filesystem::status(directory_.path() + "/.dockerenv").permissions();
    EXPECT_EQ(static_cast<unsigned>(mode), 0755U);
    EXPECT_TRUE(prepare_rootfs(root_.get(), container_));
}

TEST(Security, rt10_preparing_a_root_stays_inside_whatever_the_image_links) {
    TemporaryDirectory outside;
    TemporaryDirectory directory;
    for (const char* name : {"etc", "dev", "proc", "work"})
        std::filesystem::create_symlink(outside.path(), directory.path() + "/" + name);
    Container container = test_container();
    container.config.working_directory = "/work/deep";
    posix::Fd root = directory.open();
    // Inside the root the links lead to a path of the same name, which is made or refused there.
    auto prepared = prepare_rootfs(root.get(), container);
    EXPECT_TRUE(std::filesystem::is_empty(outside.path())) << message_of(prepared);
}

}  // namespace
}  // namespace tare::container
