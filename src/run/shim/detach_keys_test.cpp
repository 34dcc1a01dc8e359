#include "run/shim/detach_keys.h"

#include <gtest/gtest.h>

#include "run/shim/output.h"

namespace tare::shim {
namespace {

constexpr char kKeys[] = "\x10\x11";  // ctrl-p ctrl-q

TEST(DetachKeys, are_recognised_and_swallowed) {
    DetachKeys keys(kKeys);
    auto outcome = keys.feed("abc\x10\x11 rest");
    EXPECT_TRUE(outcome.has_detached);
    EXPECT_EQ(outcome.input, "abc");
}

TEST(DetachKeys, may_come_in_pieces) {
    DetachKeys keys(kKeys);
    auto first = keys.feed("a\x10");
    EXPECT_FALSE(first.has_detached);
    EXPECT_EQ(first.input, "a");
    EXPECT_TRUE(keys.feed("\x11").has_detached);
}

TEST(DetachKeys, that_are_not_completed_reach_the_process) {
    DetachKeys keys(kKeys);
    EXPECT_EQ(keys.feed("a\x10").input, "a");
    EXPECT_EQ(keys.feed("b").input,
              "\x10"
              "b");
}

TEST(DetachKeys, begin_anew_at_the_key_that_breaks_them) {
    DetachKeys keys(kKeys);
    auto outcome = keys.feed("\x10\x10\x11");
    EXPECT_TRUE(outcome.has_detached);
    EXPECT_EQ(outcome.input, "\x10");
}

TEST(DetachKeys, none_hold_nothing_back) {
    DetachKeys keys("");
    auto outcome = keys.feed("\x10\x11");
    EXPECT_FALSE(outcome.has_detached);
    EXPECT_EQ(outcome.input, "\x10\x11");
}

TEST(Stdcopy, a_header_names_stream_and_length) {
    auto header = stdcopy_header(Stream::error, 0x01020304);
    EXPECT_EQ(std::string_view(header.data(), header.size()),
              std::string_view("\x02\0\0\0\x01\x02\x03\x04", 8));
}

}  // namespace
}  // namespace tare::shim
