#include "engine/supervisor/schedule.h"

#include <atomic>
#include <future>

#include <gtest/gtest.h>

namespace tare::supervisor {
namespace {

using namespace std::chrono_literals;

TEST(Schedule, work_is_done_when_it_is_due_and_not_before) {
    Schedule schedule(2);
    std::promise<Schedule::Clock::time_point> done;
    const auto begin = Schedule::Clock::now();
    schedule.run_after(50ms, [&] { done.set_value(Schedule::Clock::now()); });
    EXPECT_GE(done.get_future().get() - begin, 50ms);
}

TEST(Schedule, a_shorter_timer_overtakes_a_longer_one) {
    Schedule schedule(1);
    std::promise<void> done;
    std::string order;
    schedule.run_after(60ms, [&] {
        order += 'b';
        done.set_value();
    });
    schedule.run_after(10ms, [&] { order += 'a'; });
    done.get_future().wait();
    EXPECT_EQ(order, "ab");
}

TEST(Schedule, a_cancelled_timer_never_fires) {
    Schedule schedule(1);
    std::atomic<bool> fired = false;
    auto timer = schedule.run_after(30ms, [&] { fired = true; });
    EXPECT_TRUE(schedule.cancel(timer));
    EXPECT_FALSE(schedule.cancel(timer));
    std::promise<void> later;
    schedule.run_after(60ms, [&] { later.set_value(); });
    later.get_future().wait();
    EXPECT_FALSE(fired);
}

TEST(Schedule, slow_work_does_not_keep_other_threads_from_theirs) {
    Schedule schedule(2);
    std::promise<void> release;
    auto gate = release.get_future().share();
    schedule.run([gate] { gate.wait(); });
    std::promise<void> done;
    schedule.run([&] { done.set_value(); });
    EXPECT_EQ(done.get_future().wait_for(5s), std::future_status::ready);
    release.set_value();
}

TEST(Schedule, stopping_drops_what_waits_and_waits_for_what_has_begun) {
    Schedule schedule(1);
    std::promise<void> begun;
    std::atomic<bool> finished = false;
    std::atomic<bool> dropped = true;
    schedule.run([&] {
        begun.set_value();
        std::this_thread::sleep_for(30ms);
        finished = true;
    });
    schedule.run_after(1h, [&] { dropped = false; });
    begun.get_future().wait();
    schedule.stop();
    EXPECT_TRUE(finished);
    EXPECT_TRUE(dropped);
    EXPECT_EQ(schedule.run_after(1ms, [] {}), 0u);
}

}  // namespace
}  // namespace tare::supervisor
