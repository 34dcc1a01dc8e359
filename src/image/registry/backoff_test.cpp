#include "image/registry/backoff.h"

#include <thread>

#include <gtest/gtest.h>

namespace tare::registry {
namespace {

using namespace std::chrono_literals;

TEST(Backoff, waits_double_with_jitter_up_to_a_limit) {
    Backoff backoff({.attempts = 100, .first_backoff = 100ms, .longest_wait = 1000ms});
    for (auto full : {100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms}) {
        auto wait = backoff.next();
        EXPECT_LE(wait, full);
        EXPECT_GE(wait, full / 2);
    }
}

TEST(Backoff, the_server_s_word_counts_up_to_a_limit) {
    Backoff backoff({.longest_wait = 5000ms});
    EXPECT_EQ(backoff.next("2"), 2s);
    EXPECT_EQ(backoff.next("86400"), 5s);
    EXPECT_LE(backoff.next("soon"), 5s);
}

TEST(Backoff, tries_end_and_begin_anew_after_progress) {
    Backoff backoff({.attempts = 2});
    EXPECT_TRUE(backoff.may_retry());
    (void)backoff.next();
    EXPECT_FALSE(backoff.may_retry());
    backoff.reset();
    EXPECT_TRUE(backoff.may_retry());
}

TEST(Backoff, retry_after_is_seconds_or_a_date) {
    std::chrono::sys_seconds now = std::chrono::sys_days(std::chrono::year(1994) / 11 / 6) + 8h + 49min;
    EXPECT_EQ(parse_retry_after("120", now), 120s);
    EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), 37s);
    EXPECT_EQ(parse_retry_after("Sat, 05 Nov 1994 08:49:37 GMT", now), 0s);
    for (auto bad : {"", "-1", "1.5", "Sun, 31 Feb 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT"})
        EXPECT_FALSE(parse_retry_after(bad, now).has_value()) << bad;
}

TEST(Backoff, a_cancel_ends_the_wait) {
    std::stop_source stop;
    std::jthread canceller([&] {
        std::this_thread::sleep_for(30ms);
        stop.request_stop();
    });
    auto started = std::chrono::steady_clock::now();
    auto waited = wait_for(10s, stop.get_token());
    ASSERT_FALSE(waited.has_value());
    EXPECT_TRUE(waited.error().is(ErrorKind::cancelled));
    EXPECT_LT(std::chrono::steady_clock::now() - started, 5s);
}

}  // namespace
}  // namespace tare::registry
