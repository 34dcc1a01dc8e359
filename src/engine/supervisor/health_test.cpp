#include "engine/supervisor/health.h"

#include <gtest/gtest.h>

namespace tare::supervisor {
namespace {

using namespace std::chrono_literals;
using Words = std::vector<std::string>;

const Time kStart = Time() + 1000h;

ProbeResult probe(int exit_code, std::chrono::seconds after) {
    return {
        .started_at = kStart + after, .ended_at = kStart + after + 1s, .exit_code = exit_code, .output = "o"};
}

TEST(Health, a_success_makes_healthy_at_once) {
    Health health({.retries = 3}, kStart);
    EXPECT_EQ(health.status(), HealthStatus::starting);
    EXPECT_TRUE(health.take(probe(0, 30s)));
    EXPECT_EQ(health.status(), HealthStatus::healthy);
    EXPECT_FALSE(health.take(probe(0, 60s)));
}

TEST(Health, only_failures_in_a_row_make_unhealthy) {
    Health health({.retries = 3}, kStart);
    health.take(probe(1, 1s));
    health.take(probe(1, 2s));
    EXPECT_TRUE(health.take(probe(0, 3s)));
    health.take(probe(1, 4s));
    health.take(probe(2, 5s));
    EXPECT_EQ(health.status(), HealthStatus::healthy);
    EXPECT_TRUE(health.take(probe(-1, 6s)));
    EXPECT_EQ(health.status(), HealthStatus::unhealthy);
    EXPECT_EQ(health.failing_streak(), 3);
    EXPECT_TRUE(health.take(probe(0, 7s)));
    EXPECT_EQ(health.failing_streak(), 0);
}

TEST(Health, failures_within_the_start_period_do_not_count) {
    Health health({.start_period = 10s, .retries = 1}, kStart);
    health.take(probe(1, 9s));
    EXPECT_EQ(health.status(), HealthStatus::starting);
    EXPECT_EQ(health.failing_streak(), 0);
    EXPECT_TRUE(health.take(probe(1, 10s)));
    EXPECT_EQ(health.status(), HealthStatus::unhealthy);
}

TEST(Health, a_success_ends_the_start_period) {
    Health health({.start_period = 10s, .retries = 1}, kStart);
    health.take(probe(0, 2s));
    EXPECT_TRUE(health.take(probe(1, 4s)));
    EXPECT_EQ(health.status(), HealthStatus::unhealthy);
}

TEST(Health, the_start_interval_holds_while_starting_within_the_start_period) {
    Health health({.interval = 30s, .start_period = 10s, .start_interval = 2s}, kStart);
    EXPECT_EQ(health.wait(kStart + 9s), 2s);
    EXPECT_EQ(health.wait(kStart + 10s), 30s);
    health.take(probe(0, 3s));
    EXPECT_EQ(health.wait(kStart + 4s), 30s);
}

TEST(Health, the_log_keeps_five_probes_and_four_kilobytes_of_each) {
    Health health({}, kStart);
    for (int i = 0; i < 8; ++i) {
        ProbeResult result = probe(0, std::chrono::seconds(i));
        result.output = std::string(5000, 'x');
        health.take(result);
    }
    ASSERT_EQ(health.log().size(), 5u);
    EXPECT_EQ(health.log().front().started_at, kStart + 3s);
    EXPECT_EQ(health.log().front().output.size(), 4096u);
}

TEST(Health, a_probe_is_read_from_dockers_test) {
    EXPECT_EQ(*probe_command({"CMD", "a", "b"}, {}), (Words{"a", "b"}));
    EXPECT_EQ(*probe_command({"CMD-SHELL", "a b"}, {}), (Words{"/bin/sh", "-c", "a b"}));
    EXPECT_EQ(*probe_command({"CMD-SHELL", "a"}, {"/bin/bash", "-ec"}), (Words{"/bin/bash", "-ec", "a"}));
    EXPECT_TRUE(probe_command({"NONE"}, {})->empty());
    EXPECT_TRUE(probe_command({}, {})->empty());
    EXPECT_FALSE(probe_command({"EXEC", "a"}, {}).has_value());
    EXPECT_FALSE(probe_command({"CMD"}, {}).has_value());
}

}  // namespace
}  // namespace tare::supervisor
