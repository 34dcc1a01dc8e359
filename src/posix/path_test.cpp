#include "posix/path.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tare::posix {
namespace {

namespace fs = std::filesystem;

/// A root and, beside it, a canary that nothing below the root may reach.
class PathTest : public testing::Test {
  protected:
    void SetUp() override {
        char name[] = "/tmp/tare-path-XXXXXX";
        ASSERT_NE(::mkdtemp(name), nullptr);
        directory_ = name;
        canary_ = directory_ + "/canary";
        fs::create_directories(directory_ + "/root/real");
        fs::create_directories(canary_);
        std::ofstream(canary_ + "/secret") << "host";
        root_ = Fd(::open((directory_ + "/root").c_str(), O_PATH | O_DIRECTORY));
    }
    void TearDown() override { fs::remove_all(directory_); }

    std::size_t canary_entries() const {
        return static_cast<std::size_t>(std::distance(fs::directory_iterator(canary_), {}));
    }
    void link(const std::string& target, const std::string& name) {
        fs::create_symlink(target, directory_ + "/root/" + name);
    }

    std::string directory_;
    std::string canary_;
    Fd root_;
};

TEST_F(PathTest, cleaning_is_lexical_and_stays_below_the_root) {
    EXPECT_EQ(clean_path("/a/./b//../c"), "/a/c");
    EXPECT_EQ(clean_path("../../x"), "/x");
    EXPECT_EQ(clean_path(""), "/");
}

TEST_F(PathTest, security_r1_links_and_dots_do_not_leave_the_root) {
    link(canary_, "absolute");
    link("../canary", "relative");
    link("../../../../../../../.." + canary_, "deep");
    link("/proc/1/root" + canary_, "magic");
    link("/proc/self/fd", "descriptors");
    for (auto path : {"absolute/secret", "relative/secret", "deep/secret", "magic/secret", "../canary/secret",
                      "/../canary/secret", "real/../../canary/secret"})
        EXPECT_FALSE(open_in_root(root_.get(), path, O_RDONLY).has_value()) << path;
    EXPECT_FALSE(open_in_root(root_.get(), std::string_view("real\0/x", 7), O_PATH).has_value());
    for (auto path : {"absolute", "relative", "../canary", "/etc"})
        EXPECT_FALSE(open_beneath(root_.get(), path, O_PATH).has_value()) << path;
    link("real", "inside");
    EXPECT_TRUE(open_beneath(root_.get(), "inside", O_PATH).has_value());
    EXPECT_FALSE(open_beneath_no_links(root_.get(), "inside", O_PATH).has_value());
}

TEST_F(PathTest, security_rt6_nothing_is_created_through_a_link) {
    link(canary_, "absolute");
    link("../canary", "relative");
    link("nowhere", "dangling");
    for (auto path : {"absolute/x/y", "relative/x/y", "dangling/x", "dangling"}) {
        (void)make_directories_in_root(root_.get(), path);  // inside, or refused
        (void)make_file_in_root(root_.get(), cat(path, "/file"));
    }
    EXPECT_FALSE(make_file_in_root(root_.get(), "dangling").has_value());
    for (auto path : {"", "/", "..", "real/..", "."})
        EXPECT_FALSE(make_file_in_root(root_.get(), path).has_value()) << path;
    EXPECT_EQ(canary_entries(), 1U);
    EXPECT_TRUE(make_directories_in_root(root_.get(), "a/b/../c").has_value());
    EXPECT_TRUE(fs::is_directory(directory_ + "/root/a/c"));
}

TEST_F(PathTest, security_rt6_nothing_is_created_outside_while_names_are_swapped) {
    std::string real = directory_ + "/root/real";
    std::string other = directory_ + "/root/other";
    fs::create_symlink(canary_, other);
    pid_t swapper = ::fork();
    if (swapper == 0)
        while (true)
            ::renameat2(AT_FDCWD, real.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE);
    int made = 0;
    for (int i = 0; i < 500; ++i) {
        std::string path = cat("real/", i, "/b/c");
        made += make_directories_in_root(root_.get(), path) ? 1 : 0;
        made += make_file_in_root(root_.get(), cat(path, "/file")) ? 1 : 0;
        EXPECT_FALSE(open_in_root(root_.get(), "real/secret", O_RDONLY).has_value());
    }
    ::kill(swapper, SIGKILL);
    ::waitpid(swapper, nullptr, 0);
    EXPECT_GT(made, 0) << "the swapper left no time for anything";
    EXPECT_EQ(canary_entries(), 1U);
}

}  // namespace
}  // namespace tare::posix
