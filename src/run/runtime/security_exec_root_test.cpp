// Security RT1: what a process holds at the moment at which the container can see it. A tracer in there with
// CAP_SYS_PTRACE is let in whether or not the process is dumpable, so it must find nothing to take.

#include <cstdio>

#include <sys/mman.h>
#include <sys/prctl.h>

#include "base/fault.h"
#include "run/runtime/container_fixture.h"

namespace tare::runtime {
namespace {

class SecurityExec : public ContainerTest {
  protected:
    void SetUp() override {
        ContainerTest::SetUp();
        if (IsSkipped()) return;
        void* page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        seen_ = static_cast<char*>(page);
        auto& sets = *spec_.process->capabilities;
        for (auto* set : {&sets.bounding, &sets.effective, &sets.permitted})
            *set = {"CAP_KILL", "CAP_SYS_PTRACE"};
    }
    void TearDown() override {
        fault::disarm_all();
        if (seen_) ::munmap(seen_, 4096);
        ContainerTest::TearDown();
    }

    /// Exec of `process`, and what /proc/self/status said of these keys before its first step inside.
    std::string status_at_birth(const oci::Process& process, std::vector<std::string> keys) {
        auto created = start_sleeper();
        fault::arm("exec.namespaces.joined", [&]() -> Result<> {
            std::string found;
            for (auto line : split(posix::read_file("/proc/self/status", 65536).value_or(""), '\n'))
                for (auto& key : keys)
                    if (line.starts_with(key + ":")) found += cat(line, "\n");
            std::snprintf(seen_, 4096, "%s", found.c_str());
            return {};
        });
        outcome_ = exec_in(created, process);
        fault::disarm_all();
        end(created);
        return seen_;
    }
    static oci::Seccomp filter_that_denies(std::vector<std::string> names) {
        oci::Seccomp filter;
        filter.default_action = "SCMP_ACT_ALLOW";
        filter.rules = {{.names = std::move(names), .action = "SCMP_ACT_ERRNO", .errno_ret = {}, .args = {}}};
        return filter;
    }

    char* seen_ = nullptr;
    Outcome outcome_;
};

TEST_F(SecurityExec, rt1_a_process_that_joins_has_no_right_that_the_container_has_not) {
    oci::Process process = *spec_.process;
    process.args = {"grep", "-E", "^(Uid|Cap|Seccomp:)", "/proc/self/status"};
    const std::string rights =
        "CapInh:\t0000000000000000\nCapPrm:\t0000000000080020\nCapEff:\t0000000000080020\n"
        "CapBnd:\t0000000000080020\nCapAmb:\t0000000000000000\n";
    const std::vector<std::string> keys = {"Uid",    "CapInh", "CapPrm", "CapEff",
                                           "CapBnd", "CapAmb", "Seccomp"};
    for (bool is_locked : {true, false})
        for (bool is_filtered : {true, false}) {
            spec_.linux_section.seccomp.reset();
            if (is_filtered) spec_.linux_section.seccomp = filter_that_denies({"add_key"});
            process.no_new_privileges = is_locked;
            const std::string expected =
                cat("Uid:\t0\t0\t0\t0\n", rights, "Seccomp:\t", is_filtered ? 2 : 0, "\n");
            EXPECT_EQ(status_at_birth(process, keys), expected) << is_locked << is_filtered;
            EXPECT_EQ(outcome_.error, "");
            EXPECT_EQ(outcome_.output, expected) << is_locked << is_filtered;
        }
}

TEST_F(SecurityExec, rt1_another_user_joins_as_that_user) {
    oci::Process process = *spec_.process;
    process.user = {.uid = 1000, .gid = 1000};
    process.args = {"true"};
    EXPECT_EQ(status_at_birth(process, {"Uid", "Gid", "CapPrm"}),
              "Uid:\t1000\t1000\t1000\t1000\nGid:\t1000\t1000\t1000\t1000\nCapPrm:\t0000000000080020\n");
    EXPECT_EQ(outcome_.error, "");
}

TEST_F(SecurityExec, rt1_a_process_that_joins_is_in_the_container_s_root_with_its_streams_alone) {
    auto created = start_sleeper();
    std::string root = cat("/proc/", created.state.pid, "/root/bin");
    struct stat inside{};
    ASSERT_EQ(::stat(root.c_str(), &inside), 0);
    fault::arm("exec.namespaces.joined", [&]() -> Result<> {
        struct stat bin{};
        struct stat here{};
        ::stat("/bin", &bin);
        ::stat(".", &here);
        std::string found;
        for (int fd = 0; fd < 200; ++fd) {
            struct stat status{};
            if (::fstat(fd, &status) == 0)
                found += S_ISSOCK(status.st_mode) ? "s" : S_ISDIR(status.st_mode) ? "d" : "f";
        }
        bool is_there = here.st_ino == inside.st_ino && here.st_dev == inside.st_dev;
        std::snprintf(seen_, 4096, "root %d cwd %d open %s dumpable %d", bin.st_ino == inside.st_ino,
                      is_there, found.c_str(), ::prctl(PR_GET_DUMPABLE));
        return {};
    });
    oci::Process process = *spec_.process;
    process.cwd = "/bin";
    process.args = {"true"};
    EXPECT_EQ(exec_in(created, process).error, "");
    EXPECT_STREQ(seen_, "root 1 cwd 1 open fffs dumpable 0");
    fault::disarm_all();
    end(created);
}

/// Of the first process, while it waits for start, /proc/PID/status.
class SecurityWaiting : public SecurityExec {
  protected:
    Created create_only(const std::vector<std::string>& args) {
        auto null = posix::open_file("/dev/null", O_RDWR);
        auto created = create_with(args, {null->get(), null->get(), null->get()});
        EXPECT_TRUE(created.has_value()) << created.error().message();
        return std::move(*created);
    }
    static std::string status_of(pid_t pid, std::vector<std::string> keys) {
        std::string found;
        std::string text = posix::read_file(cat("/proc/", pid, "/status"), 65536).value_or("");
        for (auto line : split(text, '\n'))
            for (auto& key : keys)
                if (line.starts_with(key + ":")) found += cat(line, "\n");
        return found;
    }
    /// How it ends once it is started.
    int run_on(Created& created) {
        EXPECT_TRUE(start(root_, created.state).has_value());
        int code = created.init.wait(Deadline::after(20s)).value_or(posix::ExitStatus{-1, 0}).shell_code();
        EXPECT_TRUE(destroy(root_, created.state).has_value());
        return code;
    }
};

TEST_F(SecurityWaiting, rt1_a_process_that_waits_for_start_has_no_right_that_the_container_has_not) {
    spec_.process->user = {.uid = 1000, .gid = 1000};
    for (bool is_locked : {true, false})
        for (bool is_filtered : {true, false}) {
            spec_.linux_section.seccomp.reset();
            if (is_filtered) spec_.linux_section.seccomp = filter_that_denies({"add_key"});
            spec_.process->no_new_privileges = is_locked;
            auto created = create_only({"sh", "-c", "exit 7"});
            EXPECT_EQ(status_of(created.state.pid, {"Uid", "CapPrm", "CapEff", "CapBnd"}),
                      "Uid:\t1000\t1000\t1000\t1000\nCapPrm:\t0000000000080020\nCapEff:\t0000000000080020\n"
                      "CapBnd:\t0000000000080020\n")
                << is_locked << is_filtered;
            EXPECT_EQ(run_on(created), 7) << is_locked << is_filtered;
        }
}

TEST_F(SecurityWaiting, a_filter_that_denies_what_the_wait_needs_comes_after_it) {
    for (bool is_locked : {true, false})
        for (auto& denied : {"poll", "sendmsg", "close_range", "restart_syscall"}) {
            spec_.process->no_new_privileges = is_locked;
            spec_.linux_section.seccomp = filter_that_denies({denied});
            auto created = create_only({"sh", "-c", "exit 7"});
            EXPECT_EQ(run_on(created), 7) << denied << is_locked;
        }
}

TEST_F(SecurityWaiting, hooks_of_the_start_run_outside_the_filter) {
    // A hook needs more than the program: it is read, linked, and starts others.
    spec_.linux_section.seccomp =
        filter_that_denies({"pipe2", "clone", "clone3", "vfork", "wait4", "waitid"});
    spec_.hooks.start_container = {{.path = "/bin/sh", .args = {"sh", "-c", "id > /hooked"}}};
    spec_.root_readonly = false;
    for (bool is_locked : {true, false}) {
        spec_.process->no_new_privileges = is_locked;
        auto created = create_only({"cat", "/hooked"});
        EXPECT_EQ(run_on(created), 0) << is_locked;
    }
}

TEST_F(SecurityExec, a_filter_that_denies_what_the_join_needs_comes_after_it) {
    oci::Process process = *spec_.process;
    process.args = {"echo", "ran"};
    for (bool is_locked : {true, false}) {
        process.no_new_privileges = is_locked;
        for (auto& denied : {"clone", "setsid", "recvmsg", "sendmsg"}) {
            std::vector<std::string> names = {denied};
            if (names.front() == "clone") names.emplace_back("clone3");
            spec_.linux_section.seccomp = filter_that_denies(names);
            auto created = start_sleeper();
            auto outcome = exec_in(created, process);
            EXPECT_EQ(outcome.output + outcome.error, "ran\n") << denied << is_locked;
            end(created);
        }
    }
}

TEST_F(SecurityExec, a_limit_of_processes_counts_none_of_ours) {
    oci::Process process = *spec_.process;
    process.user = {.uid = 54321, .gid = 54321};
    process.rlimits.push_back({"RLIMIT_NPROC", 1, 1});
    process.args = {"grep", "processes", "/proc/self/limits"};
    auto created = start_sleeper();
    auto outcome = exec_in(created, process);
    EXPECT_EQ(outcome.error, "");
    EXPECT_NE(outcome.output.find("processes             1                    1"), std::string::npos)
        << outcome.output;
    end(created);
}

TEST_F(SecurityExec, rt1_in_a_user_namespace_the_rights_are_its_own) {
    spec_.linux_section.namespaces.push_back({oci::NamespaceKind::user, ""});
    spec_.linux_section.uid_mappings = {{0, 100'000, 65'536}};
    spec_.linux_section.gid_mappings = {{0, 100'000, 65'536}};
    fs::permissions(directory_, fs::perms::others_exec | fs::perms::others_read, fs::perm_options::add);
    for (auto name : {"proc", "dev", "sys"})
        fs::create_directories(bundle_ + "/rootfs/" + name);
    oci::Process process = *spec_.process;
    process.args = {"sh", "-c", "id -u; head -1 /proc/self/uid_map | grep -c 100000"};
    EXPECT_EQ(status_at_birth(process, {"Uid", "CapPrm", "CapBnd"}),
              "Uid:\t0\t0\t0\t0\nCapPrm:\t0000000000080020\nCapBnd:\t0000000000080020\n");
    EXPECT_EQ(outcome_.output + outcome_.error, "0\n1\n");
}

TEST_F(SecurityExec, a_terminal_and_the_score_are_the_process_s) {
    oci::Process process = *spec_.process;
    process.terminal = true;
    process.oom_score_adj = 123;
    process.console_size = oci::ConsoleSize{.height = 33, .width = 44};
    process.args = {"sh", "-c", "[ -t 0 ] && echo x > /dev/tty && cat /proc/self/oom_score_adj; exit 6"};
    auto created = start_sleeper();
    auto executed = exec(root_, created.state, {.process = process, .stdio = {}});
    ASSERT_TRUE(executed.has_value()) << executed.error().message();
    ASSERT_TRUE(executed->console);
    EXPECT_EQ(executed->process.wait(Deadline::after(20s)).value().shell_code(), 6);
    char buffer[256] = {};
    auto count = posix::read_some(executed->console.get(), buffer, sizeof buffer);
    ASSERT_TRUE(count.has_value());
    EXPECT_EQ(std::string(buffer, *count), "x\r\n123\r\n");
    end(created);
}

}  // namespace
}  // namespace tare::runtime
