#include "engine/container/check_parts.h"
#include "engine/container/container_fixture.h"
#include "engine/container/validate.h"

namespace tare::container {
namespace {

class CheckTest : public testing::Test {
  protected:
    CheckTest() { config_.command = Strings{"sh"}; }

    /// What create would say; warnings are kept.
    std::string judge() {
        Config config = config_;
        HostConfig host_config = host_config_;
        auto adapted = adapt(config, host_config, std::string(64, 'c'), host_);
        if (!adapted) return adapted.error().message();
        auto warnings = check(config, host_config, host_);
        adapted_ = host_config;
        adapted_config_ = config;
        warnings_ = warnings.value_or(Strings());
        return message_of(warnings);
    }
    ResourceLimits& limits() { return host_config_.resources; }

    Config config_;
    HostConfig host_config_;
    HostFacts host_ = test_host();
    Config adapted_config_;
    HostConfig adapted_;
    Strings warnings_;
};

TEST_F(CheckTest, an_empty_request_is_filled_as_docker_fills_it) {
    EXPECT_EQ(judge(), "");
    EXPECT_EQ(adapted_config_.hostname, "cccccccccccc");
    EXPECT_EQ(adapted_.network_mode, "bridge");
    EXPECT_EQ(adapted_.ipc_mode, "private");
    EXPECT_EQ(adapted_.cgroupns_mode, "private");
    EXPECT_EQ(adapted_.log.type, "json-file");
    EXPECT_EQ(adapted_.restart_policy.name, "no");
    EXPECT_EQ(adapted_.shm_size_bytes, 64 << 20);
    EXPECT_EQ(adapted_.runtime, "tare");
    EXPECT_TRUE(adapted_.masked_paths.has_value());
    EXPECT_TRUE(warnings_.empty());
}

TEST_F(CheckTest, the_hosts_network_has_the_hosts_name) {
    host_config_.network_mode = "host";
    EXPECT_EQ(judge(), "");
    EXPECT_EQ(adapted_config_.hostname, "machine");
}

TEST_F(CheckTest, cgroup_v1_keeps_the_hosts_cgroup_namespace) {
    host_.is_cgroup_v2 = false;
    EXPECT_EQ(judge(), "");
    EXPECT_EQ(adapted_.cgroupns_mode, "host");
    host_config_.privileged = true;
    host_config_.cgroupns_mode = "private";
    EXPECT_NE(judge().find("privileged mode is incompatible with private cgroup namespace"),
              std::string::npos);
}

TEST_F(CheckTest, memory_limits_say_what_is_wrong) {
    limits().memory_bytes = 1 << 20;
    EXPECT_EQ(judge(), "Minimum memory limit allowed is 6MB");
    limits().memory_bytes = 100 << 20;
    limits().memory_swap_bytes = 50 << 20;
    EXPECT_EQ(judge(), "Minimum memoryswap limit should be larger than memory limit, see usage");
    limits().memory_bytes = 0;
    EXPECT_EQ(judge(), "You should always set the Memory limit when using Memoryswap limit, see usage");
    limits() = {.memory_bytes = 10 << 20, .memory_reservation_bytes = 20 << 20};
    EXPECT_EQ(judge(), "Minimum memory limit can not be less than memory reservation limit, see usage");
}

TEST_F(CheckTest, swap_is_twice_the_memory_or_given_up_with_a_warning) {
    limits().memory_bytes = 100 << 20;
    EXPECT_EQ(judge(), "");
    EXPECT_EQ(adapted_.resources.memory_swap_bytes, 200 << 20);
    host_.has_swap_limit = false;
    EXPECT_EQ(judge(), "");
    EXPECT_EQ(adapted_.resources.memory_swap_bytes, -1);
    ASSERT_EQ(warnings_.size(), 1U);
    EXPECT_TRUE(warnings_[0].ends_with("Memory limited without swap."));
}

TEST_F(CheckTest, an_oom_killer_that_cannot_be_turned_off_is_told_of) {
    limits().oom_kill_disable = true;
    host_.is_cgroup_v2 = true;
    EXPECT_EQ(judge(), "");
    ASSERT_EQ(warnings_.size(), 1U);
    EXPECT_EQ(warnings_[0], "Your kernel does not support OomKillDisable. OomKillDisable discarded.");
    EXPECT_FALSE(adapted_.resources.oom_kill_disable.has_value());
    host_.is_cgroup_v2 = false;
    EXPECT_EQ(judge(), "");
    ASSERT_EQ(warnings_.size(), 1U);
    EXPECT_EQ(warnings_[0],
              "OOM killer is disabled for the container, but no memory limit is set, this can result in the "
              "system running out of resources.");
    limits().memory_bytes = 64 << 20;
    EXPECT_EQ(judge(), "");
    EXPECT_TRUE(warnings_.empty());
}

TEST_F(CheckTest, cpus_are_those_of_the_machine) {
    limits().nano_cpus = 3'000'000'000;
    EXPECT_EQ(judge(), "range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available");
    limits() = {.cpuset_cpus = "0-5"};
    EXPECT_EQ(judge(), "Requested CPUs are not available - requested 0-5, available: 0-1");
    limits() = {.cpuset_cpus = "1-0"};
    EXPECT_EQ(judge(), "Invalid value 1-0 for cpuset cpus");
    limits() = {.cpu_period = 100'000, .nano_cpus = 1};
    EXPECT_EQ(judge(), "Conflicting options: Nano CPUs and CPU Period cannot both be set");
    limits() = {.cpu_period = 10};
    EXPECT_EQ(judge(),
              "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)");
}

TEST_F(CheckTest, other_limits_have_their_ranges) {
    limits() = {.block_io_weight = 5};
    EXPECT_EQ(judge(), "Range of blkio weight is from 10 to 1000");
    limits() = {.ulimits = {{.name = "nofile", .soft = 20, .hard = 10}}};
    EXPECT_EQ(judge(), "ulimit soft limit must be less than or equal to hard limit: 20 > 10");
    limits() = {.ulimits = {{.name = "nonsense"}}};
    EXPECT_EQ(judge(), "invalid ulimit type: nonsense");
    limits() = {};
    host_config_.oom_score_adj = 2000;
    EXPECT_EQ(judge(), "Invalid value 2000, range for oom score adj is [-1000, 1000]");
}

TEST_F(CheckTest, devices_that_nobody_provides_are_refused) {
    limits().device_requests = {{.count = -1, .capabilities = {{"gpu"}}}};
    EXPECT_EQ(judge(), "could not select device driver \"\" with capabilities: [[gpu]]");
    limits().device_requests = {{.driver = "cdi", .device_ids = {"a.com/b=c"}}};
    EXPECT_EQ(judge(), "CDI device injection failed: unresolvable CDI devices a.com/b=c");
    limits() = {.device_cgroup_rules = {"c 1:3 rwx"}};
    EXPECT_EQ(judge(), "invalid device cgroup rule format: 'c 1:3 rwx'");
}

TEST_F(CheckTest, a_container_needs_something_to_run) {
    config_.command.reset();
    EXPECT_EQ(judge(), "no command specified");
}

TEST_F(CheckTest, names_and_texts_have_a_grammar) {
    config_.hostname = "bad host";
    EXPECT_EQ(judge(), "invalid hostname format: \"bad host\"");
    config_.hostname = "a\n127.0.0.1 evil";
    EXPECT_TRUE(judge().starts_with("invalid hostname format"));
    config_.hostname.clear();
    config_.env = {"=x"};
    EXPECT_EQ(judge(), "invalid environment variable: =x");
    config_.env.clear();
    config_.working_directory = "relative";
    EXPECT_EQ(judge(), "the working directory 'relative' is invalid, it needs to be an absolute path");
    config_.working_directory.clear();
    config_.stop_signal = "SIGNOPE";
    EXPECT_EQ(judge(), "Invalid signal: SIGNOPE");
}

TEST_F(CheckTest, capabilities_are_normalized_or_unknown) {
    host_config_.cap_add = {"net_admin", "CAP_CHOWN", "all"};
    EXPECT_EQ(judge(), "");
    EXPECT_EQ(adapted_.cap_add, Strings({"CAP_NET_ADMIN", "CAP_CHOWN", "ALL"}));
    host_config_.cap_add = {"nonsense"};
    EXPECT_EQ(judge(), "invalid CapAdd: unknown capability: \"CAP_NONSENSE\"");
}

TEST_F(CheckTest, joining_another_network_excludes_ones_own) {
    host_config_.network_mode = "container:x";
    EXPECT_EQ(judge(), "");
    config_.hostname = "mine";
    EXPECT_EQ(judge(), "conflicting options: hostname and the network mode");
    config_.hostname.clear();
    host_config_.port_bindings = {{"80/tcp", {{}}}};
    EXPECT_EQ(judge(), "conflicting options: port publishing and the container type network mode");
    host_config_.network_mode = "container:";
    EXPECT_EQ(judge(), "invalid container format container:<name|id>");
}

TEST_F(CheckTest, ports_are_exposed_and_checked) {
    config_.exposed_ports = {"80"};
    host_config_.port_bindings = {{"443", {}}};
    EXPECT_EQ(judge(), "");
    EXPECT_EQ(adapted_config_.exposed_ports, Strings({"80/tcp", "443/tcp"}));
    EXPECT_EQ(adapted_.port_bindings[0].second.size(), 1U);
    host_config_.port_bindings = {{"80/xyz", {}}};
    EXPECT_EQ(judge(), "invalid proto: xyz");
    host_config_.port_bindings = {{"80/tcp", {{"", "70000"}}}};
    EXPECT_EQ(judge(), "invalid port specification: \"70000\"");
}

TEST_F(CheckTest, modes_and_drivers_are_known_ones) {
    auto with = [&](std::string HostConfig::* field, const char* value) {
        host_config_ = {};
        host_config_.*field = value;
        return judge();
    };
    EXPECT_EQ(with(&HostConfig::ipc_mode, "odd"), "invalid IPC mode: odd");
    EXPECT_EQ(with(&HostConfig::pid_mode, "odd"), "invalid PID mode: odd");
    EXPECT_EQ(with(&HostConfig::uts_mode, "container:x"), "invalid UTS mode: container:x");
    EXPECT_EQ(with(&HostConfig::cgroupns_mode, "odd"), "invalid cgroup namespace mode: odd");
    EXPECT_EQ(with(&HostConfig::runtime, "odd"), "unknown or invalid runtime name: odd");
    EXPECT_EQ(with(&HostConfig::isolation, "hyperv"), "invalid isolation 'hyperv' on linux");
    host_config_ = {.log = {.type = "syslog"}};
    EXPECT_EQ(judge(), "error looking up logging plugin syslog: plugin \"syslog\" not found");
    host_config_ = {.log = {.type = "json-file", .config = {{"odd", "1"}}}};
    EXPECT_EQ(judge(), "unknown log opt 'odd' for json-file log driver");
}

TEST_F(CheckTest, restart_policies_are_dockers) {
    auto with = [&](RestartPolicy policy, bool auto_remove = false) {
        return message_of(check_restart_policy(policy, auto_remove));
    };
    EXPECT_EQ(with({"always"}), "");
    EXPECT_EQ(with({"on-failure", 3}), "");
    EXPECT_EQ(with({"always", 3}),
              "invalid restart policy: maximum retry count can only be used with 'on-failure'");
    EXPECT_EQ(with({"odd"}),
              "invalid restart policy: unknown policy 'odd'; use one of 'no', 'always', 'on-failure', or "
              "'unless-stopped'");
    EXPECT_EQ(with({"always"}, true), "can't create 'AutoRemove' container with restart policy");
}

TEST_F(CheckTest, an_update_changes_what_it_names) {
    ResourceLimits old{.cpu_shares = 5, .memory_bytes = 100 << 20, .memory_swap_bytes = 200 << 20};
    auto updated = check_update(old, {.resources = {.memory_bytes = 150 << 20}}, host_);
    ASSERT_TRUE(updated) << message_of(updated);
    EXPECT_EQ(updated->memory_bytes, 150 << 20);
    EXPECT_EQ(updated->cpu_shares, 5);
    EXPECT_EQ(message_of(check_update(old, {.resources = {.memory_bytes = 300 << 20}}, host_)),
              "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at "
              "the same time");
    EXPECT_EQ(
        message_of(check_update({.nano_cpus = 1'000'000'000}, {.resources = {.cpu_quota = 5000}}, host_)),
        "Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set");
}

TEST_F(CheckTest, what_would_have_no_effect_is_refused_or_told) {
    host_config_.cgroup = "container:other";
    EXPECT_EQ(judge(), "joining the cgroup of another container is not served: container:other");
    host_config_.cgroup.clear();
    host_config_.unknown.set("Odd", 1).set("None", Json()).set("Empty", Json::array()).set("No", false);
    limits().kernel_memory_bytes = 10 << 20;
    host_.is_cgroup_v2 = false;
    EXPECT_EQ(judge(), "");
    EXPECT_EQ(warnings_, Strings({"Specifying a kernel memory limit is deprecated and has no effect.",
                                  "HostConfig.Odd is not known here and has no effect."}));
    EXPECT_EQ(adapted_.resources.kernel_memory_bytes, 0);
    host_config_.security_options = {"label=type:container_t"};
    EXPECT_EQ(judge(),
              "SELinux is not enabled on this host, but the label \"type:container_t\" was asked for");
    host_config_.security_options = {"label=disable"};
    EXPECT_EQ(judge(), "");
}

}  // namespace
}  // namespace tare::container
