// How the kernel executes the processes of a container, and what clocks and owners they see.

#include <sys/mount.h>

#include "posix/execution.h"
#include "run/runtime/container_fixture.h"

namespace tare::runtime {
namespace {

/// Field `number` (from 1) of /proc/self/stat: 19 is the nice value, 41 the scheduling policy.
std::string stat_field(int number) {
    return cat("set -- $(cat /proc/self/stat); shift ", number - 1, "; echo $1");
}

TEST_F(ContainerTest, the_first_process_runs_under_the_scheduler_of_the_spec) {
    spec_.process->scheduler = oci::Scheduler{.policy = "SCHED_BATCH", .nice = 7};
    EXPECT_EQ(shell(cat(stat_field(19), ";", stat_field(41))).output, "7\n3\n");
}

TEST_F(ContainerTest, a_process_that_joins_has_a_scheduler_of_its_own) {
    auto created = start_sleeper();
    oci::Process process = created.state.process;
    process.args = {"sh", "-c", cat(stat_field(19), ";", stat_field(41))};
    process.scheduler = oci::Scheduler{.policy = "SCHED_IDLE"};
    EXPECT_EQ(exec_in(created, process).output, "0\n5\n");
    process.scheduler.reset();
    EXPECT_EQ(exec_in(created, process).output, "0\n0\n");
    end(created);
}

TEST_F(ContainerTest, a_scheduler_that_the_kernel_refuses_leaves_no_container) {
    spec_.process->scheduler = oci::Scheduler{.policy = "SCHED_FIFO", .priority = 100};
    EXPECT_EQ(run({"true"}).error, "process.scheduler: set the scheduler SCHED_FIFO: Invalid argument");
    EXPECT_FALSE(fs::exists(root_ + "/" + id()));
}

TEST_F(ContainerTest, a_personality_of_32_bits_holds_for_all_processes) {
    spec_.linux_section.personality = oci::Personality{.domain = "LINUX32"};
    EXPECT_EQ(run({"busybox", "uname", "-m"}).output, "i686\n");
    auto created = start_sleeper();
    oci::Process process = created.state.process;
    process.args = {"busybox", "uname", "-m"};
    auto loaded = load_state(root_, id());
    ASSERT_TRUE(loaded.has_value());
    created.state = *loaded;
    EXPECT_EQ(exec_in(created, process).output, "i686\n");
    end(created);
}

TEST_F(ContainerTest, a_memory_policy_holds_for_the_process) {
    spec_.linux_section.memory_policy = oci::MemoryPolicy{.mode = "MPOL_BIND", .nodes = "0"};
    EXPECT_NE(shell("head -n 1 /proc/self/numa_maps").output.find(" bind:0 "), std::string::npos);
}

TEST_F(ContainerTest, a_runtime_that_is_pinned_pins_no_container) {
    auto all = posix::affinity_of(0).value();
    if (all.size() < 2) GTEST_SKIP() << "needs two CPUs";
    ASSERT_TRUE(posix::set_affinity(0, {*all.begin()}).has_value());
    auto outcome = shell("grep -c . /proc/self/stat; grep Cpus_allowed_list /proc/self/status");
    ASSERT_TRUE(posix::set_affinity(0, all).has_value());
    EXPECT_EQ(outcome.output.find(cat("Cpus_allowed_list:\t", *all.begin(), "\n")), std::string::npos)
        << outcome.output;
}

TEST_F(ContainerTest, a_process_that_joins_stays_on_the_cpus_it_is_given) {
    auto before = posix::affinity_of(0).value();
    auto created = start_sleeper();
    oci::Process process = created.state.process;
    process.args = {"grep", "Cpus_allowed_list", "/proc/self/status"};
    process.exec_affinity = oci::ExecAffinity{.initial = "0", .final = "0"};
    EXPECT_EQ(exec_in(created, process).output, "Cpus_allowed_list:\t0\n");
    process.exec_affinity = oci::ExecAffinity{.initial = "8000"};
    EXPECT_NE(exec_in(created, process).error.find("process.execCPUAffinity.initial"), std::string::npos);
    EXPECT_EQ(posix::affinity_of(0).value(), before);
    end(created);
}

TEST_F(ContainerTest, the_clocks_of_a_time_namespace_are_ahead) {
    if (!fs::exists("/proc/self/ns/time")) GTEST_SKIP() << "the kernel has no time namespaces";
    constexpr std::int64_t ahead = 1'000'000;
    spec_.linux_section.namespaces.push_back({oci::NamespaceKind::time, ""});
    spec_.linux_section.time_offsets = {{.clock = "monotonic", .seconds = ahead},
                                        {.clock = "boottime", .seconds = ahead}};
    auto created = start_sleeper();
    oci::Process process = created.state.process;
    process.args = {"head", "-c", "7", "/proc/uptime"};
    EXPECT_GE(parse_integer<std::int64_t>(exec_in(created, process).output).value_or(0), ahead);
    end(created);
    // And in a user namespace, whose root may set the clocks.
    spec_.linux_section.namespaces.push_back({oci::NamespaceKind::user, ""});
    spec_.linux_section.uid_mappings = {{.container_id = 0, .host_id = 100000, .size = 65536}};
    spec_.linux_section.gid_mappings = spec_.linux_section.uid_mappings;
    auto outcome = run({"head", "-c", "7", "/proc/uptime"});
    EXPECT_EQ(outcome.error, "");
    EXPECT_GE(parse_integer<std::int64_t>(outcome.output).value_or(0), ahead);
}

/// A tmpfs with a file of user 1000: not every file system of a test machine can map ids.
class MappedSource {
  public:
    explicit MappedSource(std::string path) : path_(std::move(path)) {
        fs::create_directories(path_);
        EXPECT_EQ(::mount("tmpfs", path_.c_str(), "tmpfs", 0, nullptr), 0);
        std::ofstream(path_ + "/file") << "x";
        EXPECT_EQ(::chown((path_ + "/file").c_str(), 1000, 1000), 0);
    }
    MappedSource(const MappedSource&) = delete;
    MappedSource& operator=(const MappedSource&) = delete;
    ~MappedSource() { ::umount2(path_.c_str(), MNT_DETACH); }

  private:
    std::string path_;
};

TEST_F(ContainerTest, an_id_mapped_bind_shows_other_owners) {
    MappedSource source(directory_ + "/source");
    oci::Mount mount{.destination = "/data", .source = directory_ + "/source", .options = {"bind", "idmap"}};
    mount.uid_mappings = {{.container_id = 1000, .host_id = 33, .size = 1}};
    mount.gid_mappings = {{.container_id = 1000, .host_id = 34, .size = 1}};
    spec_.mounts.push_back(mount);
    auto outcome = shell("stat -c %u:%g /data/file");
    if (outcome.error.find("map the ids of a mount") != std::string::npos)
        GTEST_SKIP() << "tmpfs cannot map ids before Linux 6.3";
    EXPECT_EQ(outcome.output, "33:34\n");
}

TEST_F(ContainerTest, an_id_mapped_bind_takes_the_mappings_of_the_container) {
    MappedSource source(directory_ + "/source");
    ASSERT_EQ(::chown((bundle_ + "/rootfs").c_str(), 100000, 100000), 0);
    spec_.linux_section.namespaces.push_back({oci::NamespaceKind::user, ""});
    spec_.linux_section.uid_mappings = {{.container_id = 0, .host_id = 100000, .size = 65536}};
    spec_.linux_section.gid_mappings = spec_.linux_section.uid_mappings;
    spec_.mounts.push_back(
        {.destination = "/data", .source = directory_ + "/source", .options = {"rbind", "ridmap"}});
    auto outcome = shell("stat -c %u:%g /data/file");
    if (outcome.error.find("map the ids of a mount") != std::string::npos)
        GTEST_SKIP() << "tmpfs cannot map ids before Linux 6.3";
    EXPECT_EQ(outcome.error, "");
    EXPECT_EQ(outcome.output, "1000:1000\n");
}

TEST_F(ContainerTest, an_id_mapping_needs_a_bind_and_a_mapping) {
    spec_.mounts.push_back(
        {.destination = "/data", .type = "tmpfs", .source = "tmpfs", .options = {"idmap"}});
    EXPECT_EQ(run({"true"}).error, "mount \"/data\": id-mapped mounts are only supported for bind-mounts");
    spec_.mounts.back() = {.destination = "/data", .source = "/tmp", .options = {"bind", "idmap"}};
    EXPECT_EQ(run({"true"}).error,
              "mount \"/data\": idmap needs uidMappings and gidMappings, or a user namespace");
    EXPECT_FALSE(fs::exists(root_ + "/" + id()));
}

TEST_F(ContainerTest, a_tmpfs_that_copies_up_begins_with_what_it_covers) {
    fs::create_directories(bundle_ + "/rootfs/filled/below");
    std::ofstream(bundle_ + "/rootfs/filled/below/file") << "content";
    ASSERT_EQ(::chown((bundle_ + "/rootfs/filled/below/file").c_str(), 12, 13), 0);
    spec_.mounts.push_back({.destination = "/filled",
                            .type = "tmpfs",
                            .source = "tmpfs",
                            .options = {"tmpcopyup", "mode=0700"}});
    EXPECT_EQ(shell("cat /filled/below/file; stat -c ' %u:%g' /filled/below/file; stat -c %a /filled").output,
              "content 12:13\n700\n");
}

TEST_F(ContainerTest, a_bind_takes_no_option_of_a_file_system) {
    spec_.mounts.push_back({.destination = "/data", .source = "/tmp", .options = {"bind", "size=1m"}});
    EXPECT_EQ(run({"true"}).error,
              "mount \"/data\": bind mounts cannot have any filesystem-specific options "
              "applied: \"size\"");
}

}  // namespace
}  // namespace tare::runtime
