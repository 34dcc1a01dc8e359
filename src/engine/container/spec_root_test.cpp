// Specs as built for Docker's options, run by tare-oci on Debian's static busybox.

#include <csignal>

#include <unistd.h>

#include "engine/container/apparmor.h"
#include "engine/container/container_fixture.h"
#include "engine/container/spec.h"
#include "engine/container/validate.h"
#include "posix/path.h"
#include "posix/process.h"

namespace tare::container {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class RunSpecTest : public testing::Test {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "needs root";
        if (!fs::exists("/bin/busybox")) GTEST_SKIP() << "needs Debian's busybox-static";
        const char* bin = std::getenv("TARE_BIN");
        runtime_ = cat(bin == nullptr ? "" : bin, "/tare-oci");
        if (!fs::exists(runtime_)) GTEST_SKIP() << "needs tare-oci in TARE_BIN";
        fs::create_directories(rootfs() + "/bin");
        fs::copy_file("/bin/busybox", rootfs() + "/bin/busybox");
        for (const char* applet : {"sh", "cat", "id", "ls", "grep", "mount", "env", "stat", "hostname", "ps",
                                   "touch", "df", "head", "test", "mkdir", "true", "ulimit"})
            fs::create_symlink("busybox", rootfs() + "/bin/" + applet);
        directory_.write("rootfs/etc/passwd",
                         "root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n");
        directory_.write("rootfs/etc/group", "root:x:0:\napp:x:1000:\nextra:x:2000:app\n");
        host_ = read_host_facts();
        host_.cgroup_parent = cat("/tare-test-", ::getpid());
        if (bin != nullptr && fs::exists(cat(bin, "/tare-init"))) host_.init_binary = cat(bin, "/tare-init");
        container_ = test_container();
        container_.host_config.network_mode = "none";
        container_.hostname_path = directory_.write("hostname", "box\n");
        container_.hosts_path = directory_.write("hosts", "127.0.0.1 localhost\n");
        container_.config.hostname = "box";
    }
    void TearDown() override {
        ::rmdir(cat("/sys/fs/cgroup", host_.cgroup_parent).c_str());
        for (auto& hierarchy : std::filesystem::directory_iterator("/sys/fs/cgroup"))
            ::rmdir(cat(hierarchy.path().native(), host_.cgroup_parent).c_str());
    }

    std::string rootfs() const { return directory_.path() + "/rootfs"; }

    struct Outcome {
        std::string output;
        posix::ExitStatus status;
    };

    /// Fills what a client left open, prepares the root, builds the spec and runs it.
    Outcome run(const Strings& command) {
        auto outcome = try_run(command);
        EXPECT_TRUE(outcome) << message_of(outcome);
        return outcome.value_or(Outcome());
    }
    std::string output(const std::string& script) { return run({"sh", "-c", script}).output; }

    Result<Outcome> try_run(const Strings& command) {
        container_.config.command = command;
        TRY(adapt(container_.config, container_.host_config, container_.id, host_));
        posix::Fd root = TRY(posix::open_file(rootfs(), O_PATH | O_DIRECTORY));
        TRY(prepare_rootfs(root.get(), container_));
        oci::RuntimeSpec spec = TRY(build_spec({.container = container_, .root = root.get(), .host = host_}));
        directory_.write("config.json", dump(oci::to_json(spec), 1));
        posix::Pipe output = TRY(posix::make_pipe());
        posix::Process runtime =
            TRY(posix::spawn({.program = runtime_,
                              .args = {"tare-oci", "--root", directory_.path() + "/state", "run", "--bundle",
                                       directory_.path(), container_.id},
                              .env = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"},
                              .descriptors = {{output.write_end.get(), 1}, {output.write_end.get(), 2}}}));
        output.write_end.reset();
        Outcome outcome;
        outcome.output = TRY(posix::read_to_end(output.read_end.get(), 1 << 20));
        outcome.status = TRY(runtime.wait(Deadline::after(60s)));
        return outcome;
    }

    TemporaryDirectory directory_;
    std::string runtime_;
    HostFacts host_;
    Container container_;
};

TEST_F(RunSpecTest, a_plain_container_runs_and_gives_its_status) {
    Outcome outcome = run({"sh", "-c", "echo hello; exit 7"});
    EXPECT_EQ(outcome.output, "hello\n");
    EXPECT_EQ(outcome.status.code, 7);
}

TEST_F(RunSpecTest, it_is_who_and_where_it_was_asked_to_be) {
    container_.config.user = "app";
    container_.config.working_directory = "/work/deep";
    container_.host_config.group_add = {"3000"};
    EXPECT_EQ(
        output("id; pwd; echo $HOME; hostname; cat /etc/hostname"),
        "uid=1000(app) gid=1000(app) groups=1000(app),2000(extra),3000\n/work/deep\n/home/app\nbox\nbox\n");
}

TEST_F(RunSpecTest, default_capabilities_and_filter_are_in_force) {
    EXPECT_EQ(output("grep -E 'CapEff|CapBnd|Seccomp:|NoNewPrivs' /proc/self/status"),
              "CapEff:\t00000000a80425fb\nCapBnd:\t00000000a80425fb\nNoNewPrivs:\t0\nSeccomp:\t2\n");
}

TEST_F(RunSpecTest, kernel_files_are_masked_or_read_only) {
    EXPECT_EQ(output("cat /proc/interrupts /proc/timer_list 2>/dev/null; ls /sys/firmware; "
                     "echo x > /proc/sys/kernel/domainname || echo refused"),
              "sh: can't create /proc/sys/kernel/domainname: Read-only file system\nrefused\n");
}

TEST_F(RunSpecTest, limits_reach_the_cgroup) {
    container_.host_config.resources.memory_bytes = 64 << 20;
    container_.host_config.resources.pids_limit = 33;
    const std::string files =
        host_.is_cgroup_v2 ? "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max"
                           : "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/pids/pids.max";
    EXPECT_EQ(output(files), "67108864\n33\n");
}

TEST_F(RunSpecTest, mounts_are_as_asked) {
    directory_.write("bound/file", "from the host\n");
    container_.mount_points = {{.type = "bind",
                                .source = directory_.path() + "/bound",
                                .destination = "/bound",
                                .is_writable = false,
                                .propagation = "rprivate"},
                               {.type = "tmpfs", .destination = "/scratch", .tmpfs_options = {"size=1m"}}};
    EXPECT_EQ(output("cat /bound/file; touch /bound/x 2>/dev/null || echo read-only; touch /scratch/x && "
                     "grep -c ' /scratch ' /proc/self/mountinfo"),
              "from the host\nread-only\n1\n");
}

TEST_F(RunSpecTest, a_read_only_root_has_writable_memory_only) {
    container_.host_config.readonly_rootfs = true;
    EXPECT_EQ(output("touch /x 2>/dev/null || echo read-only; touch /dev/shm/x && echo shm"),
              "read-only\nshm\n");
}

TEST_F(RunSpecTest, ulimits_and_oom_score_are_set) {
    container_.host_config.resources.ulimits = {{.name = "nofile", .soft = 77, .hard = 88}};
    container_.host_config.oom_score_adj = 500;
    EXPECT_EQ(output("ulimit -n; ulimit -Hn; cat /proc/self/oom_score_adj"), "77\n88\n500\n");
}

TEST_F(RunSpecTest, sysctls_are_set_in_its_own_network) {
    container_.host_config.sysctls = {{"net.ipv4.ip_forward", "1"}};
    EXPECT_EQ(output("cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/ip_unprivileged_port_start"),
              "1\n0\n");
}

TEST_F(RunSpecTest, the_default_apparmor_profile_holds_where_nothing_else_does) {
    if (!host_.has_apparmor) GTEST_SKIP() << "AppArmor is not enabled on this machine";
    auto loaded = load_default_apparmor_profile();
    ASSERT_TRUE(loaded) << message_of(loaded);
    host_.apparmor_profile = kDefaultAppArmorProfile;
    // All rights and nothing masked: what is denied here is denied by the profile.
    container_.host_config.cap_add = {"ALL"};
    container_.host_config.security_options = {"seccomp=unconfined"};
    container_.host_config.masked_paths = Strings();
    container_.host_config.readonly_paths = Strings();
    EXPECT_EQ(output("cat /proc/self/attr/current; mount -t tmpfs t /dev/shm 2>/dev/null || echo no mount; "
                     "cat /proc/kcore 2>/dev/null || echo no memory; "
                     "(echo h > /proc/sysrq-trigger) 2>/dev/null || echo no keys; "
                     "(echo 1 > /proc/sys/vm/drop_caches) 2>/dev/null || echo no knobs; "
                     "(echo 7000 > /proc/sys/kernel/shmmni) && echo own memory; "
                     "(echo 9 > /proc/self/oom_score_adj) && touch /x && echo own files"),
              "tare-default (enforce)\nno mount\nno memory\nno keys\nno knobs\nown memory\nown files\n");
    container_.host_config.security_options.push_back("apparmor=unconfined");
    EXPECT_EQ(output("cat /proc/self/attr/current; mount -t tmpfs t /dev/shm && echo mounted"),
              "unconfined\nmounted\n");
}

TEST_F(RunSpecTest, privileged_sees_the_hosts_devices) {
    container_.host_config.privileged = true;
    EXPECT_EQ(output("grep -E 'Seccomp:' /proc/self/status; test -c /dev/kmsg && echo kmsg"),
              fs::exists("/dev/kmsg") ? "Seccomp:\t0\nkmsg\n" : "Seccomp:\t0\n");
}

TEST_F(RunSpecTest, a_device_is_there_under_its_new_name) {
    container_.host_config.resources.devices = {
        {.path_on_host = "/dev/full", .path_in_container = "/dev/mine", .cgroup_permissions = "rw"}};
    EXPECT_EQ(output("head -c2 /dev/mine | wc -c; echo x > /dev/mine || true"),
              "2\nsh: write error: No space left on device\n");
}

TEST_F(RunSpecTest, init_reaps_and_passes_the_status_on) {
    if (host_.init_binary.empty()) GTEST_SKIP() << "needs tare-init in TARE_BIN";
    container_.host_config.init = true;
    Outcome outcome = run({"sh", "-c", "cat /proc/1/cmdline | head -c 17; exit 9"});
    EXPECT_EQ(outcome.output, "/sbin/docker-init");
    EXPECT_EQ(outcome.status.code, 9);
}

}  // namespace
}  // namespace tare::container
