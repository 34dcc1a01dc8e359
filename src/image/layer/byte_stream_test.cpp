#include "image/layer/byte_stream.h"

#include <thread>

#include <gtest/gtest.h>

namespace tare::layer {
namespace {

std::string pattern(std::size_t size) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i)
        text[i] = static_cast<char>(i * 7 + i / 251);
    return text;
}

TEST(BoundedPipe, carries_more_than_it_holds_in_order) {
    BoundedPipe pipe(1000);
    std::string sent = pattern(100'000);
    std::jthread producer([&] {
        for (std::size_t at = 0; at < sent.size(); at += 777)
            ASSERT_TRUE(pipe.write(std::string_view(sent).substr(at, 777)));
        pipe.finish();
    });
    StringSink got;
    auto count = copy(pipe.source(), got);
    ASSERT_TRUE(count);
    EXPECT_EQ(*count, sent.size());
    EXPECT_EQ(got.text(), sent);
}

TEST(BoundedPipe, waits_while_it_is_full) {
    BoundedPipe pipe(10);
    std::atomic<bool> done = false;
    std::jthread producer([&] {
        EXPECT_TRUE(pipe.write("0123456789abc"));
        done = true;
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_FALSE(done);
    char buffer[8];
    ASSERT_EQ(*pipe.source().read(buffer), 8U);
    producer.join();
    EXPECT_TRUE(done);
}

TEST(BoundedPipe, a_broken_producer_is_the_readers_error) {
    BoundedPipe pipe(10);
    ASSERT_TRUE(pipe.write("abc"));
    pipe.fail(Error(ErrorKind::unavailable, "connection lost"));
    char buffer[8];
    auto read = pipe.source().read(buffer);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().message(), "connection lost");
}

TEST(BoundedPipe, a_cancel_wakes_the_waiting_producer) {
    BoundedPipe pipe(4);
    std::jthread consumer([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
        pipe.cancel(Error(ErrorKind::cancelled, "enough"));
    });
    auto written = pipe.write("more than four");
    ASSERT_FALSE(written);
    EXPECT_TRUE(written.error().is(ErrorKind::cancelled));
}

TEST(LimitedSource, an_early_end_is_data_loss) {
    StringSource source("abc");
    LimitedSource limited(source, 5);
    StringSink sink;
    auto copied = copy(limited, sink);
    ASSERT_FALSE(copied);
    EXPECT_TRUE(copied.error().is(ErrorKind::data_loss));
}

TEST(StringSink, refuses_more_than_its_limit) {
    StringSink sink(4);
    EXPECT_TRUE(sink.write("abcd"));
    EXPECT_FALSE(sink.write("e"));
}

}  // namespace
}  // namespace tare::layer
