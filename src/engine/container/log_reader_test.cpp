#include "engine/container/log_reader.h"

#include "engine/container/container_fixture.h"
#include "engine/container/log_files.h"
#include "posix/socket.h"

namespace tare::container {
namespace {

using namespace std::chrono_literals;

class LogReaderTest : public testing::Test {
  protected:
    std::string path() const { return directory_.path() + "/c-json.log"; }

    static std::string entry(int number, std::string_view stream = "stdout") {
        return cat(R"({"log":"line )", number, R"(\n","stream":")", stream, R"(","time":")",
                   format_rfc3339(Time(std::chrono::seconds(1000 + number))), "\"}\n");
    }
    static std::string entries(int first, int last) {
        std::string text;
        for (int number = first; number <= last; ++number)
            text += entry(number);
        return text;
    }
    void append(std::string_view text) { std::ofstream(path(), std::ios::app) << text; }
    // As the shim does with three files.
    void rotate() {
        std::filesystem::rename(path() + ".1", path() + ".2", ignored_);
        std::filesystem::rename(path(), path() + ".1", ignored_);
    }

    LogReader open(const LogQuery& query = {}) {
        auto reader = LogReader::open(path(), query);
        EXPECT_TRUE(reader) << message_of(reader);
        return std::move(*reader);
    }
    static std::string numbers(LogReader& reader, std::size_t at_once = 3) {
        std::string text;
        for (;;) {
            auto entries = reader.next(at_once);
            EXPECT_TRUE(entries) << message_of(entries);
            if (!entries || entries->empty()) return text;
            for (const LogEntry& each : *entries)
                text += cat(text.empty() ? "" : " ", trim(std::string_view(each.text).substr(5)));
        }
    }
    std::string read(const LogQuery& query = {}) {
        LogReader reader = open(query);
        std::string text = numbers(reader);
        EXPECT_TRUE(reader.is_finished() || query.follow);
        return text;
    }
    static bool is_readable(const LogReader& reader) {
        return *posix::wait_readable(reader.descriptor(), Deadline::after(0ms));
    }

    TemporaryDirectory directory_;
    std::error_code ignored_;
};

TEST_F(LogReaderTest, a_log_that_was_never_written_is_empty) {
    EXPECT_EQ(read(), "");
}

TEST_F(LogReaderTest, lines_come_in_their_order_over_all_files) {
    append(entries(1, 2));
    rotate();
    append(entries(3, 4));
    rotate();
    append(entries(5, 6));
    EXPECT_EQ(read(), "1 2 3 4 5 6");
}

TEST_F(LogReaderTest, an_entry_has_stream_time_and_attributes) {
    append(R"({"log":"a \u003c b\n","stream":"stderr","attrs":{"env":"x"},"time":"2025-05-30T12:07:14.5Z"})"
           "\n");
    LogReader reader = open();
    auto entries = reader.next(10);
    ASSERT_TRUE(entries && entries->size() == 1);
    EXPECT_EQ(entries->at(0).text, "a < b\n");
    EXPECT_EQ(entries->at(0).stream, LogEntry::Stream::standard_error);
    EXPECT_EQ(format_rfc3339(entries->at(0).time), "2025-05-30T12:07:14.5Z");
    EXPECT_EQ(entries->at(0).attributes.at(0).second, "x");
}

TEST_F(LogReaderTest, the_tail_reaches_into_older_files) {
    append(entries(1, 3));
    rotate();
    append(entries(4, 5));
    EXPECT_EQ(read({.tail = 0}), "");
    EXPECT_EQ(read({.tail = 1}), "5");
    EXPECT_EQ(read({.tail = 2}), "4 5");
    EXPECT_EQ(read({.tail = 3}), "3 4 5");
    EXPECT_EQ(read({.tail = 100}), "1 2 3 4 5");
}

TEST_F(LogReaderTest, the_tail_of_a_big_log_is_found_from_its_end) {
    append(entries(1, 5000));
    EXPECT_EQ(read({.tail = 2}), "4999 5000");
    LogReader reader = open({.tail = 3000});
    EXPECT_TRUE(numbers(reader).starts_with("2001 2002"));
}

TEST_F(LogReaderTest, since_and_until_cut_by_time) {
    append(entries(1, 6));
    EXPECT_EQ(read({.since = Time(1003s)}), "3 4 5 6");
    EXPECT_EQ(read({.until = Time(1002s)}), "1 2");
    EXPECT_EQ(read({.since = Time(1002s), .until = Time(1004s)}), "2 3 4");
}

TEST_F(LogReaderTest, streams_are_chosen) {
    append(entry(1) + entry(2, "stderr") + entry(3));
    EXPECT_EQ(read({.standard_error = false}), "1 3");
    EXPECT_EQ(read({.standard_output = false}), "2");
}

TEST_F(LogReaderTest, a_torn_last_line_is_not_told) {
    append(entries(1, 2) + R"({"log":"line 3\n","stream":"std)");
    EXPECT_EQ(read(), "1 2");
    EXPECT_EQ(read({.tail = 1}), "2");
}

TEST_F(LogReaderTest, what_follows_a_torn_line_is_not_lost) {
    append(entry(1) + R"({"log":"line 2\n","str)" + entries(3, 4));
    EXPECT_EQ(read(), "1 3 4");
}

TEST_F(LogReaderTest, rubbish_is_passed_over) {
    append(entry(1) + "no json\n\n{\"log\":5}\n" + std::string(3 << 20, 'x') + "\n" + entry(2));
    EXPECT_EQ(read(), "1 2");
}

TEST_F(LogReaderTest, a_follower_wakes_for_new_lines) {
    append(entry(1));
    LogReader reader = open({.follow = true});
    EXPECT_EQ(numbers(reader), "1");
    EXPECT_FALSE(is_readable(reader));
    append(entry(2));
    EXPECT_TRUE(is_readable(reader));
    EXPECT_EQ(numbers(reader), "2");
    EXPECT_FALSE(is_readable(reader));
    EXPECT_FALSE(reader.is_finished());
}

TEST_F(LogReaderTest, a_follower_may_come_before_the_log) {
    LogReader reader = open({.follow = true});
    EXPECT_EQ(numbers(reader), "");
    append(entry(1));
    EXPECT_TRUE(is_readable(reader));
    EXPECT_EQ(numbers(reader), "1");
}

TEST_F(LogReaderTest, a_follower_crosses_rotations_without_a_gap) {
    append(entries(1, 2));
    LogReader reader = open({.follow = true});
    EXPECT_EQ(numbers(reader), "1 2");
    append(entry(3));
    rotate();
    EXPECT_EQ(numbers(reader), "3") << "what was written before the rename comes first";
    append(entry(4));
    rotate();
    append(entry(5));
    EXPECT_TRUE(is_readable(reader));
    EXPECT_EQ(numbers(reader), "4 5");
    append(entry(6));
    EXPECT_EQ(numbers(reader), "6");
}

TEST_F(LogReaderTest, a_follower_that_slept_through_the_removal_of_its_file_goes_on_with_the_oldest) {
    append(entry(1));
    LogReader reader = open({.follow = true});
    EXPECT_EQ(numbers(reader), "1");
    for (int number = 2; number <= 5; ++number) {
        rotate();
        append(entry(number));
    }
    EXPECT_EQ(numbers(reader), "3 4 5");
}

TEST_F(LogReaderTest, a_log_of_one_file_that_is_cut_off_begins_anew) {
    append(entries(1, 5));
    LogReader reader = open({.follow = true});
    EXPECT_EQ(numbers(reader), "1 2 3 4 5");
    std::filesystem::resize_file(path(), 0);
    append(entry(6));
    EXPECT_EQ(numbers(reader), "6");
}

TEST_F(LogReaderTest, a_half_written_line_is_told_when_it_is_whole) {
    LogReader reader = open({.follow = true});
    const std::string line = entry(1);
    append(line.substr(0, 10));
    EXPECT_EQ(numbers(reader), "");
    append(line.substr(10));
    EXPECT_EQ(numbers(reader), "1");
}

TEST_F(LogReaderTest, a_follower_whose_container_ended_finishes_with_the_last_line) {
    append(entry(1));
    LogReader reader = open({.follow = true});
    append(entry(2));
    reader.stop_following();
    EXPECT_EQ(numbers(reader), "1 2");
    EXPECT_TRUE(reader.is_finished());
}

TEST_F(LogReaderTest, an_until_that_has_passed_ends_following) {
    append(entries(1, 2));
    LogReader reader = open({.until = Time(5000s), .follow = true});
    EXPECT_EQ(numbers(reader), "1 2");
    EXPECT_TRUE(reader.is_finished());
}

}  // namespace
}  // namespace tare::container
