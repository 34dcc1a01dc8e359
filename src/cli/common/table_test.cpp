#include "cli/common/table.h"

#include <gtest/gtest.h>

namespace tare::cli {
namespace {

TEST(Table, columns_are_as_wide_as_their_widest_cell_plus_padding) {
    EXPECT_EQ(align_columns("CONTAINER ID\tIMAGE\tNAMES\nabc\tbusybox:latest-and-long\tx\n"),
              "CONTAINER ID   IMAGE                     NAMES\n"
              "abc            busybox:latest-and-long   x\n");
}

TEST(Table, a_column_is_at_least_ten_wide) {
    EXPECT_EQ(align_columns("A\tB\n1\t2\n"), "A         B\n1         2\n");
    EXPECT_EQ(align_columns("A\tB\n", {20, 3}), "A                   B\n");
}

TEST(Table, an_empty_cell_keeps_its_place) {
    EXPECT_EQ(align_columns("A\t\tC\n"), "A                   C\n");
}

TEST(Table, a_line_without_the_column_ends_it) {
    EXPECT_EQ(align_columns("aaaaaaaaaaaa\tb\nplain\nx\ty\n"), "aaaaaaaaaaaa   b\nplain\nx         y\n");
}

TEST(Table, width_counts_code_points) {
    EXPECT_EQ(align_columns("é\tx\n"), "é         x\n");
}

TEST(Table, a_trailing_tab_pads_the_last_column) {
    EXPECT_EQ(align_columns("A\tB\t\n"), "A         B         \n");
}

TEST(Table, text_without_tabs_is_unchanged) {
    EXPECT_EQ(align_columns("one\ntwo"), "one\ntwo");
    EXPECT_EQ(align_columns(""), "");
}

}  // namespace
}  // namespace tare::cli
