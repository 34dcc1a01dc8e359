#include "image/layer/tar_reader.h"

#include <gtest/gtest.h>

#include "image/layer/tar_fixture.h"
#include "image/layer/tar_pax.h"
#include "image/layer/tar_writer.h"

namespace tare::layer {
namespace {

struct Member {
    TarEntry entry;
    std::string content;  ///< holes as zeros
};

Result<std::vector<Member>> read_all(const std::string& archive, const TarLimits& limits = {}) {
    StringSource source(archive);
    TarReader reader(source, limits);
    std::vector<Member> members;
    TarEntry entry;
    while (TRY(reader.next(entry))) {
        Member member{entry, {}};
        if (entry.size_bytes < 1'000'000) member.content.resize(entry.size_bytes);
        for (auto piece = TRY(reader.data()); !piece.bytes.empty(); piece = TRY(reader.data()))
            member.content.replace(piece.offset, piece.bytes.size(), piece.bytes);
        members.push_back(std::move(member));
    }
    return members;
}

std::string why_not(const std::string& archive, const TarLimits& limits = {}) {
    auto members = read_all(archive, limits);
    return members ? "it was read" : members.error().message();
}

RawMember pax(const std::string& records) {
    return {.name = "PaxHeaders/x", .type = 'x', .data = records};
}

TEST(TarReader, reads_what_a_header_says) {
    auto members = read_all(tarball({{.name = "etc/passwd",
                                      .data = "root",
                                      .mode = "0104755",
                                      .uid = "0001750",
                                      .gid = "0000012",
                                      .mtime = "00000000144"}}));
    ASSERT_TRUE(members) << members.error().message();
    ASSERT_EQ(members->size(), 1U);
    auto& entry = members->front().entry;
    EXPECT_EQ(entry.path, "etc/passwd");
    EXPECT_EQ(entry.permissions, 04755U);
    EXPECT_EQ(entry.uid, 1000U);
    EXPECT_EQ(entry.gid, 10U);
    EXPECT_EQ(entry.modified.seconds, 100);
    EXPECT_EQ(members->front().content, "root");
}

TEST(TarReader, knows_every_type) {
    auto members = read_all(tarball({{.name = "old/", .type = '\0'},
                                     {.name = "c", .type = '3', .major = "0000001", .minor = "0000003"},
                                     {.name = "b", .type = '4'},
                                     {.name = "h", .type = '1', .link = "x"},
                                     {.name = "s", .type = '2', .link = "y"},
                                     {.name = "d", .type = '5'},
                                     {.name = "p", .type = '6'},
                                     {.name = "contiguous", .type = '7'}}));
    ASSERT_TRUE(members) << members.error().message();
    std::vector<TarType> types;
    for (auto& member : *members)
        types.push_back(member.entry.type);
    EXPECT_EQ(types, (std::vector{TarType::directory, TarType::character_device, TarType::block_device,
                                  TarType::hard_link, TarType::symlink, TarType::directory, TarType::fifo,
                                  TarType::regular}));
    EXPECT_EQ((*members)[1].entry.device_minor, 3U);
    EXPECT_EQ((*members)[4].entry.link_target, "y");
}

TEST(TarReader, joins_prefix_and_name_only_in_ustar) {
    RawMember member{.name = "name"};
    std::string block = raw_member(member);
    auto with_prefix = [&](std::string text, std::string_view magic) {
        text.replace(257, 8, magic);
        text.replace(345, 6, "prefix");
        text.replace(148, 8, "        ");
        unsigned sum = 0;
        for (int i = 0; i < 512; ++i)
            sum += static_cast<unsigned char>(text[i]);
        text.replace(148, 7, octal(sum, 6) + '\0');
        return text + tar_end();
    };
    EXPECT_EQ(read_all(with_prefix(block, std::string_view("ustar\0"
                                                           "00",
                                                           8)))
                  ->front()
                  .entry.path,
              "prefix/name");
    EXPECT_EQ(read_all(with_prefix(block, std::string_view("ustar  \0", 8)))->front().entry.path, "name");
}

TEST(TarReader, gnu_long_names_replace_the_short_ones) {
    std::string name(300, 'n'), link(400, 'l');
    auto members = read_all(tarball({{.name = "././@LongLink", .type = 'L', .data = name + '\0'},
                                     {.name = "././@LongLink", .type = 'K', .data = link + '\0'},
                                     {.name = "short", .type = '2', .link = "short"},
                                     {.name = "next"}}));
    ASSERT_TRUE(members) << members.error().message();
    EXPECT_EQ((*members)[0].entry.path, name);
    EXPECT_EQ((*members)[0].entry.link_target, link);
    EXPECT_EQ((*members)[1].entry.path, "next");
}

TEST(TarReader, pax_records_win_over_the_header) {
    auto members = read_all(tarball(
        {pax(pax_record("path", "long/päth") + pax_record("uid", "3000000000") +
             pax_record("mtime", "-1.25") + pax_record("size", "3") + pax_record("comment", "nothing") +
             pax_record("SCHILY.xattr.user.a", std::string("\0=\n", 3))),
         {.name = "short", .data = "abc", .size = octal(0)}}));
    ASSERT_TRUE(members) << members.error().message();
    auto& entry = members->front().entry;
    EXPECT_EQ(entry.path, "long/päth");
    EXPECT_EQ(entry.uid, 3'000'000'000U);
    EXPECT_EQ(entry.modified, (posix::Timestamp{-2, 750'000'000}));
    EXPECT_EQ(entry.xattrs, (std::vector<posix::Xattr>{{"user.a", std::string("\0=\n", 3)}}));
    EXPECT_EQ(members->front().content, "abc");
}

TEST(TarReader, global_records_hold_until_a_member_says_otherwise) {
    auto members = read_all(
        tarball({{.name = "g", .type = 'g', .data = pax_record("mtime", "7") + pax_record("uid", "5")},
                 {.name = "a"},
                 pax(pax_record("mtime", "8")),
                 {.name = "b"}}));
    ASSERT_TRUE(members) << members.error().message();
    EXPECT_EQ((*members)[0].entry.modified.seconds, 7);
    EXPECT_EQ((*members)[1].entry.modified.seconds, 8);
    EXPECT_EQ((*members)[1].entry.uid, 5U);
}

TEST(TarReader, base_256_numbers_are_numbers) {
    std::string size("\x80\0\0\0\0\0\0\0\0\0\0\x03", 12);
    EXPECT_EQ(read_all(tarball({{.name = "a", .data = "abc", .size = size}}))->front().content, "abc");
    std::string before_1970("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe", 12);
    EXPECT_EQ(read_all(tarball({{.name = "a", .mtime = before_1970}}))->front().entry.modified.seconds, -2);
    std::string huge("\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12);
    EXPECT_NE(why_not(tarball({{.name = "a", .mtime = huge}})).find("out of range"), std::string::npos);
}

TEST(TarReader, an_archive_may_end_without_its_end_blocks_but_not_in_a_member) {
    std::string archive = raw_member({.name = "a", .data = "abc"});
    EXPECT_EQ(read_all(archive)->size(), 1U);
    for (std::size_t length : {100, 512, 513, 600, 1023}) {
        auto members = read_all(archive.substr(0, length));
        ASSERT_FALSE(members) << length;
        EXPECT_TRUE(members.error().is(ErrorKind::data_loss));
    }
}

// --- sparse files, all four formats ---

std::string region(std::uint64_t offset, std::uint64_t size) {
    return octal(offset) + '\0' + octal(size) + '\0';
}

TEST(TarReader, reads_old_gnu_sparse_files) {
    std::string header = region(2, 3) + region(10, 1) + region(12, 0);
    header.resize(96);
    header += '\0';
    header += octal(12) + '\0';
    auto members =
        read_all(tarball({{.name = "s", .type = 'S', .data = "abcd", .at_386 = header}, {.name = "next"}}));
    ASSERT_TRUE(members) << members.error().message();
    EXPECT_EQ(members->front().content, std::string("\0\0abc\0\0\0\0\0d\0", 12));
    EXPECT_EQ((*members)[1].entry.path, "next");
}

TEST(TarReader, old_gnu_sparse_maps_go_on_in_more_blocks) {
    std::string header, data, extension;
    for (int i = 0; i < 4; ++i)
        header += region(i * 10, 1);
    header += '\1';
    header += octal(100) + '\0';
    for (int i = 4; i < 7; ++i)
        extension += region(i * 10, 1);
    RawMember member{.name = "s", .type = 'S', .size = octal(7), .at_386 = header};
    auto members = read_all(raw_member(member) + padded(extension) + padded("abcdefg") + tar_end());
    ASSERT_TRUE(members) << members.error().message();
    EXPECT_EQ(members->front().content[60], 'g');
    EXPECT_EQ(members->front().content.size(), 100U);
}

TEST(TarReader, reads_pax_sparse_0_0_0_1_and_1_0) {
    std::string common = pax_record("GNU.sparse.name", "real");
    std::string v00 = pax_record("GNU.sparse.size", "12") + pax_record("GNU.sparse.numblocks", "2") +
                      pax_record("GNU.sparse.offset", "2") + pax_record("GNU.sparse.numbytes", "3") +
                      pax_record("GNU.sparse.offset", "10") + pax_record("GNU.sparse.numbytes", "1");
    std::string v01 = common + pax_record("GNU.sparse.size", "12") + pax_record("GNU.sparse.numblocks", "2") +
                      pax_record("GNU.sparse.map", "2,3,10,1");
    std::string v10 = common + pax_record("GNU.sparse.major", "1") + pax_record("GNU.sparse.minor", "0") +
                      pax_record("GNU.sparse.realsize", "12");
    std::string expected("\0\0abc\0\0\0\0\0d\0", 12);
    for (auto& [records, data] : std::vector<std::pair<std::string, std::string>>{
             {v00, "abcd"}, {v01, "abcd"}, {v10, padded("2\n2\n3\n10\n1\n") + "abcd"}}) {
        auto members = read_all(tarball({pax(records), {.name = "x", .data = data}, {.name = "next"}}));
        ASSERT_TRUE(members) << members.error().message();
        EXPECT_EQ(members->front().content, expected);
        EXPECT_EQ((*members)[1].entry.path, "next");
    }
}

// --- security ---

TEST(Security, im11_whatever_two_parsers_could_read_differently_is_refused) {
    RawMember file{.name = "a", .data = "abc"};
    auto long_name = RawMember{.name = "L", .type = 'L', .data = std::string("gnu\0", 4)};
    EXPECT_NE(
        why_not(tarball({pax(pax_record("path", "p")), pax(pax_record("path", "q")), file})).find("two pax"),
        std::string::npos);
    EXPECT_NE(why_not(tarball({long_name, pax(pax_record("path", "p")), file})).find("named by"),
              std::string::npos);
    EXPECT_NE(why_not(tarball({long_name, long_name, file})).find("two GNU"), std::string::npos);
    EXPECT_NE(why_not(tarball({{.name = "l", .type = '2', .data = "x", .link = "t"}})).find("no data"),
              std::string::npos);
    EXPECT_NE(why_not(tarball({{.name = "d", .type = '5', .data = "x"}})).find("no data"), std::string::npos);
    EXPECT_NE(
        why_not(tarball({{.name = "g", .type = 'g', .data = pax_record("size", "1")}, file})).find("global"),
        std::string::npos);
    EXPECT_NE(why_not(tarball({file}) + tarball({file})).find("after the end"), std::string::npos);
    EXPECT_NE(why_not(raw_member(file) + std::string(512, '\0') + raw_member(file)).find("empty block"),
              std::string::npos);
    EXPECT_NE(why_not(tarball({pax(pax_record("path", "p"))})).find("without its member"), std::string::npos);
}

TEST(Security, im11_broken_headers_are_errors_and_nothing_is_resynchronized) {
    EXPECT_NE(why_not(tarball({{.name = "a", .checksum = "0000001"}})).find("checksum"), std::string::npos);
    EXPECT_NE(why_not(tarball({{.name = "a", .size = "0000000009"}})).find("octal"), std::string::npos);
    EXPECT_NE(why_not(tarball({{.name = "a", .size = std::string(12, '\xff')}})).find("negative"),
              std::string::npos);
    EXPECT_NE(why_not(tarball({{.name = "a", .type = 'Z'}})).find("unknown type"), std::string::npos);
    for (std::string records : {"5 a=b\n", "8 a=bc\n", "x a=b\n", "6 a=b", "06 a=b\n\n", "6 abc\n",
                                "-6 a=b\n", "99 path=x\n", "5 =b\n", "18446744073709551616 a=b\n"})
        EXPECT_NE(why_not(tarball({pax(records), {.name = "a"}})).find("pax header"), std::string::npos)
            << records;
    for (std::string record :
         {pax_record("size", "-1"), pax_record("size", "1x"), pax_record("uid", "4294967296"),
          pax_record("mtime", "1.x"), pax_record("path", std::string("a\0b", 3))})
        EXPECT_NE(why_not(tarball({pax(record), {.name = "a"}})).find("bad value"), std::string::npos)
            << record;
}

TEST(Security, im11_the_pax_size_counts_for_data_and_skip) {
    auto members = read_all(tarball({pax(pax_record("size", "512")),
                                     {.name = "a", .data = std::string(512, 'x'), .size = octal(0)},
                                     {.name = "b", .data = "y"}}));
    ASSERT_TRUE(members) << members.error().message();
    EXPECT_EQ(members->size(), 2U);
    EXPECT_EQ((*members)[0].content.size(), 512U);
}

TEST(Security, im12_sparse_maps_are_bounded_and_inside_the_file) {
    auto map = [&](std::string text, std::string size = "100") {
        return why_not(tarball({pax(pax_record("GNU.sparse.size", size) + pax_record("GNU.sparse.map", text)),
                                {.name = "s", .data = "abcd"}}));
    };
    EXPECT_NE(map("10,2,5,2").find("ascending"), std::string::npos);
    EXPECT_NE(map("0,3,2,1").find("ascending"), std::string::npos);
    EXPECT_NE(map("98,4").find("ascending"), std::string::npos);
    EXPECT_NE(map("9223372036854775807,4").find("ascending"), std::string::npos);
    EXPECT_NE(map("9223372036854775808,4").find("bad value"), std::string::npos);
    EXPECT_NE(map("0,3").find("stored data"), std::string::npos);
    EXPECT_NE(map("0,4,5").find("bad value"), std::string::npos);
    std::string many = "0,4";
    for (int i = 0; i < 100'000; ++i)
        many += ",50,0";
    EXPECT_NE(map(many).find("100000"), std::string::npos);
    std::string in_data = pax_record("GNU.sparse.major", "1") + pax_record("GNU.sparse.realsize", "9");
    EXPECT_NE(why_not(tarball({pax(in_data), {.name = "s", .data = padded("100000000\n0\n1\n")}}))
                  .find("sparse map"),
              std::string::npos);
}

TEST(Security, im7_names_extensions_and_counts_are_bounded) {
    TarLimits limits;
    limits.entries = 3;
    std::vector<RawMember> four(4, RawMember{.name = "a"});
    EXPECT_NE(why_not(tarball(four), limits).find("more than 3"), std::string::npos);
    EXPECT_NE(why_not(tarball({{.name = "L", .type = 'L', .data = std::string(65536, 'p')}, {.name = "a"}}))
                  .find("4096"),
              std::string::npos);
    EXPECT_NE(
        why_not(tarball({{.name = "x", .type = 'x', .size = octal(std::uint64_t{1} << 30)}})).find("4194304"),
        std::string::npos);
    std::string attributes;
    for (int i = 0; i < 129; ++i)
        attributes += pax_record(cat("SCHILY.xattr.user.", i), "v");
    EXPECT_NE(why_not(tarball({pax(attributes), {.name = "a"}})).find("128"), std::string::npos);
    std::vector<RawMember> globals(17,
                                   RawMember{.name = "g", .type = 'g', .data = pax_record("comment", "c")});
    EXPECT_NE(why_not(tarball(globals)).find("16 global"), std::string::npos);
    EXPECT_NE(why_not(tarball({}) + std::string(std::size_t{2} << 20, '\0')).find("after the end"),
              std::string::npos);
}

// --- writer ---

TEST(TarWriter, what_it_writes_reads_back_equal) {
    std::vector<TarEntry> entries;
    TarEntry file{.path = "dir/file", .permissions = 04711, .uid = 1, .gid = 2, .size_bytes = 3};
    file.modified = {1'700'000'000, 123'456'789};
    file.xattrs = {{"security.capability", std::string("\1\0\0\2", 4)}};
    entries.push_back(file);
    entries.push_back({.path = std::string(90, 'a') + "/" + std::string(90, 'b'), .uid = 3'000'000'000});
    entries.push_back(
        {.type = TarType::symlink, .path = std::string(300, 'x'), .link_target = std::string(200, 'y')});
    entries.push_back({.type = TarType::directory, .path = "übung/", .modified = {-5, 500'000'000}});
    entries.push_back(
        {.type = TarType::character_device, .path = "dev/null", .device_major = 1, .device_minor = 3});
    entries.push_back({.type = TarType::hard_link, .path = "h", .link_target = "dir/file"});
    StringSink sink;
    TarWriter writer(sink, TimePrecision::nanoseconds);
    for (auto& entry : entries) {
        ASSERT_TRUE(writer.add(entry));
        ASSERT_TRUE(writer.write(std::string(entry.size_bytes, 'd')));
    }
    ASSERT_TRUE(writer.finish());
    auto members = read_all(sink.text());
    ASSERT_TRUE(members) << members.error().message();
    ASSERT_EQ(members->size(), entries.size());
    for (std::size_t i = 0; i < entries.size(); ++i) {
        auto& back = (*members)[i].entry;
        EXPECT_EQ(back.path, entries[i].path);
        EXPECT_EQ(back.link_target, entries[i].link_target);
        EXPECT_EQ(back.type, entries[i].type);
        EXPECT_EQ(back.permissions, entries[i].permissions);
        EXPECT_EQ(back.uid, entries[i].uid);
        EXPECT_EQ(back.modified, entries[i].modified);
        EXPECT_EQ(back.xattrs, entries[i].xattrs);
        EXPECT_EQ(back.device_minor, entries[i].device_minor);
    }
}

TEST(TarWriter, refuses_more_or_less_data_than_the_header_says) {
    StringSink sink;
    TarWriter writer(sink);
    ASSERT_TRUE(writer.add({.path = "a", .size_bytes = 2}));
    EXPECT_FALSE(writer.write("abc"));
    EXPECT_FALSE(writer.finish());
}

}  // namespace
}  // namespace tare::layer
