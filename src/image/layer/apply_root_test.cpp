#include <cstdlib>
#include <map>

#include <gtest/gtest.h>

#include "base/sha256.h"
#include "image/layer/apply.h"
#include "image/layer/tar_fixture.h"
#include "image/layer/tar_pax.h"
#include "posix/tree.h"
#include "posix/xattr.h"

namespace tare::layer {
namespace {

using posix::FileType;

RawMember pax(const std::string& records) {
    return {.name = "PaxHeaders/x", .type = 'x', .data = records};
}
RawMember directory(std::string name, std::string mode = "0000755") {
    return {.name = std::move(name), .type = '5', .mode = std::move(mode)};
}

/// A root to apply to, and what is in it afterwards.
class Apply : public testing::Test {
  protected:
    Result<AppliedLayer> apply(const std::vector<RawMember>& members,
                               WhiteoutFormat format = WhiteoutFormat::overlay) {
        return apply_text(tarball(members), root.fd(), {.whiteouts = format});
    }
    std::string why_not(const std::vector<RawMember>& members) {
        auto applied = apply(members);
        return applied ? "it was applied" : applied.error().message();
    }
    std::optional<posix::FileStatus> status(const std::string& path) {
        auto slash = path.rfind('/');
        std::string parent = slash == std::string::npos ? "." : path.substr(0, slash);
        auto fd = posix::open_file(root / parent, O_RDONLY | O_DIRECTORY);
        if (!fd) return std::nullopt;
        return *posix::status_at(fd->get(), slash == std::string::npos ? path : path.substr(slash + 1));
    }
    std::string content(const std::string& path) {
        auto text = posix::read_file(root / path, 1 << 20);
        return text ? *text : text.error().message();
    }
    bool is_opaque(const std::string& path) {
        auto fd = posix::open_file(root / path, O_RDONLY | O_DIRECTORY);
        return *posix::get_xattr(fd->get(), "trusted.overlay.opaque") == "y";
    }

    TemporaryDirectory root;
};

TEST_F(Apply, answers_the_diff_id_and_size_of_the_whole_tar) {
    std::string archive = tarball({{.name = "a", .data = "abc"}}) + std::string(4096, '\0');
    auto applied = apply_text(archive, root.fd());
    ASSERT_TRUE(applied) << applied.error().message();
    EXPECT_EQ(applied->diff_id, sha256(archive));
    EXPECT_EQ(applied->size_bytes, archive.size());
}

TEST_F(Apply, makes_files_with_owner_mode_and_time) {
    ASSERT_TRUE(
        apply({{.name = "./f",
                .data = "abc",
                .mode = "0006755",
                .uid = "0001750",
                .gid = "0000144",
                .mtime = "00000000144"},
               {.name = "l", .type = '2', .link = "/etc/../f", .uid = "0000007", .mtime = "00000000145"},
               {.name = "p", .type = '6', .mode = "0000600"},
               {.name = "null", .type = '3', .mode = "0000666", .major = "0000001", .minor = "0000003"}}));
    auto file = status("f");
    ASSERT_TRUE(file);
    EXPECT_EQ(file->permissions, 06755U);
    EXPECT_EQ(file->uid, 1000U);
    EXPECT_EQ(file->gid, 100U);
    EXPECT_EQ(file->modified, (posix::Timestamp{100, 0}));
    EXPECT_EQ(content("f"), "abc");
    auto link = status("l");
    EXPECT_TRUE(link->is(FileType::symlink));
    EXPECT_EQ(link->uid, 7U);
    EXPECT_EQ(link->modified.seconds, 101);
    EXPECT_EQ(*posix::read_link(root / "l"), "/etc/../f");
    EXPECT_TRUE(status("p")->is(FileType::fifo));
    EXPECT_EQ(status("null")->device_minor, 3U);
    EXPECT_EQ(status("null")->permissions, 0666U);
}

TEST_F(Apply, times_of_directories_survive_what_is_put_into_them) {
    auto old = directory("d");
    old.mtime = "00000000144";
    auto pax_time = pax(pax_record("mtime", "55.5"));
    ASSERT_TRUE(apply({old, {.name = "d/f"}, pax_time, directory("d/e"), {.name = "d/e/f"}}));
    EXPECT_EQ(status("d")->modified.seconds, 100);
    EXPECT_EQ(status("d/e")->modified, (posix::Timestamp{55, 500'000'000}));
}

TEST_F(Apply, the_root_entry_sets_the_root) {
    ASSERT_TRUE(apply({directory("./", "0001777")}));
    EXPECT_EQ(posix::status_of(root.fd())->permissions, 01777U);
}

TEST_F(Apply, hard_links_share_the_file) {
    ASSERT_TRUE(apply({{.name = "a/f", .data = "x"},
                       {.name = "b/g", .type = '1', .link = "./a/f"},
                       {.name = "b/h", .type = '1', .link = "/a/f"},
                       {.name = "b/h", .type = '1', .link = "a/f"}}));
    EXPECT_EQ(status("a/f")->inode, status("b/g")->inode);
    EXPECT_EQ(status("a/f")->links, 3U);
}

TEST_F(Apply, capabilities_and_user_attributes_survive_the_owner) {
    std::string capability("\1\0\0\2\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
    ASSERT_TRUE(apply({pax(pax_record("SCHILY.xattr.security.capability", capability) +
                           pax_record("SCHILY.xattr.user.note", "n")),
                       {.name = "ping", .uid = "0000001"}}));
    EXPECT_EQ(*posix::get_xattr_at(root.fd(), "ping", "security.capability"), capability);
}

TEST_F(Apply, sparse_files_keep_their_holes) {
    std::uint64_t size = std::uint64_t{64} << 20;
    ASSERT_TRUE(
        apply({pax(pax_record("GNU.sparse.size", cat(size)) + pax_record("GNU.sparse.map", "1048576,3")),
               {.name = "s", .data = "abc"}}));
    EXPECT_EQ(status("s")->size_bytes, size);
    EXPECT_LT(status("s")->allocated_bytes, std::uint64_t{1} << 20);
}

TEST_F(Apply, a_later_entry_replaces_an_earlier_one_of_any_type) {
    ASSERT_TRUE(apply({{.name = "f", .data = "1"},
                       {.name = "g", .type = '1', .link = "f"},
                       {.name = "f", .data = "2"},
                       directory("d"),
                       {.name = "d/x"},
                       {.name = "d", .data = "file"},
                       {.name = "e", .type = '2', .link = "nowhere"},
                       directory("e"),
                       {.name = "e/x", .data = "3"}}));
    EXPECT_EQ(content("f"), "2");
    EXPECT_EQ(content("g"), "1");
    EXPECT_EQ(content("d"), "file");
    EXPECT_EQ(content("e/x"), "3");
}

TEST_F(Apply, a_directory_entry_keeps_what_is_in_it) {
    ASSERT_TRUE(apply({{.name = "d/x", .data = "1"}, directory("d", "0000700")}));
    EXPECT_EQ(content("d/x"), "1");
    EXPECT_EQ(status("d")->permissions, 0700U);
}

TEST_F(Apply, a_parent_that_is_a_link_is_followed_inside_the_root) {
    ASSERT_TRUE(apply({directory("usr/lib"),
                       {.name = "lib", .type = '2', .link = "/usr/lib"},
                       {.name = "lib/so", .data = "x"}}));
    EXPECT_EQ(content("usr/lib/so"), "x");
}

TEST_F(Apply, whiteouts_become_overlays_marks) {
    ASSERT_TRUE(apply(
        {{.name = "a/.wh.gone"}, directory("d"), {.name = "d/.wh..wh..opq"}, {.name = ".wh..wh.plnk"}}));
    EXPECT_TRUE(status("a/gone")->is_overlay_whiteout());
    EXPECT_TRUE(is_opaque("d"));
    EXPECT_FALSE(status(".wh..wh.plnk"));
}

TEST_F(Apply, an_overlay_whiteout_never_hides_its_own_layer) {
    ASSERT_TRUE(apply({{.name = "f", .data = "1"},
                       {.name = ".wh.f"},
                       directory("d"),
                       {.name = ".wh.d"},
                       {.name = ".wh.e"},
                       {.name = "e/x", .data = "2"},
                       {.name = ".wh.g"},
                       directory("g"),
                       {.name = ".wh.h"},
                       {.name = "h", .data = "3"}}));
    EXPECT_EQ(content("f"), "1");
    EXPECT_TRUE(is_opaque("d"));
    EXPECT_EQ(content("e/x"), "2");
    EXPECT_TRUE(is_opaque("e"));
    EXPECT_TRUE(is_opaque("g"));
    EXPECT_EQ(content("h"), "3");
}

TEST_F(Apply, literal_whiteouts_delete_what_was_below) {
    ASSERT_TRUE(apply({{.name = "a/old"},
                       {.name = "a/kept"},
                       {.name = "o/old/deep"},
                       {.name = "o/both/old"},
                       {.name = "f"},
                       {.name = "dir/old"}}));
    ASSERT_TRUE(apply({{.name = "a/.wh.old"},
                       {.name = "o/new"},
                       {.name = "o/both/new"},
                       {.name = "o/.wh..wh..opq"},
                       {.name = "f", .data = "mine"},
                       {.name = ".wh.f"},
                       {.name = "dir/new"},
                       {.name = ".wh.dir"},
                       {.name = ".wh.absent"}},
                      WhiteoutFormat::literal));
    EXPECT_FALSE(status("a/old"));
    EXPECT_TRUE(status("a/kept"));
    EXPECT_FALSE(status("o/old"));
    EXPECT_FALSE(status("o/both/old"));
    EXPECT_TRUE(status("o/both/new"));
    EXPECT_TRUE(status("o/new"));
    EXPECT_EQ(content("f"), "mine");
    EXPECT_FALSE(status("dir/old"));
    EXPECT_TRUE(status("dir/new"));
    EXPECT_FALSE(status("absent"));
}

TEST_F(Apply, implied_directories_look_like_those_they_cover) {
    TemporaryDirectory nearer, farther;
    ASSERT_TRUE(apply_text(tarball({directory("other")}), nearer.fd()));
    auto tmp = directory("tmp", "0001777");
    tmp.uid = "0000005";
    ASSERT_TRUE(apply_text(tarball({tmp}), farther.fd()));
    std::vector<int> lowers{nearer.fd(), farther.fd()};
    auto applied =
        apply_text(tarball({{.name = "tmp/f"}, {.name = "new/dir/f"}}), root.fd(), {.lower_roots = lowers});
    ASSERT_TRUE(applied) << applied.error().message();
    EXPECT_EQ(status("tmp")->permissions, 01777U);
    EXPECT_EQ(status("tmp")->uid, 5U);
    EXPECT_EQ(applied->implied_directories, (std::vector<std::string>{"new", "new/dir"}));

    TemporaryDirectory later;
    applied =
        apply_text(tarball({{.name = "tmp/f"}, {.name = "explicit/f"}, directory("explicit")}), later.fd());
    EXPECT_EQ(applied->implied_directories, std::vector<std::string>{"tmp"});
    ASSERT_TRUE(adopt_directories(later.fd(), applied->implied_directories, lowers));
    EXPECT_EQ(posix::status_at(later.fd(), "tmp")->value().permissions, 01777U);
}

TEST(CleanEntryName, is_the_name_below_the_root) {
    EXPECT_EQ(*clean_entry_name("./././x/"), "x");
    EXPECT_EQ(*clean_entry_name("/a//b/../c"), "a/c");
    EXPECT_EQ(*clean_entry_name("./"), "");
    EXPECT_EQ(*clean_entry_name("a/.."), "");
    for (std::string name : {"..", "../x", "a/../../x", "/.."})
        EXPECT_FALSE(clean_entry_name(name)) << name;
    EXPECT_FALSE(clean_entry_name(std::string("a\0b", 3)));
    EXPECT_FALSE(clean_entry_name(std::string(256, 'c')));
    EXPECT_FALSE(clean_entry_name(std::string(5000, '/')));
    std::string deep;
    for (int i = 0; i < 257; ++i)
        deep += "d/";
    EXPECT_FALSE(clean_entry_name(deep));
}

// --- security ---

/// A root beside a canary: a tree on the same file system that nothing may change.
class Security : public Apply {
  protected:
    void SetUp() override {
        ASSERT_TRUE(posix::make_directories(base / "canary/sub", 0700));
        ASSERT_TRUE(posix::write_file_atomic(base / "canary/secret", "secret", 0600));
        ASSERT_TRUE(posix::make_directories(base / "root", 0700));
        before_ = picture();
    }
    void TearDown() override { EXPECT_EQ(picture(), before_); }

    /// Applies to `base/root`; a failure is fine, a touched canary is not.
    std::string try_apply(const std::vector<RawMember>& members) {
        auto target = posix::open_file(base / "root", O_RDONLY | O_DIRECTORY);
        auto applied = apply_text(tarball(members), target->get());
        return applied ? "it was applied" : applied.error().message();
    }
    std::string inside(const std::string& path) {
        auto text = posix::read_file(base / ("root/" + path), 1 << 20);
        return text ? *text : "";
    }

    TemporaryDirectory base;

  private:
    std::map<std::string, std::string> picture() {
        std::map<std::string, std::string> entries;
        look(*posix::open_file(base / "canary", O_RDONLY | O_DIRECTORY), "canary", entries);
        auto names = *posix::list_directory(base.path());
        for (auto& name : names)
            entries["in base: " + name];
        return entries;
    }
    void look(const posix::Fd& fd, const std::string& path, std::map<std::string, std::string>& entries) {
        auto names = *posix::sorted_entries(fd.get());
        for (auto& name : names) {
            auto status = **posix::status_at(fd.get(), name);
            entries[cat(path, "/", name)] =
                cat(status.inode, " ", status.permissions, " ", status.uid, " ", status.modified.seconds, ".",
                    status.modified.nanoseconds, " ", status.changed.seconds, ".", status.changed.nanoseconds,
                    " ", status.size_bytes, " ", status.links);
            if (status.is(FileType::directory))
                look(*posix::open_at(fd.get(), name, O_RDONLY | O_DIRECTORY), cat(path, "/", name), entries);
        }
    }
    std::map<std::string, std::string> before_;
};

TEST_F(Security, im8_names_that_lead_out_are_refused) {
    for (std::string name : {"../canary/x", "a/../../canary/x", "../../../../etc/x", "./../canary/secret"})
        EXPECT_NE(try_apply({{.name = name, .data = "evil"}}).find("leads out"), std::string::npos) << name;
}

TEST_F(Security, im8_an_absolute_name_is_below_the_root) {
    try_apply({{.name = base / "canary/secret", .data = "evil"}});
    EXPECT_EQ(inside(base / "canary/secret"), "evil");
}

TEST_F(Security, im8_a_link_to_the_outside_followed_by_an_entry_below_it) {
    for (std::string target :
         {base / "canary", std::string("../canary"), std::string("/proc/1/root") + base.path() + "/canary",
          std::string("../../../../../../..") + base.path() + "/canary"}) {
        try_apply({{.name = "l", .type = '2', .link = target},
                   {.name = "l/secret", .data = "evil"},
                   directory("l/sub", "0000777"),
                   {.name = "l/.wh.secret"},
                   {.name = "l/.wh..wh..opq"},
                   {.name = "l/x", .type = '1', .link = "l/secret"}});
    }
}

TEST_F(Security, im8_a_directory_that_becomes_a_link_followed_by_a_child) {
    try_apply({directory("d"),
               {.name = "d/secret", .data = "1"},
               {.name = "d", .type = '2', .link = "../canary"},
               {.name = "d/secret", .data = "evil"}});
    try_apply({directory("e/f"),
               {.name = "e/f/x"},
               {.name = "e", .type = '2', .link = base / "canary"},
               {.name = "e/f/x", .data = "evil"},
               {.name = "e/secret", .data = "evil"}});
}

TEST_F(Security, im8_an_entry_on_a_link_replaces_the_link) {
    EXPECT_EQ(
        try_apply({{.name = "l", .type = '2', .link = "../canary/secret"}, {.name = "l", .data = "mine"}}),
        "it was applied");
    EXPECT_EQ(inside("l"), "mine");
    EXPECT_EQ(try_apply({{.name = "k", .type = '2', .link = "../canary"}, directory("k", "0000777")}),
              "it was applied");
    auto root_directory = posix::open_file(base / "root", O_RDONLY | O_DIRECTORY);
    EXPECT_TRUE(posix::status_at(root_directory->get(), "k")->value().is(FileType::directory));
}

TEST_F(Security, im8_a_hard_link_outside_is_refused) {
    for (std::string target : {"../canary/secret", "a/../../canary/secret", "..", "", ".", "/"})
        EXPECT_EQ(try_apply({{.name = "h", .type = '1', .link = target}}).find("it was applied"),
                  std::string::npos)
            << target;
    EXPECT_NE(try_apply({{.name = "h", .type = '1', .link = base / "canary/secret"}}), "it was applied");
    EXPECT_NE(try_apply({{.name = "l", .type = '2', .link = "../canary"},
                         {.name = "h", .type = '1', .link = "l/secret"}}),
              "it was applied");
}

TEST_F(Security, im8_a_hard_link_to_a_link_is_that_link) {
    EXPECT_EQ(try_apply({{.name = "l", .type = '2', .link = "../canary/secret"},
                         {.name = "h", .type = '1', .link = "l"},
                         {.name = "h", .data = "mine"}}),
              "it was applied");
    EXPECT_EQ(inside("h"), "mine");
}

TEST_F(Security, im8_hard_links_to_later_entries_and_directories_are_refused) {
    EXPECT_NE(
        try_apply({{.name = "h", .type = '1', .link = "later"}, {.name = "later"}}).find("no such file"),
        std::string::npos);
    EXPECT_NE(try_apply({directory("d"), {.name = "h", .type = '1', .link = "d"}}).find("not a file"),
              std::string::npos);
}

TEST_F(Security, im8_the_root_entry_cannot_be_a_link_or_file) {
    EXPECT_NE(try_apply({{.name = "."}}), "it was applied");
    for (char type : {'2', '1', '6', '3'})
        EXPECT_NE(try_apply({{.name = "./", .type = type, .link = "../canary", .minor = "0000001"}}),
                  "it was applied")
            << type;
    EXPECT_NE(try_apply({{.name = "a/..", .type = '2', .link = "../canary"}}), "it was applied");
}

TEST_F(Security, im8_long_chains_of_links_end) {
    std::vector<RawMember> members;
    for (int i = 0; i < 45; ++i)
        members.push_back({.name = cat("l", i), .type = '2', .link = cat("l", i + 1)});
    members.push_back({.name = "l45", .type = '2', .link = "l0"});
    members.push_back({.name = "l0/x", .data = "evil"});
    EXPECT_NE(try_apply(members), "it was applied");
}

TEST_F(Security, im8_strange_names_stay_inside_or_are_refused) {
    for (std::string name :
         {std::string("a\nb"), std::string("./././x"), std::string("x/"), std::string(100, 'c')})
        try_apply({{.name = name}});
    EXPECT_NE(try_apply({{.name = "L", .type = 'L', .data = std::string(4000, 'c') + '\0'}, {.name = "s"}})
                  .find("too long"),
              std::string::npos);
    EXPECT_NE(try_apply({pax(pax_record("path", "../canary/x")), {.name = "fine"}}).find("leads out"),
              std::string::npos);
    EXPECT_NE(try_apply({pax(pax_record("linkpath", "../canary/secret")),
                         {.name = "h", .type = '1', .link = "fine"}})
                  .find("leads out"),
              std::string::npos);
}

TEST_F(Security, im8_attributes_of_an_entry_on_a_link_stay_on_it) {
    auto link = RawMember{.name = "l",
                          .type = '2',
                          .link = "../canary/secret",
                          .mode = "0006777",
                          .uid = "0001750",
                          .mtime = "00000000001"};
    EXPECT_EQ(try_apply({pax(pax_record("SCHILY.xattr.user.x", "y")), link}), "it was applied");
}

TEST_F(Security, im10_a_whiteout_names_one_component) {
    for (std::string name : {".wh.", ".wh..", ".wh...", "d/.wh..", ".wh./x"})
        EXPECT_NE(try_apply({{.name = name}}), "it was applied") << name;
    try_apply({{.name = "l", .type = '2', .link = "../canary"},
               {.name = "l/.wh.secret"},
               {.name = "l/.wh..wh..opq"}});
}

TEST_F(Security, im10_overlays_own_marks_do_not_come_from_archives) {
    std::string records;
    for (std::string name : {"trusted.overlay.opaque", "trusted.overlay.redirect", "trusted.overlay.metacopy",
                             "user.overlay.opaque", "security.selinux", "security.ima", "trusted.other"})
        records += pax_record("SCHILY.xattr." + name, "y");
    ASSERT_EQ(try_apply({pax(records), directory("d"), pax(records), {.name = "f"}}), "it was applied");
    for (std::string name : {"d", "f"}) {
        auto fd = posix::open_file(base / ("root/" + name), O_RDONLY);
        EXPECT_TRUE(posix::list_xattrs(fd->get())->empty()) << name;
    }
    EXPECT_NE(try_apply({{.name = "w", .type = '3'}}).find("0:0"), std::string::npos);
}

}  // namespace
}  // namespace tare::layer
