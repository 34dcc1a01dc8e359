// The parts of a session that need no terminal: detaching, framing, streams of documents.

#include <gtest/gtest.h>

#include "cli/docker/detach_keys.h"
#include "cli/docker/json_lines.h"
#include "cli/docker/stream_copy.h"

namespace tare::cli::docker {
namespace {

TEST(DetachKeys, names_become_the_bytes_a_terminal_sends) {
    EXPECT_EQ(parse_detach_keys("ctrl-p,ctrl-q").value(), "\x10\x11");
    EXPECT_EQ(parse_detach_keys("a,ctrl-@,Ctrl-[,ctrl-_").value(), std::string("a\0\x1b\x1f", 4));
    EXPECT_EQ(parse_detach_keys("ctrl-1").error().message(), "Unknown character: 'ctrl-1'");
    EXPECT_FALSE(parse_detach_keys("").has_value());
}

TEST(DetachKeys, the_sequence_detaches_also_in_two_pieces) {
    DetachFilter filter("\x10\x11");
    auto first = filter.feed("abc\x10");
    EXPECT_EQ(first.bytes, "abc");
    EXPECT_FALSE(first.detached);
    auto second = filter.feed("\x11zzz");
    EXPECT_TRUE(second.detached);
    EXPECT_EQ(second.bytes, "");
}

TEST(DetachKeys, what_only_looked_like_it_is_passed_on) {
    DetachFilter filter("\x10\x11");
    EXPECT_EQ(filter.feed("\x10x").bytes, "\x10x");
    EXPECT_EQ(filter.feed("\x10").bytes, "");
    EXPECT_EQ(filter.feed("\x10").bytes, "\x10");
    EXPECT_TRUE(filter.feed("\x11").detached);
}

TEST(DetachKeys, without_keys_nothing_detaches) {
    DetachFilter filter("");
    EXPECT_EQ(filter.feed("\x10\x11").bytes, "\x10\x11");
}

struct Collected {
    std::string output;
    std::string error;
    StreamSplitter splitter{[this](StreamSplitter::Stream stream, std::string_view bytes) -> Result<> {
        (stream == StreamSplitter::Stream::error ? error : output) += bytes;
        return {};
    }};
};

std::string frame(char stream, std::string_view bytes) {
    return cat(std::string{stream, 0, 0, 0, 0, 0, static_cast<char>(bytes.size() >> 8),
                           static_cast<char>(bytes.size())},
               bytes);
}

TEST(StreamSplitter, frames_may_be_cut_anywhere) {
    std::string stream =
        cat(frame(1, "hello"), frame(2, "oops"), frame(1, ""), frame(1, std::string(300, 'x')));
    for (std::size_t step : {1u, 3u, 7u, 1000u}) {
        Collected collected;
        for (std::size_t at = 0; at < stream.size(); at += step)
            ASSERT_TRUE(collected.splitter.feed(std::string_view(stream).substr(at, step)).has_value());
        EXPECT_EQ(collected.output, cat("hello", std::string(300, 'x')));
        EXPECT_EQ(collected.error, "oops");
    }
}

TEST(StreamSplitter, an_unknown_stream_and_an_error_of_the_daemon_end_it) {
    Collected collected;
    EXPECT_EQ(collected.splitter.feed(frame(9, "x")).error().message(), "Unrecognized input header: 9");
    Collected other;
    EXPECT_EQ(other.splitter.feed(frame(3, "broken")).error().message(),
              "error from daemon in stream: broken");
}

TEST(JsonLines, documents_come_as_soon_as_they_are_whole) {
    std::vector<std::string> documents;
    JsonLines lines([&](const Json& document) -> Result<> {
        documents.push_back(dump(document));
        return {};
    });
    ASSERT_TRUE(lines.feed("{\"a\":\"}\\\"{\"}\r\n{\"b\"").has_value());
    EXPECT_EQ(documents, std::vector<std::string>{"{\"a\":\"}\\\"{\"}"});
    ASSERT_TRUE(lines.feed(":[1,{}]}{\"c\":1}\n").has_value());
    EXPECT_EQ(documents.size(), 3u);
    EXPECT_EQ(documents[1], "{\"b\":[1,{}]}");
    EXPECT_FALSE(lines.feed("{broken}").has_value());
}

}  // namespace
}  // namespace tare::cli::docker
