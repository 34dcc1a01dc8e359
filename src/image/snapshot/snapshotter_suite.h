#pragma once

// What every snapshotter has to pass. snapshotter_root_test.cpp, which alone includes this, names the
// implementations.

#include <algorithm>
#include <set>

#include "image/snapshot/snapshot_fixture.h"

namespace tare::snapshot {

class SnapshotterSuite : public SnapshotFixture {};

TEST_P(SnapshotterSuite, a_layer_shows_what_it_and_its_parents_hold) {
    add_layer("one", "", "a", "1");
    add_layer("two", "one", "b", "2");
    add_layer("three", "two", "a", "3");
    prepare("c", "three");
    posix::Fd root = tree("c");
    EXPECT_EQ(names(root.get()), (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(read(root.get(), "a"), "3");
    EXPECT_EQ(read(root.get(), "b"), "2");
}

TEST_P(SnapshotterSuite, what_an_active_snapshot_changes_stays_its_own) {
    add_layer("one", "", "a", "1");
    prepare("c1", "one");
    prepare("c2", "one");
    {
        posix::Fd root = tree("c1");
        ASSERT_TRUE(posix::remove_at(root.get(), "a"));
        write(root.get(), "b", "x");
    }
    posix::Fd other = tree("c2");
    EXPECT_EQ(names(other.get()), std::vector<std::string>{"a"});
    posix::Fd again = tree("c1");
    EXPECT_EQ(names(again.get()), std::vector<std::string>{"b"});
}

TEST_P(SnapshotterSuite, a_view_is_read_only) {
    add_layer("one", "", "a", "1");
    add_layer("two", "one", "b", "2");
    for (auto* parent : {"one", "two"}) {
        std::string key = cat("view of ", parent);
        auto mounts = snapshots_->view(key, parent, {});
        ASSERT_TRUE(mounts) << mounts.error().message();
        ASSERT_EQ(mounts->size(), 1U);
        auto& options = mounts->front().options;
        EXPECT_NE(std::ranges::find(options, "ro"), options.end());
        posix::Fd root = tree(key);
        EXPECT_EQ(read(root.get(), "a"), "1");
        auto created = posix::create_file_at(root.get(), "new", 0644);
        ASSERT_FALSE(created);
        EXPECT_EQ(created.error().error_number(), EROFS);
        EXPECT_EQ(failure(snapshots_->commit("no", key, {})), ErrorKind::failed_precondition);
    }
}

TEST_P(SnapshotterSuite, mounts_are_the_same_each_time) {
    add_layer("one", "", "a", "1");
    auto prepared = snapshots_->prepare("c", "one", {});
    ASSERT_TRUE(prepared);
    auto mounts = snapshots_->mounts("c");
    ASSERT_TRUE(mounts);
    ASSERT_EQ(mounts->size(), 1U);
    EXPECT_EQ(mounts->front().type, prepared->front().type);
    EXPECT_EQ(mounts->front().source, prepared->front().source);
    EXPECT_EQ(mounts->front().options, prepared->front().options);
    EXPECT_EQ(failure(snapshots_->mounts("one")), ErrorKind::failed_precondition);
    EXPECT_EQ(failure(snapshots_->mounts("none")), ErrorKind::not_found);
}

TEST_P(SnapshotterSuite, a_commit_is_visible_only_under_its_name) {
    prepare("key", "");
    ASSERT_TRUE(snapshots_->commit("name", "key", {.labels = {{"l", "v"}}}));
    EXPECT_EQ(failure(snapshots_->stat("key")), ErrorKind::not_found);
    auto info = snapshots_->stat("name");
    ASSERT_TRUE(info);
    EXPECT_EQ(info->kind, Kind::committed);
    EXPECT_EQ(info->labels, (Labels{{"l", "v"}}));
    prepare("key", "name");
    EXPECT_EQ(snapshots_->stat("key")->parent, "name");
}

TEST_P(SnapshotterSuite, a_name_is_taken_once) {
    add_layer("one", "", "a", "1");
    prepare("c", "one");
    EXPECT_EQ(failure(snapshots_->prepare("c", "one", {})), ErrorKind::already_exists);
    EXPECT_EQ(failure(snapshots_->prepare("one", "", {})), ErrorKind::already_exists);
    EXPECT_EQ(failure(snapshots_->view("c", "one", {})), ErrorKind::already_exists);
    EXPECT_EQ(failure(snapshots_->commit("one", "c", {})), ErrorKind::already_exists);
    EXPECT_EQ(snapshots_->stat("c")->kind, Kind::active) << "a failed commit leaves the key as it was";
    EXPECT_EQ(directories(), 2U) << "failed prepares leave no directory";
}

TEST_P(SnapshotterSuite, only_a_committed_snapshot_can_be_a_parent) {
    prepare("active", "");
    EXPECT_EQ(failure(snapshots_->prepare("c", "active", {})), ErrorKind::failed_precondition);
    EXPECT_EQ(failure(snapshots_->prepare("c", "none", {})), ErrorKind::not_found);
    EXPECT_EQ(failure(snapshots_->prepare("", "", {})), ErrorKind::invalid_argument);
    EXPECT_EQ(failure(snapshots_->prepare("a\nb", "", {})), ErrorKind::invalid_argument);
}

TEST_P(SnapshotterSuite, a_parent_of_others_is_not_removed) {
    add_layer("one", "", "a", "1");
    prepare("c", "one");
    EXPECT_EQ(failure(snapshots_->remove("one")), ErrorKind::failed_precondition);
    ASSERT_TRUE(snapshots_->remove("c"));
    ASSERT_TRUE(snapshots_->remove("one"));
    EXPECT_EQ(failure(snapshots_->remove("one")), ErrorKind::not_found);
    EXPECT_EQ(directories(), 0U);
}

TEST_P(SnapshotterSuite, labels_are_replaced_or_merged) {
    ASSERT_TRUE(snapshots_->prepare("c", "", {{"a", "1"}, {"b", "2"}}));
    auto merged = snapshots_->update("c", {{"a", ""}, {"c", "3"}}, LabelUpdate::merge);
    ASSERT_TRUE(merged);
    EXPECT_EQ(merged->labels, (Labels{{"b", "2"}, {"c", "3"}}));
    EXPECT_GE(merged->updated, merged->created);
    ASSERT_TRUE(snapshots_->update("c", {{"x", "y"}}, LabelUpdate::replace));
    EXPECT_EQ(snapshots_->stat("c")->labels, (Labels{{"x", "y"}}));
    EXPECT_EQ(failure(snapshots_->update("none", {}, LabelUpdate::merge)), ErrorKind::not_found);
}

TEST_P(SnapshotterSuite, a_walk_sees_all_and_may_call_back) {
    add_layer("one", "", "a", "1");
    prepare("c", "one");
    std::set<std::string> seen;
    ASSERT_TRUE(snapshots_->walk([&](const Info& info) -> Result<> {
        seen.insert(cat(to_string(info.kind), " ", info.name));
        return TRY(snapshots_->stat(info.name))
        .name == info.name ? Result<>() : fail(ErrorKind::internal, "another snapshot");
    }));
    EXPECT_EQ(seen, (std::set<std::string>{"active c", "committed one"}));
    auto stopped =
        snapshots_->walk([](const Info&) -> Result<> { return fail(ErrorKind::aborted, "enough"); });
    EXPECT_EQ(failure(stopped), ErrorKind::aborted);
}

TEST_P(SnapshotterSuite, usage_counts_a_snapshots_own_files) {
    prepare("c", "");
    auto before = snapshots_->usage("c");
    ASSERT_TRUE(before);
    {
        posix::Fd root = tree("c");
        write(root.get(), "big", std::string(1 << 20, 'x'));
        ASSERT_TRUE(posix::make_hard_link_at(root.get(), "big", root.get(), "again"));
    }
    auto after = snapshots_->usage("c");
    ASSERT_TRUE(after);
    EXPECT_EQ(after->inodes, before->inodes + 1) << "two names are one file";
    EXPECT_GE(after->size_bytes, before->size_bytes + (1 << 20));
    ASSERT_TRUE(snapshots_->commit("one", "c", {}));
    EXPECT_EQ(*snapshots_->usage("one"), *after);
}

TEST_P(SnapshotterSuite, trees_are_what_unpacking_and_comparing_need) {
    add_layer("one", "", "a", "1");
    prepare("c", "one");
    auto trees = snapshots_->open_trees("c");
    ASSERT_TRUE(trees) << trees.error().message();
    ASSERT_EQ(trees->lowers.size(), 1U);
    EXPECT_EQ(read(trees->lowers.front().get(), "a"), "1");
    write(trees->upper.get(), "b", "2");
    EXPECT_EQ(trees->lower_roots(), std::vector<int>{trees->lowers.front().get()});
    auto upper = snapshots_->open_upper("c");
    ASSERT_TRUE(upper);
    EXPECT_EQ(read(upper->get(), "b"), "2");
    posix::Fd merged = tree("c");
    EXPECT_EQ(names(merged.get()), (std::vector<std::string>{"a", "b"}));
}

TEST_P(SnapshotterSuite, the_root_looks_as_that_of_the_layer_below) {
    prepare("making", "");
    {
        auto upper = snapshots_->open_upper("making");
        ASSERT_TRUE(upper);
        ASSERT_TRUE(posix::set_owner(upper->get(), 12, 34));
        ASSERT_TRUE(posix::set_permissions(upper->get(), 01751));
    }
    ASSERT_TRUE(snapshots_->commit("one", "making", {}));
    prepare("c", "one");
    posix::Fd root = tree("c");
    auto status = posix::status_of(root.get());
    ASSERT_TRUE(status);
    EXPECT_EQ(status->uid, 12U);
    EXPECT_EQ(status->gid, 34U);
    EXPECT_EQ(status->permissions, 01751U);
}

TEST_P(SnapshotterSuite, every_kind_of_file_is_seen_through_a_layer) {
    prepare("making", "");
    {
        auto upper = snapshots_->open_upper("making");
        ASSERT_TRUE(upper);
        int root = upper->get();
        write(root, "file", "text");
        ASSERT_TRUE(posix::set_xattr_at(root, "file", "user.note", "n"));
        ASSERT_TRUE(posix::set_owner_at(root, "file", 7, 8));
        ASSERT_TRUE(posix::set_permissions_at(root, "file", 04755));
        ASSERT_TRUE(posix::set_modified_at(root, "file", {.seconds = 1000, .nanoseconds = 5}));
        ASSERT_TRUE(posix::make_hard_link_at(root, "file", root, "name"));
        ASSERT_TRUE(posix::make_symlink_at(root, "link", "../nowhere"));
        ASSERT_TRUE(posix::make_node_at(root, "null", posix::FileType::character_device, 0666, 1, 3));
        ASSERT_TRUE(posix::make_node_at(root, "fifo", posix::FileType::fifo, 0600));
        ASSERT_TRUE(posix::make_directory_at(root, "dir", 0711));
    }
    ASSERT_TRUE(snapshots_->commit("one", "making", {}));
    prepare("c", "one");
    posix::Fd root = tree("c");
    auto file = *posix::status_at(root.get(), "file");
    ASSERT_TRUE(file);
    EXPECT_EQ(file->permissions, 04755U);
    EXPECT_EQ(file->uid, 7U);
    EXPECT_EQ(file->modified, (posix::Timestamp{1000, 5}));
    EXPECT_EQ(file->inode, (*posix::status_at(root.get(), "name"))->inode);
    EXPECT_EQ(*posix::get_xattr_at(root.get(), "file", "user.note"), "n");
    EXPECT_EQ(*posix::read_link_at(root.get(), "link"), "../nowhere");
    EXPECT_EQ((*posix::status_at(root.get(), "null"))->device_minor, 3U);
    EXPECT_TRUE((*posix::status_at(root.get(), "fifo"))->is(posix::FileType::fifo));
    EXPECT_EQ((*posix::status_at(root.get(), "dir"))->permissions, 0711U);
}

TEST_P(SnapshotterSuite, everything_is_there_after_a_restart) {
    add_layer("one", "", "a", "1");
    prepare("c", "one");
    reopen();
    posix::Fd root = tree("c");
    EXPECT_EQ(read(root.get(), "a"), "1");
}

TEST_P(SnapshotterSuite, what_a_crash_left_behind_is_removed) {
    add_layer("one", "", "a", "1");
    for (auto* name : {"/new-1-0", "/gone-77", "/4711"})
        ASSERT_TRUE(posix::make_directories(directory() + name + "/fs/deep", 0700));
    ASSERT_TRUE(snapshots_->cleanup());
    EXPECT_EQ(directories(), 1U);
    prepare("c", "one");
    reopen();
    EXPECT_EQ(directories(), 2U);
}

TEST_P(SnapshotterSuite, a_row_without_files_is_forgotten) {
    prepare("c", "");
    auto entries = posix::list_directory(directory());
    ASSERT_TRUE(entries);
    ASSERT_EQ(entries->size(), 1U);
    ASSERT_TRUE(posix::remove_tree(directory() + "/" + entries->front()));
    ASSERT_TRUE(snapshots_->cleanup());
    EXPECT_EQ(failure(snapshots_->stat("c")), ErrorKind::not_found);
}

TEST_P(SnapshotterSuite, a_parent_given_at_commit_is_for_snapshotters_that_can_rebase) {
    add_layer("one", "", "a", "1");
    prepare("making", "");
    {
        auto upper = snapshots_->open_upper("making");
        ASSERT_TRUE(upper);
        write(upper->get(), "b", "2");
    }
    auto committed = snapshots_->commit("two", "making", {.parent = "one"});
    if (!snapshots_->can_rebase()) {
        EXPECT_EQ(failure(committed), ErrorKind::failed_precondition);
        return;
    }
    ASSERT_TRUE(committed) << committed.error().message();
    prepare("c", "two");
    posix::Fd root = tree("c");
    EXPECT_EQ(names(root.get()), (std::vector<std::string>{"a", "b"}));
}

TEST_P(SnapshotterSuite, nothing_of_it_is_in_the_hosts_mount_table) {
    add_layer("one", "", "a", "1");
    prepare("c", "one");
    posix::Fd root = tree("c");
    auto table = posix::read_file("/proc/self/mountinfo", 1 << 22);
    ASSERT_TRUE(table);
    EXPECT_EQ(table->find(root_), std::string::npos);
}

}  // namespace tare::snapshot
