#include <gtest/gtest.h>

#include "image/layer/diff.h"
#include "image/layer/tar_fixture.h"
#include "image/layer/tar_reader.h"
#include "posix/tree.h"
#include "posix/xattr.h"

namespace tare::layer {
namespace {

std::string text_of(const std::vector<Change>& changes) {
    std::string text;
    for (auto& change : changes) {
        char kind = change.kind == ChangeKind::added ? 'A' : change.kind == ChangeKind::deleted ? 'D' : 'C';
        text += cat(kind, " ", change.path, "\n");
    }
    return text;
}

std::string names_in(const std::string& tar) {
    StringSource source(tar);
    TarReader reader(source);
    TarEntry entry;
    std::string names;
    while (*reader.next(entry)) {
        names += entry.path;
        if (!entry.link_target.empty()) names += cat(" -> ", entry.link_target);
        names += "\n";
    }
    return names;
}

RawMember directory(std::string name) {
    return {.name = std::move(name), .type = '5', .mode = "0000755"};
}

/// Layers as overlay has them: two below, the changes above.
class OverlayDiff : public testing::Test {
  protected:
    void SetUp() override {
        fill(base, {directory("etc"),
                    {.name = "etc/passwd", .data = "root"},
                    {.name = "etc/shadow"},
                    directory("usr"),
                    directory("usr/bin"),
                    {.name = "usr/bin/sh"},
                    directory("var"),
                    {.name = "var/a"},
                    {.name = "var/b"},
                    directory("gone"),
                    {.name = "gone/x"}});
        fill(middle, {{.name = ".wh.gone"}, directory("var"), {.name = "var/c"}, {.name = "etc/.wh.shadow"}});
    }
    void fill(TemporaryDirectory& place, const std::vector<RawMember>& members) {
        std::vector<int> lower{base.fd()};
        auto applied = apply_text(tarball(members), place.fd(), {.lower_roots = lower});
        ASSERT_TRUE(applied) << applied.error().message();
    }
    DiffRequest request() {
        return {.source = DiffSource::overlay_upper, .above = upper.fd(), .below = below};
    }
    std::string changes() {
        auto listed = list_changes(request());
        return listed ? text_of(*listed) : listed.error().message();
    }
    std::string layer() {
        StringSink sink;
        auto written = write_changes(request(), sink);
        return written ? sink.text() : written.error().message();
    }

    TemporaryDirectory base, middle, upper;
    std::vector<int> below{middle.fd(), base.fd()};
};

TEST_F(OverlayDiff, nothing_changed_is_no_change) {
    EXPECT_EQ(changes(), "");
}

TEST_F(OverlayDiff, tells_added_changed_and_deleted) {
    fill(upper, {directory("etc"),
                 {.name = "etc/passwd", .data = "more"},
                 directory("usr"),
                 directory("usr/bin"),
                 {.name = "usr/bin/new"},
                 {.name = "var/.wh.a"},
                 {.name = "data/file"}});
    EXPECT_EQ(changes(),
              "A /data\nA /data/file\nC /etc\nC /etc/passwd\nC /usr\nC /usr/bin\nA /usr/bin/new\nC /var\nD "
              "/var/a\n");
}

TEST_F(OverlayDiff, what_a_middle_layer_deleted_is_new_again) {
    fill(upper, {directory("etc"), {.name = "etc/shadow"}, directory("gone"), {.name = "gone/x"}});
    EXPECT_EQ(changes(), "C /etc\nA /etc/shadow\nA /gone\nA /gone/x\n");
}

TEST_F(OverlayDiff, a_copied_parent_without_a_change_is_none) {
    fill(upper, {directory("usr"), directory("usr/bin")});
    EXPECT_EQ(changes(), "");
}

TEST_F(OverlayDiff, an_opaque_directory_deletes_what_it_hides) {
    fill(upper, {directory("var"), {.name = "var/.wh..wh..opq"}, {.name = "var/b", .data = "new"}});
    EXPECT_EQ(changes(), "C /var\nD /var/a\nD /var/c\nA /var/b\n");
    EXPECT_EQ(names_in(layer()), "var/\nvar/.wh..wh..opq\nvar/b\n");
}

TEST_F(OverlayDiff, skipped_paths_are_left_out) {
    fill(upper, {{.name = "proc/x"}, {.name = "y"}});
    auto wanted = request();
    wanted.skip = [](const std::string& path) { return path == "/proc"; };
    EXPECT_EQ(text_of(*list_changes(wanted)), "A /y\n");
}

TEST_F(OverlayDiff, the_layer_applied_again_gives_the_same_upper_directory) {
    fill(upper, {directory("etc"),
                 {.name = "etc/.wh.passwd"},
                 {.name = "f", .data = "1", .mode = "0004755", .uid = "0000007"},
                 {.name = "g", .type = '1', .link = "f"},
                 {.name = "l", .type = '2', .link = "f"},
                 {.name = "n", .type = '3', .major = "0000001", .minor = "0000003"},
                 directory("var"),
                 {.name = "var/.wh..wh..opq"}});
    std::string first = layer();
    EXPECT_EQ(names_in(first), "etc/\netc/.wh.passwd\nf\ng -> f\nl -> f\nn\nvar/\nvar/.wh..wh..opq\n");
    TemporaryDirectory again;
    auto applied = apply_text(first, again.fd());
    ASSERT_TRUE(applied) << applied.error().message();
    StringSink second;
    ASSERT_TRUE(write_changes({.above = again.fd(), .below = below}, second));
    EXPECT_EQ(second.text(), first);
}

TEST_F(OverlayDiff, a_sparse_file_is_packed_whole) {
    posix::Fd file = *posix::create_file_at(upper.fd(), "s", 0644);
    ASSERT_TRUE(posix::write_all_at(file.get(), "abc", 1 << 20));
    ASSERT_TRUE(posix::set_size(file.get(), 2 << 20));
    std::string tar = layer();
    TemporaryDirectory again;
    ASSERT_TRUE(apply_text(tar, again.fd()));
    std::string expected(2 << 20, '\0');
    expected.replace(1 << 20, 3, "abc");
    EXPECT_TRUE(*posix::read_file(again / "s", 4 << 20) == expected);
}

TEST(TreeDiff, compares_two_full_trees) {
    TemporaryDirectory then, now;
    std::vector<RawMember> common{directory("same"),
                                  {.name = "same/f", .data = "1"},
                                  directory("d"),
                                  {.name = "d/old"},
                                  {.name = "type"},
                                  {.name = "size", .data = "1"},
                                  {.name = "l", .type = '2', .link = "a"}};
    ASSERT_TRUE(apply_text(tarball(common), then.fd()));
    ASSERT_TRUE(apply_text(tarball({directory("same"),
                                    {.name = "same/f", .data = "1"},
                                    directory("d"),
                                    {.name = "d/new"},
                                    directory("type"),
                                    {.name = "type/x"},
                                    {.name = "size", .data = "12"},
                                    {.name = "l", .type = '2', .link = "b"},
                                    {.name = "x/y"}}),
                           now.fd()));
    std::vector<int> below{then.fd()};
    DiffRequest request{.source = DiffSource::full_tree, .above = now.fd(), .below = below};
    EXPECT_EQ(text_of(*list_changes(request)),
              "C /d\nA /d/new\nD /d/old\nC /l\nC /size\nC /type\nA /type/x\nA /x\nA /x/y\n");
    StringSink sink;
    ASSERT_TRUE(write_changes(request, sink));
    TemporaryDirectory copy;
    ASSERT_TRUE(apply_text(tarball(common), copy.fd()));
    ASSERT_TRUE(apply_text(sink.text(), copy.fd(), {.whiteouts = WhiteoutFormat::literal}));
    std::vector<int> now_below{now.fd()};
    EXPECT_EQ(
        text_of(*list_changes({.source = DiffSource::full_tree, .above = copy.fd(), .below = now_below})),
        "C /x\n");  // implied, so its time is that of the unpacking
}

}  // namespace
}  // namespace tare::layer
