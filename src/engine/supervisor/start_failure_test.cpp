#include "engine/supervisor/start_failure.h"

#include <gtest/gtest.h>

namespace tare::supervisor {
namespace {

int code_of(const std::string& text) {
    return explain_start_failure(Error(ErrorKind::unknown, text)).exit_code;
}

TEST(StartFailure, a_missing_command_is_127_and_the_clients_own_mistake) {
    auto failure = explain_start_failure(
        Error(ErrorKind::not_found, "exec: \"nosuch\": executable file not found in $PATH"));
    EXPECT_EQ(failure.exit_code, 127);
    EXPECT_TRUE(failure.error.is(ErrorKind::invalid_argument));
    EXPECT_NE(failure.error.message().find("OCI runtime create failed: exec: \"nosuch\": executable file not "
                                           "found in $PATH"),
              std::string::npos);
    EXPECT_EQ(code_of("exec: \"/x\": stat /x: no such file or directory"), 127);
}

TEST(StartFailure, a_command_that_cannot_be_executed_is_126) {
    EXPECT_EQ(code_of("exec: \"/etc/passwd\": permission denied"), 126);
    EXPECT_EQ(code_of("exec: \"/etc\": is a directory"), 126);
}

TEST(StartFailure, anything_else_is_128_and_keeps_its_kind) {
    auto failure = explain_start_failure(Error(ErrorKind::resource_exhausted, "disk full"));
    EXPECT_EQ(failure.exit_code, 128);
    EXPECT_TRUE(failure.error.is(ErrorKind::resource_exhausted));
}

TEST(StartFailure, what_failed_before_the_runtime_was_asked_keeps_its_words) {
    auto failure = explain_start_failure(
        Error(ErrorKind::failed_precondition, "Bind for 0.0.0.0:80 failed: port is already allocated"),
        FailedBy::engine);
    EXPECT_EQ(failure.exit_code, 128);
    EXPECT_EQ(failure.error.message(), "Bind for 0.0.0.0:80 failed: port is already allocated");
}

TEST(StartFailure, an_exec_says_that_it_was_one) {
    auto failure =
        explain_exec_failure(Error(ErrorKind::not_found, "exec: \"x\": executable file not found in $PATH"));
    EXPECT_EQ(failure.exit_code, 127);
    EXPECT_TRUE(failure.error.message().starts_with("OCI runtime exec failed: "));
    failure =
        explain_exec_failure(Error(ErrorKind::invalid_argument, "unable to find user x"), FailedBy::engine);
    EXPECT_EQ(failure.exit_code, 126);
    EXPECT_EQ(failure.error.message(), "unable to find user x");
}

TEST(StartFailure, a_working_directory_that_is_missing_is_no_missing_command) {
    Error missing(ErrorKind::not_found,
                  "working directory: open \"/nonexistent\": no such file or directory");
    auto failure = explain_exec_failure(missing);
    EXPECT_EQ(failure.exit_code, 126);
    EXPECT_TRUE(failure.error.is(ErrorKind::unknown));
    EXPECT_EQ(explain_start_failure(missing).exit_code, 128);
}

}  // namespace
}  // namespace tare::supervisor
