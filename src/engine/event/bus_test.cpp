#include "engine/event/bus.h"

#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "posix/socket.h"

namespace tare::event {
namespace {

Event start_of(const std::string& actor) {
    return {.name_space = "default", .type = "container", .action = "start", .actor = actor};
}

bool is_readable(const Subscription& subscription) {
    return *posix::wait_readable(subscription.descriptor(), Deadline::after(std::chrono::milliseconds(0)));
}

std::vector<std::string> actors(Subscription& subscription) {
    std::vector<std::string> seen;
    while (true) {
        auto event = subscription.next();
        EXPECT_TRUE(event) << event.error().message();
        if (!event || !*event) return seen;
        seen.push_back((*event)->actor);
    }
}

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Bus, a_subscriber_gets_what_comes_after_in_order) {
    Bus bus;
    bus.publish(start_of("before"));
    auto subscription = bus.subscribe();
    EXPECT_FALSE(is_readable(*subscription));
    bus.publish(start_of("a"));
    bus.publish(start_of("b"));
    EXPECT_TRUE(is_readable(*subscription));
    EXPECT_THAT(actors(*subscription), ElementsAre("a", "b"));
    EXPECT_FALSE(is_readable(*subscription));
}

TEST(Bus, the_filter_decides) {
    Bus bus;
    auto subscription = bus.subscribe([](const Event& event) { return event.actor == "b"; });
    for (const char* actor : {"a", "b", "c"})
        bus.publish(start_of(actor));
    EXPECT_THAT(actors(*subscription), ElementsAre("b"));
}

TEST(Bus, since_gives_what_is_kept_of_that_time_once) {
    Bus bus;
    Time then = now();
    for (int n = 0; n < 3; ++n) {
        auto event = start_of(cat(n));
        event.time = then + std::chrono::seconds(n);
        bus.publish(event);
    }
    auto subscription = bus.subscribe({}, then + std::chrono::seconds(1));
    bus.publish(start_of("3"));
    EXPECT_THAT(actors(*subscription), ElementsAre("1", "2", "3"));
}

TEST(Bus, keeps_a_bounded_past) {
    Bus bus;
    for (std::size_t n = 0; n < kKeptEvents + 10; ++n)
        bus.publish(start_of(cat(n)));
    auto subscription = bus.subscribe({}, Time());
    auto seen = actors(*subscription);
    EXPECT_EQ(seen.size(), kKeptEvents);
    EXPECT_EQ(seen.front(), "10");
}

TEST(Bus, time_does_not_go_back) {
    Bus bus;
    auto subscription = bus.subscribe();
    bus.publish(start_of("a"));
    auto late = start_of("b");
    late.time = Time(std::chrono::seconds(1));
    bus.publish(late);
    auto first = *subscription->next();
    auto second = *subscription->next();
    EXPECT_NE(first->time, Time());
    EXPECT_GE(second->time, first->time);
}

TEST(Bus, a_reader_that_is_too_slow_is_cut_off_and_told_so) {
    Bus bus;
    auto subscription = bus.subscribe();
    auto quick = bus.subscribe();
    auto event = start_of("a");
    event.attributes["text"] = std::string(1 << 20, 'x');
    for (int n = 0; n < 10; ++n) {
        bus.publish(event);
        EXPECT_THAT(actors(*quick), ElementsAre("a"));
    }
    int received = 0;
    auto next = subscription->next();
    for (; next && *next; next = subscription->next())
        ++received;
    EXPECT_EQ(received, 3);
    ASSERT_FALSE(next);
    EXPECT_TRUE(next.error().is(ErrorKind::resource_exhausted));
    EXPECT_TRUE(is_readable(*subscription));
    EXPECT_FALSE(subscription->next());
}

TEST(Bus, subscribers_are_bounded_and_leave_when_destroyed) {
    Bus bus;
    {
        std::vector<Subscription> many;
        for (std::size_t n = 0; n < kSubscriberLimit; ++n) {
            auto subscription = bus.subscribe();
            if (!subscription) GTEST_SKIP() << "not enough descriptors: " << subscription.error().message();
            many.push_back(std::move(*subscription));
        }
        EXPECT_TRUE(bus.subscribe().error().is(ErrorKind::resource_exhausted));
    }
    EXPECT_TRUE(bus.subscribe());
}

TEST(Bus, closing_ends_its_subscriptions_after_what_was_queued) {
    std::optional<Subscription> subscription;
    {
        Bus bus;
        subscription = std::move(*bus.subscribe());
        bus.publish(start_of("a"));
    }
    EXPECT_TRUE(is_readable(*subscription));
    EXPECT_EQ((*subscription->next())->actor, "a");
    EXPECT_TRUE(subscription->next().error().is(ErrorKind::unavailable));
    EXPECT_TRUE(is_readable(*subscription));
}

TEST(Bus, many_threads_publish_and_subscribe_at_once) {
    Bus bus;
    auto all = bus.subscribe();
    std::vector<std::thread> threads;
    for (int n = 0; n < 4; ++n) {
        threads.emplace_back([&] {
            for (int i = 0; i < 200; ++i) {
                auto subscription = bus.subscribe();
                bus.publish(start_of("x"));
                auto next = subscription->next();
                EXPECT_TRUE(next && *next);
            }
        });
    }
    for (auto& thread : threads)
        thread.join();
    EXPECT_EQ(actors(*all).size(), 800U);
}

}  // namespace
}  // namespace tare::event
