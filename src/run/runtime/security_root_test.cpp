// What other engines got wrong: each test is an attack that worked on one of them.

#include <cstdio>

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/fault.h"
#include "run/runtime/container_fixture.h"

namespace tare::runtime {
namespace {

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

/// Directories of this process that nobody marked to be closed at exec, as a careless caller leaves them.
class LeakedDirectories {
  public:
    explicit LeakedDirectories(const std::string& path) {
        for (int i = 0; i < 40; ++i)
            descriptors_.emplace_back(::open(path.c_str(), O_RDONLY | O_DIRECTORY));
    }

  private:
    std::vector<posix::Fd> descriptors_;
};

TEST_F(SecurityContainer, rt11_no_program_is_reached_through_a_descriptor_of_the_host) {
    fs::create_directories(directory_ + "/outside");
    fs::create_directories(directory_ + "/data");
    fs::copy_file("/bin/busybox", directory_ + "/outside/busybox");
    spec_.mounts.push_back({"/data", "bind", directory_ + "/data", {"bind"}});
    LeakedDirectories leaked(directory_ + "/data");
    auto name_of = [](int fd) { return cat("/proc/self/fd/", fd, "/../outside/busybox"); };
    for (int fd = 3; fd < 60; ++fd)
        EXPECT_NE(run({name_of(fd), "echo", "escaped"}).error, "") << fd;
    auto created = start_sleeper();
    for (int fd = 3; fd < 60; ++fd) {
        oci::Process process = *spec_.process;
        process.args = {name_of(fd), "echo", "escaped"};
        auto outcome = exec_in(created, process);
        EXPECT_NE(outcome.error, "") << fd;
        EXPECT_EQ(outcome.output, "") << fd;
        process.args = {"true"};
        process.cwd = cat("/proc/self/fd/", fd);
        EXPECT_NE(exec_in(created, process).error.find("working directory"), std::string::npos) << fd;
    }
    end(created);
}

/// What a container with CAP_SYS_PTRACE could reach in a process that has just joined its namespaces.
TEST_F(SecurityContainer, rt1_a_process_that_joins_has_nothing_of_its_caller_left) {
    LeakedDirectories leaked(directory_);
    auto created = start_sleeper();
    auto* seen =
        static_cast<char*>(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    fault::arm("exec.namespaces.joined", [&]() -> Result<> {
        std::string found;
        for (int fd = 3; fd < 200; ++fd) {
            struct stat status{};
            if (::fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) found += cat(fd, " ");
        }
        std::snprintf(seen, 4096, "joined with directories [%s] dumpable %d", found.c_str(),
                      ::prctl(PR_GET_DUMPABLE));
        return {};
    });
    oci::Process process = *spec_.process;
    process.args = {"true"};
    EXPECT_EQ(exec_in(created, process).error, "");
    fault::disarm_all();
    EXPECT_STREQ(seen, "joined with directories [] dumpable 0");
    ::munmap(seen, 4096);
    end(created);
}

TEST_F(SecurityContainer, rt3_nothing_is_mounted_into_proc_through_a_link_of_the_image) {
    fs::create_directories(directory_ + "/fake");
    fs::create_directory_symlink("/proc/1", bundle_ + "/rootfs/data");
    auto before = spec_.mounts;
    spec_.mounts.push_back({"/data/attr", "bind", directory_ + "/fake", {"bind"}});
    EXPECT_NE(shell("true").error.find("inside /proc"), std::string::npos);
    spec_.mounts = before;
    spec_.mounts.push_back({"/data/attr", "tmpfs", "tmpfs", {}});
    EXPECT_NE(shell("true").error.find("inside /proc"), std::string::npos);
}

/// A process of its own, since creating a container forks, that swaps two names until it is ended.
class Swapper {
  public:
    Swapper(const std::string& one, const std::string& other) : pid_(::fork()) {
        if (pid_ != 0) return;
        while (true)
            ::renameat2(AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE);
    }
    ~Swapper() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    Swapper(const Swapper&) = delete;
    Swapper& operator=(const Swapper&) = delete;

  private:
    pid_t pid_;
};

TEST_F(SecurityContainer, rt5_rt6_mount_points_below_a_name_that_is_swapped_stay_inside) {
    std::string canary = directory_ + "/canary";
    fs::create_directories(canary);
    fs::create_directories(directory_ + "/volume/entry");
    fs::create_directory_symlink(canary, directory_ + "/volume/link");
    spec_.mounts.push_back({"/volume", "bind", directory_ + "/volume", {"bind"}});
    spec_.mounts.push_back({"/volume/entry/made/by/us", "tmpfs", "tmpfs", {}});
    spec_.mounts.push_back({"/volume/entry/file", "bind", "/etc/hostname", {"bind"}});
    {
        Swapper swapper(directory_ + "/volume/entry", directory_ + "/volume/link");
        for (int i = 0; i < 40; ++i)
            shell("true");
    }
    EXPECT_TRUE(fs::is_empty(canary));
    EXPECT_EQ(mount_count(), mounts_before_);
}

TEST_F(SecurityContainer, rt5_a_mount_point_is_the_one_that_was_found) {
    std::string canary = directory_ + "/canary";
    std::string rootfs = bundle_ + "/rootfs";
    fs::create_directories(canary + "/x");
    fs::create_directories(rootfs + "/volume/entry/x");
    std::ofstream(canary + "/x/file") << "host";
    spec_.mounts = {{"/proc", "proc", "proc", {}}, {"/volume/entry/x", "tmpfs", "tmpfs", {}}};
    int passed = 0;
    fault::arm("mount.target.opened", [&]() -> Result<> {
        if (++passed != 2) return {};
        fs::rename(rootfs + "/volume/entry", rootfs + "/volume/moved");
        fs::create_directory_symlink(canary, rootfs + "/volume/entry");
        return {};
    });
    auto outcome = shell("grep -c '/volume/moved/x' /proc/self/mountinfo");
    fault::disarm_all();
    EXPECT_EQ(outcome.output, "1\n") << outcome.error;
    EXPECT_TRUE(fs::is_symlink(rootfs + "/volume/entry")) << "the fault point was not passed";
    EXPECT_EQ(posix::read_file(canary + "/x/file", 64).value_or("gone"), "host");
}

TEST_F(SecurityContainer, rt7_masking_does_not_trust_a_dev_null_of_the_image) {
    std::erase_if(spec_.mounts, [](auto& mount) { return mount.destination.starts_with("/dev"); });
    spec_.root_readonly = false;
    std::string canary = directory_ + "/canary";
    std::string null = bundle_ + "/rootfs/dev/null";
    fs::create_directories(bundle_ + "/rootfs/dev");
    for (auto& target : {canary, std::string("/proc/sys/kernel/core_pattern"), std::string("a file")}) {
        std::ofstream(canary) << "host";
        fs::remove(null);
        if (target == "a file")
            std::ofstream(null) << "content";
        else
            fs::create_symlink(target, null);
        auto outcome = shell(
            "head -c 1 /proc/timer_list /proc/kcore 2>/dev/null; echo x > /dev/null; stat -c %t:%T "
            "/dev/null");
        EXPECT_EQ(outcome.output.substr(outcome.output.size() > 4 ? outcome.output.size() - 4 : 0), "1:3\n")
            << target << outcome.output << outcome.error;
        EXPECT_EQ(shell("head -c 1 /proc/timer_list | wc -c").output, "0\n") << target;
        EXPECT_EQ(posix::read_file(canary, 64).value_or("gone"), "host") << target;
    }
}

TEST_F(SecurityContainer, rt7_a_dev_null_that_is_swapped_just_before_masking_masks_nothing) {
    std::erase_if(spec_.mounts, [](auto& mount) { return mount.destination.starts_with("/dev"); });
    std::string canary = directory_ + "/canary";
    std::string null = bundle_ + "/rootfs/dev/null";
    std::ofstream(bundle_ + "/rootfs/bait") << "bait";
    fault::arm("paths.protect.begun", [&]() -> Result<> {
        fs::remove(null);
        fs::create_symlink("/bait", null);
        return {};
    });
    EXPECT_EQ(shell("cat /proc/timer_list /proc/keys && echo read").output, "read\n");
    fault::disarm_all();
    EXPECT_TRUE(fs::is_symlink(null)) << "the fault point was not passed";
}

TEST_F(SecurityContainer, rt8_a_console_is_ours_whatever_the_image_has_there) {
    std::erase_if(spec_.mounts, [](auto& mount) { return mount.destination == "/dev"; });
    spec_.process->terminal = true;
    spec_.root_readonly = false;
    std::string canary = directory_ + "/canary";
    std::string console = bundle_ + "/rootfs/dev/console";
    fs::create_directories(bundle_ + "/rootfs/dev/pts");
    for (auto kind : {"absolute link", "relative link", "directory", "fifo"}) {
        std::ofstream(canary) << "host";
        fs::remove(console);
        if (kind[0] == 'a') fs::create_symlink(canary, console);
        if (kind[0] == 'r') fs::create_symlink("../../../canary", console);
        if (kind[0] == 'd') fs::create_directory(console);
        if (kind[0] == 'f') ::mkfifo(console.c_str(), 0600);
        auto created = create_with({"sh", "-c", "echo leaked > /dev/console"}, {});
        EXPECT_EQ(created.has_value(), kind[0] == 'f') << kind;
        if (created) {
            ASSERT_TRUE(start(root_, created->state).has_value());
            EXPECT_EQ(created->init.wait(Deadline::after(20s)).value().shell_code(), 0);
            EXPECT_TRUE(destroy(root_, created->state).has_value());
        }
        EXPECT_EQ(posix::read_file(canary, 64).value_or("gone"), "host") << kind;
    }
}

TEST_F(SecurityContainer, rt9_what_covers_proc_in_the_container_gets_none_of_our_writes) {
    auto& sets = *spec_.process->capabilities;
    for (auto* set : {&sets.bounding, &sets.effective, &sets.permitted})
        set->push_back("CAP_SYS_ADMIN");
    auto null = posix::open_file("/dev/null", O_RDWR);
    auto created = create_with(
        {"sh", "-c", "mount -t tmpfs covered /proc && echo 0 > /proc/ready; exec busybox sleep 1000"},
        {null->get(), null->get(), null->get()});
    ASSERT_TRUE(created.has_value()) << created.error().message();
    ASSERT_TRUE(start(root_, created->state).has_value());
    std::string proc = cat("/proc/", created->state.pid, "/root/proc/ready");
    for (int i = 0; i < 500 && !fs::exists(proc); ++i)
        ::usleep(10'000);
    ASSERT_TRUE(fs::exists(proc));
    oci::Process process = *spec_.process;
    process.args = {"sleep", "1000"};
    process.oom_score_adj = 321;
    auto executed =
        exec(root_, created->state, {.process = process, .stdio = {null->get(), null->get(), null->get()}});
    ASSERT_TRUE(executed.has_value()) << executed.error().message();
    EXPECT_EQ(posix::read_file(cat("/proc/", executed->process.pid(), "/oom_score_adj"), 64).value_or(""),
              "321\n");
    // Reaped first: a pid namespace ends when all of its processes have been.
    EXPECT_TRUE(executed->process.kill(SIGKILL).has_value());
    EXPECT_TRUE(executed->process.wait(Deadline::after(10s)).has_value());
    end(*created);
}

TEST_F(SecurityContainer, rt16_an_account_file_that_is_no_file_holds_nothing_up) {
    std::string passwd = bundle_ + "/rootfs/etc/passwd";
    spec_.process->env = {"PATH=/bin"};
    auto home = [&] { return shell("echo $HOME").output; };
    ASSERT_EQ(::mkfifo(passwd.c_str(), 0600), 0);
    EXPECT_EQ(home(), "/\n");
    fs::remove(passwd);
    fs::create_symlink("/dev/zero", passwd);
    EXPECT_EQ(home(), "/\n");
    fs::remove(passwd);
    std::ofstream(passwd) << "root:x:0:0::/endless:/bin/sh\n";
    fs::resize_file(passwd, std::uintmax_t{20} << 30);
    EXPECT_EQ(home(), "/\n");
    fs::remove(passwd);
    std::ofstream(bundle_ + "/rootfs/etc/other") << "root:x:0:0::/of-the-image:/bin/sh\n";
    fs::create_symlink("../../../etc/other", passwd);
    EXPECT_EQ(home(), "/of-the-image\n");
}

TEST_F(SecurityContainer, rt18_without_a_cgroup_namespace_the_host_s_groups_are_not_seen) {
    std::erase_if(spec_.linux_section.namespaces,
                  [](auto& entry) { return entry.kind == oci::NamespaceKind::cgroup; });
    auto outcome = shell(
        "for g in /sys/fs/cgroup /sys/fs/cgroup/pids; do [ -e $g/cgroup.procs ] || continue;"
        "head -1 $g/cgroup.procs; mkdir $g/made 2>/dev/null && echo made;"
        "echo 1 2>/dev/null > $g/cgroup.procs && echo written; done");
    EXPECT_EQ(outcome.output.substr(0, 2), "1\n") << outcome.output;
    EXPECT_EQ(outcome.output.find("made"), std::string::npos);
    EXPECT_EQ(outcome.output.find("written"), std::string::npos);
}

TEST_F(SecurityContainer, rt22_every_masked_path_is_empty_for_create_and_exec) {
    std::string list;
    for (auto& path : spec_.linux_section.masked_paths)
        list += path + " ";
    std::string look = cat("for p in ", list,
                           "; do if [ -d $p ]; then ls -A $p; elif [ -e $p ]; then head -c 1 $p; fi; done;"
                           "for p in ",
                           join(spec_.linux_section.readonly_paths, " "),
                           "; do [ ! -e $p ] || grep -q \" $p ro,\" /proc/self/mountinfo || echo $p; done;"
                           "echo looked");
    EXPECT_EQ(shell(look).output, "looked\n");
    auto created = start_sleeper();
    oci::Process process = *spec_.process;
    process.args = {"sh", "-c", look};
    EXPECT_EQ(exec_in(created, process).output, "looked\n");
    end(created);
}

TEST_F(SecurityContainer, rt24_a_hook_gets_nothing_of_the_container_or_of_us) {
    LeakedDirectories leaked(directory_);
    std::string record = directory_ + "/record";
    spec_.process->env.push_back("LD_PRELOAD=/evil.so");
    spec_.process->env.push_back("IFS=/");
    std::vector<oci::Hook> hook = {
        {"/bin/sh", {"sh", "-c", "(pwd; env; ls /proc/self/fd) > " + record}, {"OWN=1"}}};
    for (auto* hooks : {&spec_.hooks.create_runtime, &spec_.hooks.create_container}) {
        *hooks = hook;
        EXPECT_EQ(shell("true").error, "");
        std::string seen = posix::read_file(record, 65536).value_or("");
        EXPECT_EQ(seen.substr(0, 2), "/\n");
        EXPECT_NE(seen.find("OWN=1"), std::string::npos);
        EXPECT_EQ(seen.find("LD_PRELOAD"), std::string::npos) << seen;
        EXPECT_EQ(seen.find("IFS"), std::string::npos) << seen;
        EXPECT_EQ(seen.substr(seen.find("0\n1\n2\n")), "0\n1\n2\n3\n") << seen;
        hooks->clear();
    }
}

TEST_F(SecurityContainer, rt25_a_sysctl_of_a_namespace_that_turns_out_to_be_the_host_s_is_refused) {
    spec_.linux_section.sysctl = {{"kernel.shm_rmid_forced", "1"}};
    for (auto& entry : spec_.linux_section.namespaces)
        if (entry.kind == oci::NamespaceKind::ipc) entry.path = cat("/proc/", ::getpid(), "/ns/ipc");
    std::string before = posix::read_file("/proc/sys/kernel/shm_rmid_forced", 64).value_or("");
    EXPECT_NE(shell("true").error.find("the host's"), std::string::npos);
    EXPECT_EQ(posix::read_file("/proc/sys/kernel/shm_rmid_forced", 64).value_or(""), before);
}

}  // namespace
}  // namespace tare::runtime
