// What a container is from its creation to its end.

#include <sys/mount.h>

#include "run/runtime/container_fixture.h"

namespace tare::runtime {
namespace {

TEST_F(ContainerTest, a_tmpfs_keeps_the_mode_of_the_directory_that_it_covers) {
    fs::create_directories(bundle_ + "/rootfs/private");
    ASSERT_EQ(::chmod((bundle_ + "/rootfs/private").c_str(), 01710), 0);
    spec_.mounts.push_back({.destination = "/private", .type = "tmpfs", .source = "tmpfs"});
    spec_.mounts.push_back(
        {.destination = "/other", .type = "tmpfs", .source = "tmpfs", .options = {"mode=0751"}});
    EXPECT_EQ(shell("stat -c %a /private /other").output, "1710\n751\n");
}

TEST_F(ContainerTest, a_working_directory_that_is_missing_is_made) {
    spec_.root_readonly = true;
    spec_.process->cwd = "/new/place";
    EXPECT_EQ(shell("busybox pwd; stat -c %a /new/place").output, "/new/place\n755\n");
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

TEST_F(ContainerTest, a_group_that_others_are_in_is_refused_and_left_to_them) {
    auto first = start_sleeper();
    auto second = create({.root = root_, .id = id() + "x", .bundle = bundle_, .spec = spec_});
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().message(), "container's cgroup is not empty: 1 process(es) found");
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

/// As systemd in a container does it: its processes below the container's group, which is left for
/// controllers.
class DelegatedGroup {
  public:
    explicit DelegatedGroup(const State& state)
        : directory_(cgroup::Cgroup::open(state.cgroup_paths).v2_directory()) {
        if (directory_.empty()) return;
        fs::create_directory(directory_ + "/inner");
        take(state.pid);
        // Of the controllers some leave processes where they are (threaded ones); these do not.
        for (auto controller : {"+memory", "+hugetlb", "+io", "+misc"})
            is_made_ = posix::write_knob(directory_ + "/cgroup.subtree_control", controller) || is_made_;
    }
    void take(pid_t pid) const {
        EXPECT_TRUE(posix::write_knob(directory_ + "/inner/cgroup.procs", cat(pid)));
    }
    bool is_made() const { return is_made_; }
    std::string processes() const { return *posix::read_file(directory_ + "/inner/cgroup.procs", 4096); }

  private:
    std::string directory_;
    bool is_made_ = false;
};

TEST_F(ContainerTest, exec_joins_init_where_the_container_has_handed_its_group_on) {
    auto created = start_sleeper();
    DelegatedGroup group(created.state);
    if (group.is_made()) {
        oci::Process process = *spec_.process;
        process.args = {"sh", "-c", "grep ^0: /proc/self/cgroup"};
        auto outcome = exec_in(created, process);
        EXPECT_EQ(outcome.error, "");
        EXPECT_TRUE(outcome.output.ends_with("/inner\n")) << outcome.output;
    }
    end(created);
    if (!group.is_made()) GTEST_SKIP() << "no controller of this machine can be enabled in cgroup v2";
}

TEST_F(ContainerTest, security_exec_joins_no_group_outside_the_container_s_own) {
    auto created = start_sleeper();
    DelegatedGroup group(created.state);
    if (group.is_made()) {
        // Somebody with rights on the host has moved init away: where it is, the container's limits are not.
        auto root = cgroup::Hierarchies::discover()->v2()->mount_point;
        EXPECT_TRUE(posix::write_knob(root + "/cgroup.procs", cat(created.state.pid)));
        oci::Process process = *spec_.process;
        process.args = {"true"};
        EXPECT_NE(exec_in(created, process).error.find("busy"), std::string::npos);
        EXPECT_EQ(group.processes(), "");
        group.take(created.state.pid);  // to be ended with the group
    }
    end(created);
    if (!group.is_made()) GTEST_SKIP() << "no controller of this machine can be enabled in cgroup v2";
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

TEST_F(ContainerTest, a_shared_bind_is_a_peer_of_the_host_s_mount_and_a_slave_follows_it) {
    const std::string source = directory_ + "/host";
    fs::create_directories(source);
    ASSERT_EQ(::mount("tmpfs", source.c_str(), "tmpfs", 0, nullptr), 0);
    ASSERT_EQ(::mount(nullptr, source.c_str(), nullptr, MS_SHARED, nullptr), 0);
    spec_.linux_section.rootfs_propagation = "shared";
    spec_.mounts.push_back({"/peer", "bind", source, {"rbind", "rshared"}});
    spec_.mounts.push_back({"/slave", "bind", source, {"rbind", "rslave"}});
    spec_.mounts.push_back({"/apart", "bind", source, {"rbind", "rprivate"}});
    const auto tags = [](std::string_view point) {
        return cat("set -- $(grep ' ", point, " ' /proc/self/mountinfo); echo $7 $8;");
    };
    const auto outcome = shell(cat(tags("/peer"), tags("/slave"), tags("/apart")));
    std::ifstream mountinfo("/proc/self/mountinfo");
    std::string group;
    for (std::string line; std::getline(mountinfo, line);)
        if (line.contains(source))
            if (auto at = line.find("shared:"); at != std::string::npos)
                group = line.substr(at + 7, line.find(' ', at) - at - 7);
    EXPECT_EQ(::umount(source.c_str()), 0);
    EXPECT_EQ(outcome.error, "");
    EXPECT_EQ(outcome.output, cat("shared:", group, " -\nmaster:", group, " -\n- tmpfs\n"));
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

}  // namespace
}  // namespace tare::runtime
