#include <gtest/gtest.h>

#include "image/layer/archive.h"
#include "image/layer/compress.h"
#include "image/layer/tar_fixture.h"
#include "image/layer/tar_reader.h"
#include "posix/tree.h"

namespace tare::layer {
namespace {

RawMember directory(std::string name) {
    return {.name = std::move(name), .type = '5', .mode = "0000755"};
}

class Archive : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(apply_text(tarball({directory("etc"),
                                        {.name = "etc/passwd", .data = "root"},
                                        directory("dir"),
                                        {.name = "dir/a", .data = "1"},
                                        {.name = "dir/b", .type = '2', .link = "a"},
                                        {.name = "abs", .type = '2', .link = "/dir"},
                                        {.name = "up", .type = '2', .link = "../../../../etc/passwd"},
                                        {.name = "dangling", .type = '2', .link = "/nowhere"}}),
                               root.fd()));
    }
    std::string packed(const std::string& path, const std::string& rebase = "") {
        StringSink sink;
        auto done = pack_path(root.fd(), path, sink, {.rebase_name = rebase});
        if (!done) return done.error().message();
        StringSource source(sink.text());
        TarReader reader(source);
        TarEntry entry;
        std::string names;
        while (*reader.next(entry))
            names += entry.path + (entry.link_target.empty() ? "" : "->" + entry.link_target) + " ";
        return names;
    }
    Result<> extract(const std::string& path, const std::vector<RawMember>& members,
                     const ExtractOptions& options = {}) {
        std::string archive = tarball(members);
        StringSource source(archive);
        return extract_into(root.fd(), path, source, options);
    }
    std::string content(const std::string& path) {
        auto text = posix::read_file(root / path, 1 << 20);
        return text ? *text : text.error().message();
    }

    TemporaryDirectory root;
};

TEST_F(Archive, status_does_not_follow_the_last_component_unless_asked) {
    auto link = status_in_root(root.fd(), "/abs");
    ASSERT_TRUE(link) << link.error().message();
    EXPECT_TRUE(link->status.is(posix::FileType::symlink));
    EXPECT_EQ(link->name, "abs");
    EXPECT_EQ(link->link_target, "/dir");
    EXPECT_TRUE(status_in_root(root.fd(), "/abs/")->status.is(posix::FileType::directory));
    EXPECT_EQ(status_in_root(root.fd(), "/abs/a")->name, "a");
    EXPECT_EQ(status_in_root(root.fd(), "/")->name, "/");
    EXPECT_EQ(status_in_root(root.fd(), "/up")->link_target, "/etc/passwd");
    EXPECT_EQ(status_in_root(root.fd(), "/dangling")->link_target, "/nowhere");
}

TEST_F(Archive, a_missing_path_is_not_found) {
    auto missing = status_in_root(root.fd(), "/no/such");
    ASSERT_FALSE(missing);
    EXPECT_TRUE(missing.error().is(ErrorKind::not_found));
    EXPECT_FALSE(status_in_root(root.fd(), "/etc/passwd/"));
}

TEST_F(Archive, names_start_with_the_last_component_or_the_rebase_name) {
    EXPECT_EQ(packed("/dir"), "dir/ dir/a dir/b->a ");
    EXPECT_EQ(packed("dir/"), "dir/ dir/a dir/b->a ");
    EXPECT_EQ(packed("/dir/."), "./ ./a ./b->a ");
    EXPECT_EQ(packed("/dir", "new"), "new/ new/a new/b->a ");
    EXPECT_EQ(packed("/etc/passwd"), "passwd ");
    EXPECT_EQ(packed("/abs"), "abs->/dir ");
    EXPECT_EQ(packed("/abs/"), "abs/ abs/a abs/b->a ");
}

TEST_F(Archive, export_holds_the_whole_tree) {
    StringSink sink;
    ASSERT_TRUE(pack_tree(root.fd(), sink));
    TemporaryDirectory copy;
    ASSERT_TRUE(apply_text(sink.text(), copy.fd()));
    EXPECT_EQ(*posix::read_file(copy / "etc/passwd", 100), "root");
}

TEST_F(Archive, extracts_into_what_is_there) {
    ASSERT_TRUE(extract("/dir", {{.name = "a", .data = "2"}, {.name = "sub/c", .data = "3"}}));
    EXPECT_EQ(content("dir/a"), "2");
    EXPECT_EQ(content("dir/sub/c"), "3");
    EXPECT_TRUE(status_in_root(root.fd(), "/dir/b"));
}

TEST_F(Archive, extracts_compressed_archives_through_a_link) {
    StringSink sink;
    Compressor compressor(sink, Codec::gzip);
    ASSERT_TRUE(compressor.write(tarball({{.name = "z", .data = "4"}})));
    ASSERT_TRUE(compressor.finish());
    StringSource source(sink.text());
    ASSERT_TRUE(extract_into(root.fd(), "/abs", source));
    EXPECT_EQ(content("dir/z"), "4");
}

TEST_F(Archive, the_target_must_be_a_directory) {
    EXPECT_TRUE(extract("/none", {{.name = "a"}}).error().is(ErrorKind::not_found));
    EXPECT_TRUE(extract("/etc/passwd", {{.name = "a"}}).error().is(ErrorKind::invalid_argument));
}

TEST_F(Archive, the_archives_own_root_leaves_the_target_as_it_is) {
    auto dot = directory("./");
    dot.mode = "0000700";
    ASSERT_TRUE(extract("/dir", {dot, {.name = "./x"}}));
    EXPECT_EQ(status_in_root(root.fd(), "/dir/")->status.permissions, 0755U);
}

TEST_F(Archive, types_are_exchanged_only_if_allowed) {
    ExtractOptions refused{.overwrite_type = OverwriteType::refused};
    auto file_over_directory = extract("/", {{.name = "dir"}}, refused);
    ASSERT_FALSE(file_over_directory);
    EXPECT_NE(file_over_directory.error().message().find("cannot overwrite directory"), std::string::npos);
    EXPECT_FALSE(extract("/etc", {directory("passwd")}, refused));
    EXPECT_EQ(content("etc/passwd"), "root");
    ASSERT_TRUE(extract("/etc", {directory("passwd")}));
    EXPECT_TRUE(status_in_root(root.fd(), "/etc/passwd")->status.is(posix::FileType::directory));
}

TEST_F(Archive, the_owner_can_be_given) {
    ASSERT_TRUE(extract("/dir", {{.name = "mine", .uid = "0000001"}}, {.uid = 1000, .gid = 1001}));
    auto status = status_in_root(root.fd(), "/dir/mine")->status;
    EXPECT_EQ(status.uid, 1000U);
    EXPECT_EQ(status.gid, 1001U);
}

TEST_F(Archive, names_of_whiteouts_are_plain_names) {
    ASSERT_TRUE(extract("/dir", {{.name = ".wh.a", .data = "5"}}));
    EXPECT_EQ(content("dir/.wh.a"), "5");
    EXPECT_EQ(content("dir/a"), "1");
}

TEST_F(Archive, hard_links_are_relative_to_the_target) {
    ASSERT_TRUE(extract("/dir", {{.name = "h", .type = '1', .link = "a"}}));
    EXPECT_EQ(content("dir/h"), "1");
}

TEST_F(Archive, links_in_the_way_are_the_containers) {
    ASSERT_TRUE(extract(
        "/dir", {{.name = "to_etc", .type = '2', .link = "/etc"}, {.name = "to_etc/new", .data = "6"}}));
    EXPECT_EQ(content("etc/new"), "6");
    EXPECT_FALSE(extract("/dir", {{.name = "../../x"}}));
}

}  // namespace
}  // namespace tare::layer
