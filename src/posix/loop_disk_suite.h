#pragma once

// For root tests: a small file system of its own (ext4 on a loop device), to be filled up, or to lose what
// was not synced. A copy of its image holds what the file system has handed to the disk: what only the page
// cache knew is not in it, as after a power loss.

#include <cstdlib>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "posix/crash_suite.h"
#include "posix/mount.h"

namespace tare::posix {

/// Mounted below a temporary directory; unmounted and removed when destroyed.
class LoopDisk {
  public:
    /// A new file system of that size, or the one that `image` holds (which is replayed when mounted).
    explicit LoopDisk(int megabytes) {
        run(cat("truncate -s ", megabytes, "M ", image(), " && mkfs.ext4 -q -F ", image()));
        mount();
    }
    explicit LoopDisk(const std::string& other_image) {
        run(cat("cp --sparse=always ", other_image, " ", image()));
        mount();
    }
    LoopDisk(const LoopDisk&) = delete;
    LoopDisk& operator=(const LoopDisk&) = delete;
    ~LoopDisk() { EXPECT_TRUE(unmount(path())); }

    static bool is_available() {
        return ::geteuid() == 0 && exists("/dev/loop-control") &&
               std::system("command -v mkfs.ext4 mount >/dev/null 2>&1") == 0;
    }

    std::string path() const { return place_ / "mounted"; }
    std::string image() const { return place_ / "image"; }
    void sync() const { run("sync -f " + path()); }

  private:
    void mount() const {
        EXPECT_TRUE(make_directory(path(), 0700));
        // Writeback orders nothing: what was not synced may be lost in any combination.
        run(cat("mount -o loop,data=writeback ", image(), " ", path()));
    }
    static void run(const std::string& command) { EXPECT_EQ(std::system(command.c_str()), 0) << command; }

    TemporaryDirectory place_;
};

/// crash_at_every_point with the power cut at each point: `verify` sees what was on the disk then.
inline void lose_power_at_every_point(const CrashSteps& steps) {
    std::vector<std::string> names;
    {
        TemporaryDirectory first;
        if (steps.prepare) steps.prepare(first.path());
        names = fault::record([&] { steps.operation(first.path()); });
    }
    EXPECT_FALSE(names.empty()) << "the operation passes no fault point";
    for (const auto& name : names) {
        SCOPED_TRACE("at " + name);
        LoopDisk disk(32);
        if (steps.prepare) steps.prepare(disk.path());
        disk.sync();
        is_killed_in_child([&] {
            fault::arm(name, fault::Action::kill);
            steps.operation(disk.path());
        });
        LoopDisk after(disk.image());
        steps.verify(after.path());
    }
}

}  // namespace tare::posix
