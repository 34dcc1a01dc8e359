#include "run/shim/json_log.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "base/json.h"
#include "posix/file.h"

namespace tare::shim {
namespace {

// 2025-05-30T12:07:14.000000005Z
constexpr Time kNoon{std::chrono::nanoseconds(1'748'606'834'000'000'005)};
constexpr Time kLater{std::chrono::nanoseconds(1'748'606'835'500'000'000)};

TEST(JsonLogEntry, is_docker_s_line) {
    EXPECT_EQ(json_log_entry("hello\n", Stream::out, kNoon, ""),
              R"({"log":"hello\n","stream":"stdout","time":"2025-05-30T12:07:14.000000005Z"})"
              "\n");
    EXPECT_EQ(json_log_entry("x", Stream::error, kLater, R"({"a":"1"})"),
              R"({"log":"x","stream":"stderr","attrs":{"a":"1"},"time":"2025-05-30T12:07:15.5Z"})"
              "\n");
}

std::string escaped(std::string_view text) {
    std::string entry = json_log_entry(text, Stream::out, kNoon, "");
    return entry.substr(8, entry.find("\",\"stream\"") - 8);
}

TEST(JsonLogEntry, escapes_as_go_does) {
    EXPECT_EQ(escaped("\"\\\r\n\t\x01\x7f"), "\\\"\\\\\\r\\n\\u0009\\u0001\x7f");
    EXPECT_EQ(escaped("<a&b>"), "\\u003ca\\u0026b\\u003e");
    EXPECT_EQ(escaped("grün €\xf0\x9f\x90\xb3"), "grün €\xf0\x9f\x90\xb3");
    EXPECT_EQ(escaped("\xe2\x80\xa8\xe2\x80\xa9"), "\\u2028\\u2029");
    // Invalid bytes one by one, overlong forms and surrogates too.
    EXPECT_EQ(escaped("a\xff\xc3"), "a\\ufffd\\ufffd");
    EXPECT_EQ(escaped("\xc0\xaf"), "\\ufffd\\ufffd");
    EXPECT_EQ(escaped("\xed\xa0\x80"), "\\ufffd\\ufffd\\ufffd");
    EXPECT_EQ(escaped("\xf4\x90\x80\x80"), "\\ufffd\\ufffd\\ufffd\\ufffd");
    EXPECT_EQ(escaped(std::string_view("\0", 1)), "\\u0000");
}

TEST(JsonLogEntry, is_json_whatever_the_bytes) {
    std::string all;
    for (int each = 0; each < 256; ++each)
        all.push_back(static_cast<char>(each));
    EXPECT_TRUE(parse_json(trim(json_log_entry(all, Stream::out, kNoon, ""))));
}

TEST(JsonLogAttributes, are_sorted_as_go_sorts_maps) {
    EXPECT_EQ(json_log_attributes({{"b", "2"}, {"a", "<1>"}}), R"({"a":"\u003c1\u003e","b":"2"})");
    EXPECT_EQ(json_log_attributes({}), "");
}

class JsonLogTest : public testing::Test {
  protected:
    void SetUp() override {
        char path[] = "/tmp/tare-log-XXXXXX";
        ASSERT_TRUE(::mkdtemp(path));
        directory_ = path;
        path_ = directory_ + "/x-json.log";
    }
    void TearDown() override { EXPECT_TRUE(posix::remove_tree(directory_)); }
    JsonLog open(std::uint64_t max_bytes = 0, std::uint32_t max_files = 1) {
        return std::move(*JsonLog::open({.path = path_, .max_bytes = max_bytes, .max_files = max_files}));
    }
    struct Entry {
        std::string log;
        std::string time;
    };
    static std::vector<Entry> entries(const std::string& path) {
        std::vector<Entry> out;
        std::string text = posix::read_file(path, 1 << 22).value_or("");
        for (auto line : split(trim(text), '\n')) {
            auto entry = parse_json(line);
            if (!entry) continue;
            out.push_back({*entry->find("log")->as_string(), *entry->find("time")->as_string()});
        }
        return out;
    }

    std::string directory_;
    std::string path_;
};

TEST_F(JsonLogTest, a_line_is_an_entry_however_it_arrives) {
    auto log = open();
    log.write(Stream::out, "one\ntw", kNoon);
    log.write(Stream::error, "err\n", kNoon);
    log.write(Stream::out, "o\n\n", kLater);
    log.write(Stream::out, "end", kLater);
    log.finish(Stream::out, kLater);
    log.finish(Stream::error, kLater);
    std::vector<std::string> seen;
    for (auto& entry : entries(path_))
        seen.push_back(entry.log);
    EXPECT_EQ(seen, (std::vector<std::string>{"one\n", "err\n", "two\n", "\n", "end"}));
}

TEST_F(JsonLogTest, a_long_line_is_cut_at_16_kib_and_keeps_the_time_of_its_beginning) {
    auto log = open();
    std::string line = std::string(kLogPieceBytes, 'a') + std::string(kLogPieceBytes, 'b') + "c";
    log.write(Stream::out, line, kNoon);
    log.write(Stream::out, "\nnext\n", kLater);
    auto seen = entries(path_);
    ASSERT_EQ(seen.size(), 4U);
    EXPECT_EQ(seen[0].log, std::string(kLogPieceBytes, 'a'));
    EXPECT_EQ(seen[1].log, std::string(kLogPieceBytes, 'b'));
    EXPECT_EQ(seen[2].log, "c\n");
    EXPECT_EQ(seen[2].time, seen[0].time);
    EXPECT_EQ(seen[3].log, "next\n");
    EXPECT_NE(seen[3].time, seen[0].time);
}

TEST_F(JsonLogTest, a_line_of_exactly_the_limit_ends_with_an_empty_piece) {
    auto log = open();
    log.write(Stream::out, std::string(kLogPieceBytes, 'a') + "\n", kNoon);
    auto seen = entries(path_);
    ASSERT_EQ(seen.size(), 2U);
    EXPECT_EQ(seen[0].log.size(), kLogPieceBytes);
    EXPECT_EQ(seen[1].log, "\n");
}

TEST_F(JsonLogTest, files_rotate_by_size_and_the_oldest_goes) {
    auto log = open(300, 3);
    for (int i = 0; i < 20; ++i)
        log.write(Stream::out, cat("line ", i, "\n"), kNoon);
    EXPECT_TRUE(posix::exists(path_ + ".1"));
    EXPECT_TRUE(posix::exists(path_ + ".2"));
    EXPECT_FALSE(posix::exists(path_ + ".3"));
    std::vector<std::string> seen;
    for (auto& path : {path_ + ".2", path_ + ".1", path_})
        for (auto& entry : entries(path))
            seen.push_back(entry.log);
    EXPECT_EQ(seen.back(), "line 19\n");
    // Nothing is missing between the oldest that is left and the newest.
    for (std::size_t i = 0; i < seen.size(); ++i)
        EXPECT_EQ(seen[i], cat("line ", 20 - seen.size() + i, "\n"));
}

TEST_F(JsonLogTest, one_file_is_begun_anew) {
    auto log = open(300, 1);
    for (int i = 0; i < 20; ++i)
        log.write(Stream::out, cat("line ", i, "\n"), kNoon);
    EXPECT_FALSE(posix::exists(path_ + ".1"));
    auto seen = entries(path_);
    ASSERT_FALSE(seen.empty());
    EXPECT_LE(seen.size(), 5U);
    EXPECT_EQ(seen.back().log, "line 19\n");
}

TEST_F(JsonLogTest, a_log_is_continued_and_its_size_counts) {
    open(0, 1).write(Stream::out, "first\n", kNoon);
    open(0, 1).write(Stream::out, "second\n", kNoon);
    EXPECT_EQ(entries(path_).size(), 2U);
    open(10, 2).write(Stream::out, "third\n", kNoon);
    EXPECT_EQ(entries(path_).size(), 1U);
    EXPECT_EQ(entries(path_ + ".1").size(), 2U);
}

}  // namespace
}  // namespace tare::shim
