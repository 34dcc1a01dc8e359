#include "engine/supervisor/process_table.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace tare::supervisor {
namespace {

TEST(ProcessTable, the_default_is_read_from_proc) {
    auto table = process_table({::getpid()}, "");
    ASSERT_TRUE(table);
    EXPECT_EQ(table->titles.back(), "CMD");
    ASSERT_EQ(table->processes.size(), 1u);
    EXPECT_EQ(table->processes[0][1], std::to_string(::getpid()));
    EXPECT_NE(table->processes[0].back().find("test"), std::string::npos);
}

TEST(ProcessTable, a_process_that_is_gone_has_no_line) {
    auto table = process_table({0x3fffff}, "-ef");
    ASSERT_TRUE(table);
    EXPECT_TRUE(table->processes.empty());
}

TEST(ProcessTable, of_ps_only_the_containers_lines_are_kept) {
    auto table = parse_ps("USER PID COMMAND\nroot 1 init\nroot 20 sh -c a b\n", {20});
    ASSERT_TRUE(table);
    ASSERT_EQ(table->processes.size(), 1u);
    EXPECT_EQ(table->processes[0], (std::vector<std::string>{"root", "20", "sh -c a b"}));
}

TEST(ProcessTable, without_a_pid_column_lines_cannot_be_told_apart) {
    auto table = parse_ps("USER COMMAND\nroot init\n", {1});
    ASSERT_FALSE(table);
    EXPECT_TRUE(table.error().is(ErrorKind::invalid_argument));
}

}  // namespace
}  // namespace tare::supervisor
