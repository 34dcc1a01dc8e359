#include "posix/systemd.h"

#include <cstdlib>

#include <gtest/gtest.h>

namespace tare::posix {
namespace {

TEST(Systemd, without_one_there_is_nobody_to_tell_and_nothing_to_take) {
    ::unsetenv("NOTIFY_SOCKET");
    ::unsetenv("LISTEN_FDS");
    EXPECT_TRUE(notify_service_manager("READY=1"));
    EXPECT_TRUE(take_activation_sockets().empty());
}

TEST(Systemd, sockets_meant_for_another_process_are_left_alone) {
    ::setenv("LISTEN_PID", "1", 1);
    ::setenv("LISTEN_FDS", "1", 1);
    EXPECT_TRUE(take_activation_sockets().empty());
    EXPECT_EQ(std::getenv("LISTEN_FDS"), nullptr);
}

TEST(Systemd, an_address_that_is_none_is_refused) {
    ::setenv("NOTIFY_SOCKET", "relative", 1);
    EXPECT_FALSE(notify_service_manager("READY=1"));
    ::unsetenv("NOTIFY_SOCKET");
}

}  // namespace
}  // namespace tare::posix
