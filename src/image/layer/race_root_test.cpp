// Unpacking and extracting below names that another process swaps with links to the host meanwhile.

#include <csignal>
#include <filesystem>
#include <functional>

#include <gtest/gtest.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "image/layer/archive.h"
#include "image/layer/tar_fixture.h"

namespace tare::layer {
namespace {

namespace fs = std::filesystem;

class Race : public testing::Test {
  protected:
    void SetUp() override {
        for (auto name : {"root/real/sub", "canary/sub"})
            fs::create_directories(directory_ / name);
        EXPECT_TRUE(posix::write_file_atomic(directory_ / "canary/file", "host", 0600));
        fs::create_symlink("../canary", directory_ / "root/link");
        fs::permissions(directory_ / "canary", fs::perms::owner_all);
        written_ = fs::last_write_time(directory_ / "canary");
    }
    void TearDown() override {
        EXPECT_EQ(fs::last_write_time(directory_ / "canary"), written_);
        EXPECT_EQ(fs::status(directory_ / "canary").permissions(), fs::perms::owner_all);
        EXPECT_TRUE(fs::is_empty(directory_ / "canary/sub"));
        EXPECT_EQ(*posix::read_file(directory_ / "canary/file", 64), "host");
    }

    /// `work` again and again while root/real and root/link change places.
    void while_swapped(const std::function<void(int root)>& work) {
        std::string real = directory_ / "root/real";
        std::string link = directory_ / "root/link";
        pid_t swapper = ::fork();
        if (swapper == 0)
            while (true)
                ::renameat2(AT_FDCWD, real.c_str(), AT_FDCWD, link.c_str(), RENAME_EXCHANGE);
        auto root = posix::open_file(directory_ / "root", O_RDONLY | O_DIRECTORY);
        for (int i = 0; i < 1000; ++i)
            work(root->get());
        ::kill(swapper, SIGKILL);
        ::waitpid(swapper, nullptr, 0);
        EXPECT_TRUE(fs::is_symlink(real) || fs::is_symlink(link)) << "there was nothing to swap with";
    }

    TemporaryDirectory directory_;
    fs::file_time_type written_;

    // No entry for "real" itself: it would take the place of the link, and the race would be over.
    const std::string archive_ = tarball({{.name = "real/file", .data = "evil", .mode = "0004777"},
                                          {.name = "real/sub/new", .data = "evil"},
                                          {.name = "real/.wh.file"},
                                          {.name = "real/x", .type = '1', .link = "real/file"}});
};

TEST_F(Race, security_im9_a_layer_stays_below_its_root) {
    while_swapped([&](int root) {
        StringSource source(archive_);
        (void)apply_layer(source, root);  // it succeeds inside or fails
    });
}

TEST_F(Race, security_dk1_an_archive_of_cp_stays_below_its_root) {
    while_swapped([&](int root) {
        StringSource source(archive_);
        (void)extract_into(root, "/", source, {});
        StringSource again(archive_);
        (void)extract_into(root, "/real", again, {});
    });
}

TEST_F(Race, security_dk1_what_is_packed_is_not_the_host_s) {
    while_swapped([&](int root) {
        StringSink whole;
        StringSink part;
        (void)pack_tree(root, whole);
        (void)pack_path(root, "/real", part);
        EXPECT_EQ(whole.text().find("host"), std::string::npos);
        EXPECT_EQ(part.text().find("host"), std::string::npos);
    });
}

}  // namespace
}  // namespace tare::layer
