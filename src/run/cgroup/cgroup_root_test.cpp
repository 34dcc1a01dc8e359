#include <algorithm>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "posix/file.h"
#include "run/cgroup/cgroup.h"
#include "run/cgroup/entrance.h"
#include "run/cgroup/oom.h"
#include "run/cgroup/stats.h"

namespace tare::cgroup {
namespace {

using namespace std::chrono_literals;

/// A group of its own for each test, removed at the end with all that runs in it.
class CgroupTest : public testing::Test {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "needs root";
        auto found = Hierarchies::discover();
        if (!found) GTEST_SKIP() << found.error().message();
        auto created = Cgroup::create(*found, cat("/tare-test-", ::getpid()));
        ASSERT_TRUE(created.has_value()) << created.error().message();
        group_ = *created;
    }
    void TearDown() override {
        if (group_.paths().empty()) return;
        EXPECT_TRUE(group_.kill().has_value());
        for (pid_t child : children_)
            ::waitpid(child, nullptr, 0);
        EXPECT_TRUE(group_.remove(Deadline::after(5s)).has_value());
        EXPECT_FALSE(group_.exists());
    }

    void wait_until_inside(pid_t child) const {
        auto deadline = Deadline::after(5s);
        while (!deadline.has_passed()) {
            auto inside = group_.processes();
            if (inside && std::ranges::find(*inside, child) != inside->end()) return;
            ::usleep(1000);
        }
    }

    /// A child in the group that runs `body` once it has joined.
    template <class Body>
    pid_t start(Body body) {
        auto entrance = std::move(*Entrance::open(group_));
        auto process = entrance.fork(0);
        EXPECT_TRUE(process.has_value());
        if (!*process) {
            if (!entrance.enter()) ::_exit(99);
            ::_exit(body());
        }
        const pid_t child = process->pid();
        wait_until_inside(child);
        children_.push_back(child);
        return child;
    }
    pid_t start_sleeper() {
        return start([] {
            ::pause();
            return 0;
        });
    }
    int status_of(pid_t child) {
        int status = 0;
        ::waitpid(child, &status, 0);
        std::erase(children_, child);
        return status;
    }

    Cgroup group_;
    std::vector<pid_t> children_;
};

TEST_F(CgroupTest, a_process_that_was_added_is_listed) {
    pid_t child = start_sleeper();
    auto pids = group_.processes();
    ASSERT_TRUE(pids.has_value());
    EXPECT_EQ(*pids, std::vector<pid_t>{child});
}

TEST_F(CgroupTest, kill_ends_every_process_also_a_frozen_one) {
    pid_t child = start_sleeper();
    ASSERT_TRUE(group_.freeze(Deadline::after(5s)).has_value());
    EXPECT_TRUE(group_.is_frozen().value());
    ASSERT_TRUE(group_.kill().has_value());
    int status = status_of(child);
    EXPECT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(WTERMSIG(status), SIGKILL);
}

TEST_F(CgroupTest, a_thawed_group_runs_again) {
    pid_t child = start([] {
        ::usleep(300'000);
        return 7;
    });
    ASSERT_TRUE(group_.freeze(Deadline::after(5s)).has_value());
    ASSERT_TRUE(group_.thaw(Deadline::after(5s)).has_value());
    EXPECT_FALSE(group_.is_frozen().value());
    EXPECT_EQ(WEXITSTATUS(status_of(child)), 7);
}

TEST_F(CgroupTest, the_pids_limit_stops_a_fork) {
    oci::LinuxResources resources;
    resources.pids_limit = 1;
    ASSERT_TRUE(group_.set(resources, Cgroup::Devices::keep).has_value());
    pid_t child = start([] { return ::fork() < 0 ? errno : 0; });
    EXPECT_EQ(WEXITSTATUS(status_of(child)), EAGAIN);
}

TEST_F(CgroupTest, the_memory_limit_kills_and_the_watch_counts_it) {
    oci::LinuxResources resources;
    resources.memory.limit = 8 << 20;
    resources.memory.swap = 8 << 20;
    auto set = group_.set(resources, Cgroup::Devices::keep);
    ASSERT_TRUE(set.has_value()) << set.error().message();
    auto watch = OomWatch::open(group_);
    ASSERT_TRUE(watch.has_value()) << watch.error().message();
    pid_t child = start([] {
        constexpr std::size_t size = 64 << 20;
        auto* memory = static_cast<volatile char*>(::malloc(size));
        for (std::size_t i = 0; i < size; i += 4096)
            memory[i] = 1;
        return 0;
    });
    int status = status_of(child);
    EXPECT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(watch->take_kills().value_or(0), 1U);
    EXPECT_EQ(watch->take_kills().value_or(9), 0U);
    EXPECT_EQ(oom_kill_count(group_), 1U);
    EXPECT_EQ(read_stats(group_).value().memory.limit_bytes, 8U << 20);
}

TEST_F(CgroupTest, limits_can_be_raised_and_lowered_in_any_order) {
    for (std::int64_t megabytes : {64, 16, 256}) {
        oci::LinuxResources resources;
        resources.memory.limit = megabytes << 20;
        resources.memory.swap = megabytes << 20;
        auto set = group_.set(resources, Cgroup::Devices::keep);
        ASSERT_TRUE(set.has_value()) << megabytes << ": " << set.error().message();
        EXPECT_EQ(read_stats(group_).value().memory.limit_bytes, static_cast<std::uint64_t>(megabytes) << 20);
    }
}

TEST_F(CgroupTest, cpu_settings_are_taken) {
    oci::LinuxResources resources;
    resources.cpu.shares = 512;
    resources.cpu.quota = 50'000;
    resources.cpu.period = 100'000;
    resources.cpu.cpus = "0";
    auto set = group_.set(resources, Cgroup::Devices::keep);
    ASSERT_TRUE(set.has_value()) << set.error().message();
    std::string cpuset = posix::read_file(group_.directory_of("cpuset") + "/cpuset.cpus", 4096).value_or("");
    EXPECT_EQ(trim(cpuset), "0");
}

TEST_F(CgroupTest, a_group_without_the_device_in_its_list_cannot_open_it) {
    oci::LinuxResources resources;
    resources.devices = {{.allow = false, .access = "rwm"},
                         {.allow = true, .type = 'c', .major = 1, .minor = 3, .access = "rw"}};
    auto set = group_.set(resources);
    ASSERT_TRUE(set.has_value()) << set.error().message();
    EXPECT_EQ(WEXITSTATUS(status_of(start([] { return ::open("/dev/null", O_RDWR) < 0 ? errno : 0; }))), 0);
    EXPECT_EQ(WEXITSTATUS(status_of(start([] { return ::open("/dev/zero", O_RDONLY) < 0 ? errno : 0; }))),
              EPERM);
}

TEST_F(CgroupTest, the_cpu_time_of_a_process_is_counted) {
    pid_t child = start([] {
        volatile long counter = 0;
        while (counter < 20'000'000) {
            long next = counter + 1;
            counter = next;
        }
        return 0;
    });
    status_of(child);
    EXPECT_GT(read_stats(group_).value().cpu.total_ns, 1'000'000U);
}

TEST_F(CgroupTest, dot_dot_does_not_lead_out_of_the_hierarchy) {
    auto hierarchies = Hierarchies::discover();
    ASSERT_TRUE(hierarchies.has_value());
    auto other = Cgroup::create(*hierarchies, cat("/../../../tare-test-", ::getpid(), "/inner"));
    ASSERT_TRUE(other.has_value()) << other.error().message();
    for (auto& [subsystem, directory] : other->paths())
        EXPECT_TRUE(directory.ends_with("/inner")) << directory;
    EXPECT_TRUE(other->remove(Deadline::after(5s)).has_value());
}

TEST_F(CgroupTest, security_sd8_limits_are_read_back) {
    oci::LinuxResources wanted;
    wanted.memory.limit = 64 << 20;
    wanted.pids_limit = 17;
    wanted.cpu.quota = 50'000;
    ASSERT_TRUE(group_.set(wanted, Cgroup::Devices::keep).has_value());
    auto verified = group_.verify(wanted);
    EXPECT_TRUE(verified.has_value()) << verified.error().message();
    // As a kernel, or somebody else, that did not keep it would leave it.
    ASSERT_TRUE(posix::write_knob(group_.directory_of("pids") + "/pids.max", "max").has_value());
    verified = group_.verify(wanted);
    ASSERT_FALSE(verified.has_value());
    EXPECT_EQ(verified.error().message(),
              "pids.max is \"max\" although \"17\" was set: the limit is not in force");
    wanted.pids_limit.reset();
    wanted.memory.limit = 32 << 20;
    EXPECT_FALSE(group_.verify(wanted).has_value());
    wanted.memory.limit.reset();
    wanted.cpu.quota = 60'000;
    EXPECT_FALSE(group_.verify(wanted).has_value());
}

TEST_F(CgroupTest, security_sd8_a_process_that_is_elsewhere_is_noticed) {
    pid_t child = start_sleeper();
    EXPECT_TRUE(group_.verify_process(child).has_value());
    auto elsewhere = group_.verify_process(::getpid());
    ASSERT_FALSE(elsewhere.has_value());
    EXPECT_NE(elsewhere.error().message().find("is not in its cgroup"), std::string::npos);
}

TEST(Security, sd8_limits_without_a_group_are_refused) {
    Cgroup none = Cgroup::open({});
    oci::LinuxResources wanted;
    EXPECT_TRUE(none.set(wanted).has_value());
    wanted.pids_limit = 5;
    EXPECT_FALSE(none.set(wanted).has_value());
}

}  // namespace
}  // namespace tare::cgroup
