#pragma once

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

using namespace std::chrono_literals;
namespace fs = std::filesystem;

inline std::string read_all(int fd) {
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

}  // namespace tare::runtime
