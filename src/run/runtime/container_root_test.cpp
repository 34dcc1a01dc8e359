// Real containers out of Debian's static busybox. Each test has its own state root and bundle and
// leaves no mount, group, process or directory behind, which the fixture checks.

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "posix/file.h"
#include "run/runtime/container.h"
#include "run/runtime/rootfs.h"

namespace tare::runtime {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

std::string read_all(int fd) {
    return posix::read_to_end(fd, std::size_t{1} << 20).value_or("unreadable");
}

class ContainerTest : public testing::Test {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "needs root";
        if (!fs::exists("/bin/busybox")) GTEST_SKIP() << "needs Debian's busybox-static";
        char name[] = "/tmp/tare-runtime-XXXXXX";
        ASSERT_NE(::mkdtemp(name), nullptr);
        directory_ = name;
        root_ = directory_ + "/state";
        bundle_ = directory_ + "/bundle";
        fs::create_directories(bundle_ + "/rootfs/bin");
        fs::create_directories(bundle_ + "/rootfs/etc");
        fs::copy_file("/bin/busybox", bundle_ + "/rootfs/bin/busybox");
        for (auto applet :
             {"sh", "cat", "sleep", "id", "true", "grep", "ls", "echo", "mount", "head", "stat", "kill"})
            fs::create_symlink("busybox", bundle_ + "/rootfs/bin/" + applet);
        mounts_before_ = mount_count();
        spec_ = default_spec();
        spec_.process->terminal = false;
        spec_.linux_section.cgroups_path = "/tare-test-" + id();
    }
    void TearDown() override {
        if (directory_.empty()) return;
        fs::remove_all(directory_);
        EXPECT_EQ(mount_count(), mounts_before_);
        EXPECT_FALSE(fs::exists("/sys/fs/cgroup/pids/tare-test-" + id()));
        EXPECT_FALSE(fs::exists("/sys/fs/cgroup/tare-test-" + id()));
    }

    std::string id() const { return cat("c", ::getpid()); }
    static std::size_t mount_count() {
        std::ifstream file("/proc/self/mountinfo");
        std::string line;
        std::size_t count = 0;
        while (std::getline(file, line))
            ++count;
        return count;
    }

    Result<Created> create_with(const std::vector<std::string>& args, const Stdio& stdio) {
        spec_.process->args = args;
        return create({.root = root_, .id = id(), .bundle = bundle_, .spec = spec_, .stdio = stdio});
    }

    struct Outcome {
        std::string output;
        posix::ExitStatus status;
        std::string error;  ///< why it could not be created
    };
    /// Creates, starts, waits and destroys; output and errors of the program together.
    Outcome run(const std::vector<std::string>& args) {
        auto pipe = posix::make_pipe();
        auto null = posix::open_file("/dev/null", O_RDONLY);
        auto created = create_with(args, {null->get(), pipe->write_end.get(), pipe->write_end.get()});
        if (!created) return {.error = created.error().message()};
        auto started = start(root_, created->state);
        EXPECT_TRUE(started.has_value()) << started.error().message();
        pipe->write_end.reset();
        Outcome outcome{.output = read_all(pipe->read_end.get())};
        outcome.status = created->init.wait(Deadline::after(20s)).value_or(posix::ExitStatus{-1, 0});
        auto destroyed = destroy(root_, created->state);
        EXPECT_TRUE(destroyed.has_value()) << destroyed.error().message();
        return outcome;
    }
    Outcome shell(const std::string& script) { return run({"sh", "-c", script}); }

    /// A container that sleeps, for tests that act on it; ended by `end`.
    Created start_sleeper() {
        auto null = posix::open_file("/dev/null", O_RDWR);
        auto created = create_with({"sleep", "1000"}, {null->get(), null->get(), null->get()});
        EXPECT_TRUE(created.has_value()) << created.error().message();
        EXPECT_TRUE(start(root_, created->state).has_value());
        return std::move(*created);
    }
    void end(Created& created) {
        EXPECT_TRUE(kill(root_, created.state, SIGKILL, Whom::all).has_value());
        EXPECT_TRUE(created.init.wait(Deadline::after(10s)).has_value());
        EXPECT_TRUE(destroy(root_, created.state).has_value());
    }
    Outcome exec_in(const Created& created, oci::Process process) {
        auto pipe = posix::make_pipe();
        auto null = posix::open_file("/dev/null", O_RDONLY);
        auto executed = exec(root_, created.state,
                             {.process = std::move(process),
                              .stdio = {null->get(), pipe->write_end.get(), pipe->write_end.get()}});
        if (!executed) return {.error = executed.error().message()};
        pipe->write_end.reset();
        Outcome outcome{.output = read_all(pipe->read_end.get())};
        outcome.status = executed->process.wait(Deadline::after(20s)).value_or(posix::ExitStatus{-1, 0});
        return outcome;
    }

    std::string directory_;
    std::string root_;
    std::string bundle_;
    oci::RuntimeSpec spec_;
    std::size_t mounts_before_ = 0;
};

TEST_F(ContainerTest, a_tmpfs_keeps_the_mode_of_the_directory_that_it_covers) {
    fs::create_directories(bundle_ + "/rootfs/private");
    ASSERT_EQ(::chmod((bundle_ + "/rootfs/private").c_str(), 01710), 0);
    spec_.mounts.push_back({.destination = "/private", .type = "tmpfs", .source = "tmpfs"});
    spec_.mounts.push_back(
        {.destination = "/other", .type = "tmpfs", .source = "tmpfs", .options = {"mode=0751"}});
    EXPECT_EQ(shell("stat -c %a /private /other").output, "1710\n751\n");
}

TEST_F(ContainerTest, the_exit_code_is_the_program_s) {
    auto outcome = shell("echo out; echo err >&2; exit 7");
    EXPECT_EQ(outcome.error, "");
    EXPECT_EQ(outcome.output, "out\nerr\n");
    EXPECT_EQ(outcome.status.shell_code(), 7);
}

TEST_F(ContainerTest, it_is_process_1_with_its_own_hostname) {
    spec_.hostname = "box";
    auto outcome = shell("echo $$; cat /proc/sys/kernel/hostname");
    EXPECT_EQ(outcome.output, "1\nbox\n");
}

TEST_F(ContainerTest, a_missing_program_is_not_found_and_leaves_nothing) {
    auto outcome = run({"no-such-program"});
    EXPECT_EQ(outcome.error, "exec: \"no-such-program\": executable file not found in $PATH");
    EXPECT_FALSE(fs::exists(root_ + "/" + id()));
}

TEST_F(ContainerTest, a_file_without_the_execute_bit_is_permission_denied) {
    std::ofstream(bundle_ + "/rootfs/bin/data") << "x";
    EXPECT_EQ(run({"/bin/data"}).error, "exec: \"/bin/data\": permission denied");
}

TEST_F(ContainerTest, a_second_container_of_the_same_id_is_refused_and_the_first_lives_on) {
    auto first = start_sleeper();
    auto second = create({.root = root_, .id = id(), .bundle = bundle_, .spec = spec_});
    ASSERT_FALSE(second.has_value());
    EXPECT_TRUE(second.error().is(ErrorKind::already_exists));
    EXPECT_EQ(status_of(root_, first.state).value(), Status::running);
    end(first);
}

TEST_F(ContainerTest, the_status_follows_the_facts) {
    auto null = posix::open_file("/dev/null", O_RDWR);
    auto created = create_with({"sleep", "1000"}, {null->get(), null->get(), null->get()});
    ASSERT_TRUE(created.has_value()) << created.error().message();
    EXPECT_EQ(status_of(root_, created->state).value(), Status::created);
    EXPECT_TRUE(start(root_, created->state).has_value());
    EXPECT_EQ(status_of(root_, created->state).value(), Status::running);
    EXPECT_FALSE(start(root_, created->state).has_value());
    EXPECT_TRUE(pause(root_, created->state).has_value());
    EXPECT_EQ(status_of(root_, created->state).value(), Status::paused);
    EXPECT_TRUE(resume(root_, created->state).has_value());
    EXPECT_TRUE(kill(root_, created->state, SIGKILL, Whom::init).has_value());
    EXPECT_EQ(created->init.wait(Deadline::after(10s)).value().signal, SIGKILL);
    EXPECT_EQ(status_of(root_, created->state).value(), Status::stopped);
    EXPECT_FALSE(kill(root_, created->state, SIGTERM, Whom::init).has_value());
    EXPECT_TRUE(destroy(root_, created->state).has_value());
}

TEST_F(ContainerTest, the_state_can_be_read_back) {
    auto created = start_sleeper();
    auto loaded = load_state(root_, id());
    ASSERT_TRUE(loaded.has_value()) << loaded.error().message();
    EXPECT_EQ(loaded->pid, created.state.pid);
    EXPECT_EQ(loaded->bundle, bundle_);
    EXPECT_EQ(loaded->cgroup_paths, created.state.cgroup_paths);
    EXPECT_EQ(loaded->namespaces, created.state.namespaces);
    end(created);
    EXPECT_TRUE(load_state(root_, id()).error().is(ErrorKind::not_found));
}

TEST_F(ContainerTest, exec_runs_in_the_same_namespaces_and_group) {
    auto created = start_sleeper();
    oci::Process process = *spec_.process;
    process.args = {"sh", "-c", "cat /proc/1/comm; cat /proc/self/cgroup | head -1; exit 3"};
    auto outcome = exec_in(created, process);
    EXPECT_EQ(outcome.error, "");
    EXPECT_EQ(outcome.output.substr(0, 6), "sleep\n");
    EXPECT_NE(outcome.output.find(":/\n"), std::string::npos) << outcome.output;
    EXPECT_EQ(outcome.status.shell_code(), 3);
    process.args = {"nope"};
    EXPECT_EQ(exec_in(created, process).error, "exec: \"nope\": executable file not found in $PATH");
    end(created);
}

TEST_F(ContainerTest, a_terminal_gets_a_console_of_the_container_s_own_devpts) {
    spec_.process->terminal = true;
    spec_.process->console_size = oci::ConsoleSize{.height = 33, .width = 44};
    auto created =
        create_with({"sh", "-c", "[ -t 0 ] && stat -c %t /dev/console && ls /dev/pts; exit 5"}, {});
    ASSERT_TRUE(created.has_value()) << created.error().message();
    ASSERT_TRUE(created->console);
    ASSERT_TRUE(start(root_, created->state).has_value());
    EXPECT_EQ(created->init.wait(Deadline::after(20s)).value().shell_code(), 5);
    char buffer[256] = {};
    auto count = posix::read_some(created->console.get(), buffer, sizeof buffer);
    ASSERT_TRUE(count.has_value());
    EXPECT_EQ(std::string(buffer, *count).substr(0, 4), "88\r\n");  // major 136
    EXPECT_TRUE(destroy(root_, created->state).has_value());
}

TEST_F(ContainerTest, a_bind_mount_can_be_read_only_and_makes_its_mount_point) {
    fs::create_directories(directory_ + "/data");
    std::ofstream(directory_ + "/data/file") << "content\n";
    spec_.root_readonly = false;
    spec_.mounts.push_back({"/deep/er/data", "bind", directory_ + "/data", {"rbind", "ro"}});
    spec_.mounts.push_back({"/one-file", "bind", directory_ + "/data/file", {"bind"}});
    auto outcome = shell("cat /deep/er/data/file /one-file; echo x > /deep/er/data/file || echo refused");
    EXPECT_EQ(outcome.error, "");
    EXPECT_EQ(outcome.output.substr(0, 16), "content\ncontent\n");
    EXPECT_NE(outcome.output.find("refused"), std::string::npos);
}

TEST_F(ContainerTest, hooks_run_with_the_state_and_a_failing_one_stops_the_creation) {
    std::string record = directory_ + "/record";
    spec_.hooks.create_runtime = {
        {"/bin/sh", {"sh", "-c", "cat >> " + record + "; env >> " + record}, {"ONLY=this"}}};
    EXPECT_EQ(shell("true").error, "");
    std::string seen = posix::read_file(record, 65536).value_or("");
    EXPECT_NE(seen.find("\"status\":\"creating\""), std::string::npos) << seen;
    EXPECT_NE(seen.find("ONLY=this"), std::string::npos);
    EXPECT_EQ(seen.find("HOME="), std::string::npos);
    spec_.hooks.create_runtime = {{"/bin/sh", {"sh", "-c", "echo no way >&2; exit 9"}, {}}};
    auto outcome = shell("true");
    EXPECT_NE(outcome.error.find("createRuntime hook #0"), std::string::npos) << outcome.error;
    EXPECT_NE(outcome.error.find("no way"), std::string::npos);
    EXPECT_FALSE(fs::exists(root_ + "/" + id()));
}

TEST_F(ContainerTest, a_user_namespace_maps_root_to_somebody) {
    spec_.linux_section.namespaces.push_back({oci::NamespaceKind::user, ""});
    spec_.linux_section.uid_mappings = {{0, 100'000, 65'536}};
    spec_.linux_section.gid_mappings = {{0, 100'000, 65'536}};
    spec_.root_readonly = false;
    // The mapped root has to get at the bundle.
    fs::permissions(directory_, fs::perms::others_exec | fs::perms::others_read, fs::perm_options::add);
    fs::create_directories(bundle_ + "/rootfs/proc");
    for (auto name : {"dev", "sys"})
        fs::create_directories(bundle_ + "/rootfs/" + name);
    auto outcome =
        shell("id -u; head -1 /proc/self/uid_map | grep -c 100000; echo x > /dev/null && echo null");
    EXPECT_EQ(outcome.error, "");
    EXPECT_EQ(outcome.output, "0\n1\nnull\n");
}

TEST_F(ContainerTest, sysctls_of_an_own_namespace_are_set) {
    spec_.linux_section.sysctl = {{"kernel.shm_rmid_forced", "1"}, {"net.ipv4.ip_forward", "1"}};
    auto outcome = shell("cat /proc/sys/kernel/shm_rmid_forced /proc/sys/net/ipv4/ip_forward");
    EXPECT_EQ(outcome.error, "");
    EXPECT_EQ(outcome.output, "1\n1\n");
}

TEST_F(ContainerTest, the_pids_limit_holds) {
    spec_.linux_section.resources.pids_limit = 3;
    auto outcome = shell("sleep 5 & sleep 5 & sleep 5 & sleep 5 & true");
    EXPECT_NE(outcome.status.shell_code(), 0);
}

// --- what other engines got wrong ---

using SecurityContainer = ContainerTest;

TEST_F(SecurityContainer, rt1_rt11_no_descriptor_of_the_host_crosses) {
    std::vector<posix::Fd> leaked;
    for (int i = 0; i < 40; ++i)
        leaked.emplace_back(::open("/", O_RDONLY | O_DIRECTORY));
    auto outcome = shell("ls /proc/self/fd");
    EXPECT_EQ(outcome.output, "0\n1\n2\n3\n") << "3 is ls reading the directory";
    for (int fd = 3; fd < 60; fd += 7) {
        spec_.process->cwd = cat("/proc/self/fd/", fd);
        auto refused = shell("true");
        EXPECT_NE(refused.error.find("working directory"), std::string::npos) << fd << ": " << refused.error;
    }
}

TEST_F(SecurityContainer, rt4_a_proc_that_is_a_link_is_refused) {
    fs::create_directories(bundle_ + "/rootfs/tmp/fake");
    fs::create_directory_symlink("tmp/fake", bundle_ + "/rootfs/proc");
    auto outcome = shell("true");
    EXPECT_NE(outcome.error.find("not a directory"), std::string::npos) << outcome.error;
}

TEST_F(SecurityContainer, rt3_nothing_may_be_mounted_into_proc) {
    fs::create_directories(directory_ + "/fake");
    for (auto target : {"/proc/self/attr", "/proc/sys", "/x/../proc/sys"}) {
        auto before = spec_.mounts;
        spec_.mounts.push_back({target, "bind", directory_ + "/fake", {"bind"}});
        EXPECT_NE(shell("true").error.find("inside /proc"), std::string::npos) << target;
        spec_.mounts = before;
    }
    spec_.mounts.push_back({"/proc", "bind", directory_ + "/fake", {"bind"}});
    EXPECT_NE(shell("true").error.find("not of type proc"), std::string::npos);
}

TEST_F(SecurityContainer, rt10_links_of_the_image_do_not_lead_preparation_out) {
    std::string canary = directory_ + "/canary";
    fs::create_directories(canary);
    auto snapshot = [&] {
        std::vector<std::string> names;
        for (auto& entry : fs::recursive_directory_iterator(canary))
            names.push_back(entry.path());
        return names;
    };
    for (auto name : {"dev", "sys", "run", "tmp"})
        for (auto& target : {canary, std::string("../../canary")}) {
            std::string link = bundle_ + "/rootfs/" + name;
            fs::remove_all(link);
            fs::create_directory_symlink(target, link);
            auto before = spec_.mounts;
            spec_.mounts.push_back({cat("/", name, "/made/by/us"), "tmpfs", "tmpfs", {}});
            shell("true");
            spec_.mounts = before;
            EXPECT_TRUE(snapshot().empty()) << name << " -> " << target;
            fs::remove_all(link);
        }
}

TEST_F(SecurityContainer, rt12_inheritable_and_ambient_are_empty_also_in_exec) {
    auto created = start_sleeper();
    oci::Process process = *spec_.process;
    process.args = {"grep", "-E", "Cap(Inh|Amb)", "/proc/self/status"};
    EXPECT_EQ(exec_in(created, process).output, "CapInh:\t0000000000000000\nCapAmb:\t0000000000000000\n");
    process.args[2].assign("CapEff");
    EXPECT_EQ(exec_in(created, process).output, "CapEff:\t0000000020000420\n");
    end(created);
}

TEST_F(SecurityContainer, rt13_another_user_keeps_no_capability) {
    spec_.process->user = {.uid = 1000, .gid = 1000};
    auto outcome = shell("grep -E 'Cap(Prm|Eff)' /proc/self/status; id -u");
    EXPECT_EQ(outcome.output, "CapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n1000\n");
}

TEST_F(SecurityContainer, rt14_the_primary_group_is_among_the_supplementary_ones) {
    spec_.process->user = {.uid = 1000, .gid = 1000, .additional_gids = {5}};
    EXPECT_EQ(shell("grep Groups /proc/self/status").output, "Groups:\t5 1000 \n");
}

TEST_F(SecurityContainer, rt19_a_device_that_is_not_listed_cannot_be_opened) {
    spec_.process->capabilities->bounding.push_back("CAP_MKNOD");
    auto& sets = *spec_.process->capabilities;
    sets.effective.push_back("CAP_MKNOD");
    sets.permitted.push_back("CAP_MKNOD");
    auto outcome =
        shell("busybox mknod /dev/disk b 254 0 && cat /dev/disk | head -c 1; echo x > /dev/null && echo ok");
    EXPECT_NE(outcome.output.find("not permitted"), std::string::npos) << outcome.output;
    EXPECT_NE(outcome.output.find("ok"), std::string::npos);
}

TEST_F(SecurityContainer, rt22_masked_files_read_empty_and_read_only_paths_cannot_be_written) {
    auto outcome = shell(
        "cat /proc/kcore /proc/keys /proc/timer_list 2>/dev/null | head -c 1; ls /sys/firmware;"
        "echo x > /proc/sys/kernel/hostname || echo refused");
    EXPECT_EQ(outcome.output, "sh: can't create /proc/sys/kernel/hostname: Read-only file system\nrefused\n");
}

TEST_F(SecurityContainer, rt25_a_sysctl_of_the_host_is_refused) {
    for (auto name :
         {"kernel.core_pattern", "kernel/core_pattern", "vm.overcommit_memory", "net.ipv4/../../kernel/x"}) {
        spec_.linux_section.sysctl = {{name, "1"}};
        EXPECT_NE(shell("true").error, "") << name;
    }
    spec_.linux_section.sysctl = {{"net.ipv4.ip_forward", "1"}};
    std::erase_if(spec_.linux_section.namespaces,
                  [](auto& e) { return e.kind == oci::NamespaceKind::network; });
    EXPECT_NE(shell("true").error.find("network"), std::string::npos);
}

TEST_F(SecurityContainer, rt28_the_host_s_mounts_are_the_same_for_every_propagation) {
    for (auto propagation : {"", "rprivate", "rslave", "rshared"}) {
        spec_.linux_section.rootfs_propagation = propagation;
        EXPECT_EQ(shell("true").error, "") << propagation;
        EXPECT_EQ(mount_count(), mounts_before_) << propagation;
    }
}

}  // namespace
}  // namespace tare::runtime
