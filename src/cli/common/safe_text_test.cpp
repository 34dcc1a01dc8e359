#include "cli/common/safe_text.h"

#include <gtest/gtest.h>

namespace tare::cli {
namespace {

TEST(SafeText, ordinary_text_passes) {
    EXPECT_EQ(escape_for_terminal("plain\ttext\nünïcödé 漢字 …"), "plain\ttext\nünïcödé 漢字 …");
}

TEST(Security, cl1_escapes_from_outside_do_not_reach_the_terminal) {
    EXPECT_EQ(escape_for_terminal("\x1b]0;evil\x07"), "\\x1b]0;evil\\x07");
    EXPECT_EQ(escape_for_terminal("a\rb"), "a\\x0db");
    EXPECT_EQ(escape_for_terminal("\xE2\x80\xAE"), "\\u202e");
    EXPECT_EQ(escape_for_terminal("\xC2\x9B"), "\\x9b");
    EXPECT_EQ(escape_for_terminal("\x9B"), "\\x9b");
    EXPECT_EQ(escape_for_terminal("\x7F"), "\\x7f");
    EXPECT_EQ(escape_for_terminal("\xE2\x81\xA6"), "\\u2066");
    EXPECT_EQ(escape_for_terminal("\xC3"), "\\xc3");
}

}  // namespace
}  // namespace tare::cli
