#pragma once

// For tests: a snapshotter with a store of its own in a directory of its own.

#include <cstdlib>

#include <fcntl.h>
#include <gtest/gtest.h>

#include "image/snapshot/snapshotter.h"
#include "posix/file.h"
#include "posix/path.h"
#include "posix/tree.h"
#include "posix/xattr.h"
#include "store/database.h"

namespace tare::snapshot {

using Opener = Result<std::unique_ptr<Snapshotter>> (*)(const std::string&, store::Database&);

/// A directory of its own, removed afterwards; a store and the snapshotter under test in it.
class SnapshotFixture : public testing::TestWithParam<Opener> {
  protected:
    void SetUp() override {
        std::string name = "/var/tmp/tare-snapshot-XXXXXX";  // overlay wants no overlay below it
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        root_ = name;
        auto database = store::Database::open(root_ + "/tare.db");
        ASSERT_TRUE(database) << database.error().message();
        database_ = std::move(*database);
        reopen();
    }
    void TearDown() override {
        snapshots_.reset();
        database_.reset();
        auto removed = posix::remove_tree(root_);
        EXPECT_TRUE(removed) << removed.error().message();
    }

    /// As after a restart of the daemon.
    void reopen() {
        snapshots_.reset();
        auto opened = GetParam()(directory(), *database_);
        ASSERT_TRUE(opened) << opened.error().message();
        snapshots_ = std::move(*opened);
    }
    std::string directory() const { return root_ + "/snapshots"; }
    std::size_t directories() const { return posix::list_directory(directory())->size(); }

    /// Works on the merged tree of an active snapshot or view.
    posix::Fd tree(const std::string& key) {
        auto mount = snapshots_->make_detached_mount(key);
        EXPECT_TRUE(mount) << mount.error().message();
        if (!mount) return {};
        auto root = posix::open_beneath(mount->get(), ".", O_RDONLY | O_DIRECTORY);
        EXPECT_TRUE(root) << root.error().message();
        return std::move(*root);
    }
    void write(int root, const std::string& name, std::string_view content) {
        (void)posix::remove_at(root, name);
        auto file = posix::create_file_at(root, name, 0644);
        ASSERT_TRUE(file) << file.error().message();
        ASSERT_TRUE(posix::write_all(file->get(), content));
    }
    std::string read(int root, const std::string& name) {
        auto file = posix::open_regular_at(root, name);
        if (!file) return "(" + std::string(to_string(file.error().kind())) + ")";
        return *posix::read_to_end(file->get(), 1 << 20);
    }
    std::vector<std::string> names(int root) { return *posix::sorted_entries(root); }

    void prepare(const std::string& key, const std::string& parent) {
        auto mounts = snapshots_->prepare(key, parent, {});
        ASSERT_TRUE(mounts) << mounts.error().message();
    }
    /// A committed layer that adds one file to its parent.
    void add_layer(const std::string& name, const std::string& parent, const std::string& file,
                   std::string_view content) {
        prepare("making " + name, parent);
        {
            posix::Fd root = tree("making " + name);
            write(root.get(), file, content);
        }
        auto committed = snapshots_->commit(name, "making " + name, {});
        ASSERT_TRUE(committed) << committed.error().message();
    }
    ErrorKind failure(const auto& result) {
        EXPECT_FALSE(result);
        return result ? ErrorKind::unknown : result.error().kind();
    }

    std::string root_;
    std::unique_ptr<store::Database> database_;
    std::unique_ptr<Snapshotter> snapshots_;
};

}  // namespace tare::snapshot
