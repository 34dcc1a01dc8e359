#include "engine/supervisor/restart_policy.h"

#include <gtest/gtest.h>

namespace tare::supervisor {
namespace {

using namespace std::chrono_literals;
using Kind = RestartPolicy::Kind;

TEST(RestartPolicy, every_name_of_docker_is_read) {
    EXPECT_EQ(parse_restart_policy("", 0)->kind, Kind::no);
    EXPECT_EQ(parse_restart_policy("no", 0)->kind, Kind::no);
    EXPECT_EQ(parse_restart_policy("always", 0)->kind, Kind::always);
    EXPECT_EQ(parse_restart_policy("unless-stopped", 0)->kind, Kind::unless_stopped);
    auto policy = parse_restart_policy("on-failure", 3);
    EXPECT_EQ(policy->kind, Kind::on_failure);
    EXPECT_EQ(policy->maximum_retries, 3);
}

TEST(RestartPolicy, what_makes_no_sense_is_refused) {
    for (auto [name, count] : {std::pair{"sometimes", 0}, {"always", 2}, {"no", 1}, {"on-failure", -1}}) {
        auto policy = parse_restart_policy(name, count);
        ASSERT_FALSE(policy.has_value()) << name << count;
        EXPECT_TRUE(policy.error().is(ErrorKind::invalid_argument));
    }
}

TEST(RestartPolicy, the_wait_doubles_from_a_tenth_of_a_second_to_a_minute) {
    Restarts restarts;
    const RestartPolicy always{.kind = Kind::always};
    std::vector<std::int64_t> waits;
    for (int i = 0; i < 13; ++i)
        waits.push_back(restarts.next(always, {.exit_code = 0})->count());
    EXPECT_EQ(waits, (std::vector<std::int64_t>{100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 51200,
                                                60000, 60000, 60000}));
    EXPECT_EQ(restarts.count(), 13);
}

TEST(RestartPolicy, a_run_of_ten_seconds_starts_the_waits_anew) {
    Restarts restarts;
    const RestartPolicy always{.kind = Kind::always};
    for (int i = 0; i < 5; ++i)
        restarts.next(always, {.ran_for = 9999ms});
    EXPECT_EQ(restarts.next(always, {.ran_for = 10s}), 100ms);
    EXPECT_EQ(restarts.next(always, {.ran_for = 1s}), 200ms);
}

TEST(RestartPolicy, on_failure_gives_up_after_its_count_and_on_success) {
    const RestartPolicy policy{.kind = Kind::on_failure, .maximum_retries = 2};
    Restarts restarts;
    EXPECT_TRUE(restarts.next(policy, {.exit_code = 1}));
    EXPECT_TRUE(restarts.next(policy, {.exit_code = 137}));
    EXPECT_FALSE(restarts.next(policy, {.exit_code = 1}));
    EXPECT_EQ(restarts.count(), 2);
    EXPECT_FALSE(Restarts().next(policy, {.exit_code = 0}));
}

TEST(RestartPolicy, a_stop_by_the_user_is_final_for_every_policy) {
    for (Kind kind : {Kind::no, Kind::always, Kind::unless_stopped, Kind::on_failure})
        EXPECT_FALSE(Restarts().next({.kind = kind}, {.exit_code = 137, .by_user = true}));
}

TEST(RestartPolicy, only_always_starts_a_stopped_container_with_the_daemon) {
    const Ending stopped{.exit_code = 0, .by_user = true};
    const Ending failed{.exit_code = 1};
    EXPECT_TRUE(starts_with_daemon({.kind = Kind::always}, stopped, 0));
    EXPECT_FALSE(starts_with_daemon({.kind = Kind::unless_stopped}, stopped, 0));
    EXPECT_TRUE(starts_with_daemon({.kind = Kind::unless_stopped}, failed, 0));
    EXPECT_FALSE(starts_with_daemon({.kind = Kind::no}, failed, 0));
    EXPECT_TRUE(starts_with_daemon({.kind = Kind::on_failure}, failed, 7));
    EXPECT_FALSE(starts_with_daemon({.kind = Kind::on_failure, .maximum_retries = 3}, failed, 3));
    EXPECT_FALSE(starts_with_daemon({.kind = Kind::on_failure}, {.exit_code = 0}, 0));
}

}  // namespace
}  // namespace tare::supervisor
