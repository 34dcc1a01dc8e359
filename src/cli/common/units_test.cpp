// Durations, sizes and times.

#include <cstdlib>
#include <ctime>

#include <gtest/gtest.h>

#include "cli/common/duration.h"
#include "cli/common/size.h"
#include "cli/common/timestamp.h"

namespace tare::cli {
namespace {

using namespace std::chrono_literals;

TEST(Duration, go_syntax_is_read) {
    EXPECT_EQ(parse_duration("1h2m3s").value(), 3723s);
    EXPECT_EQ(parse_duration("1.5h").value(), 90min);
    EXPECT_EQ(parse_duration("300ms").value(), 300ms);
    EXPECT_EQ(parse_duration("-5s").value(), -5s);
    EXPECT_EQ(parse_duration("0").value(), 0s);
    EXPECT_EQ(parse_duration("10us").value(), 10us);
}

TEST(Duration, mistakes_read_as_in_go) {
    EXPECT_EQ(parse_duration("5").error().message(), "time: missing unit in duration \"5\"");
    EXPECT_EQ(parse_duration("x").error().message(), "time: invalid duration \"x\"");
    EXPECT_EQ(parse_duration("5y").error().message(), "time: unknown unit \"y\" in duration \"5y\"");
    EXPECT_FALSE(parse_duration("").has_value());
    EXPECT_FALSE(parse_duration("9999999999h").has_value());
}

TEST(Duration, go_spelling_is_written) {
    EXPECT_EQ(format_duration(0s), "0s");
    EXPECT_EQ(format_duration(1500ms), "1.5s");
    EXPECT_EQ(format_duration(90min), "1h30m0s");
    EXPECT_EQ(format_duration(30s), "30s");
    EXPECT_EQ(format_duration(1500us), "1.5ms");
    EXPECT_EQ(format_duration(-2min), "-2m0s");
}

TEST(Duration, people_read_it_rounded) {
    EXPECT_EQ(human_duration(400ms), "Less than a second");
    EXPECT_EQ(human_duration(1s), "1 second");
    EXPECT_EQ(human_duration(59s), "59 seconds");
    EXPECT_EQ(human_duration(60s), "About a minute");
    EXPECT_EQ(human_duration(3min), "3 minutes");
    EXPECT_EQ(human_duration(60min), "About an hour");
    EXPECT_EQ(human_duration(90min), "2 hours");
    EXPECT_EQ(human_duration(47h), "47 hours");
    EXPECT_EQ(human_duration(49h), "2 days");
    EXPECT_EQ(human_duration(24h * 13), "13 days");
    EXPECT_EQ(human_duration(24h * 15), "2 weeks");
    EXPECT_EQ(human_duration(24h * 70), "2 months");
    EXPECT_EQ(human_duration(24h * 365 * 3), "3 years");
}

TEST(Size, units_are_powers_of_1024_in_every_spelling) {
    EXPECT_EQ(parse_size("10").value(), 10);
    EXPECT_EQ(parse_size("1k").value(), 1024);
    EXPECT_EQ(parse_size("1KB").value(), 1024);
    EXPECT_EQ(parse_size("1.5GiB").value(), 1610612736);
    EXPECT_EQ(parse_size("64 m").value(), 67108864);
    EXPECT_EQ(parse_size("7b").value(), 7);
}

TEST(Size, mistakes_read_as_in_docker) {
    EXPECT_EQ(parse_size("x").error().message(), "invalid size: 'x'");
    EXPECT_EQ(parse_size("").error().message(), "invalid size: ''");
    EXPECT_EQ(parse_size("1q").error().message(), "invalid suffix: 'q'");
    EXPECT_FALSE(parse_size("-1m").has_value());
    EXPECT_FALSE(parse_size("99999999999999999999").has_value());
}

TEST(Size, printed_with_as_many_digits_as_asked) {
    EXPECT_EQ(format_size(0, 3), "0B");
    EXPECT_EQ(format_size(1984000, 3), "1.98MB");
    EXPECT_EQ(format_size(1984321), "1.984MB");
    EXPECT_EQ(format_size(999, 3), "999B");
    EXPECT_EQ(format_size_binary(1536), "1.5KiB");
    EXPECT_EQ(format_size_binary(25199951872.0), "23.47GiB");
}

class TimestampIn : public testing::Test {
  protected:
    static void zone(const char* name) {
        ::setenv("TZ", name, 1);
        ::tzset();
    }
    void TearDown() override { zone("UTC"); }
};

TEST_F(TimestampIn, rfc3339_is_read_with_fraction_and_offset) {
    EXPECT_EQ(parse_rfc3339("2025-05-30T12:07:14Z")->seconds, 1748606834);
    auto time = parse_rfc3339("2025-05-30T14:07:14.123456789+02:00");
    ASSERT_TRUE(time.has_value());
    EXPECT_EQ(time->seconds, 1748606834);
    EXPECT_EQ(time->nanoseconds, 123456789);
    EXPECT_FALSE(parse_rfc3339("2025-13-30T12:07:14Z").has_value());
    EXPECT_FALSE(parse_rfc3339("2025-05-30T12:07:14").has_value());
    EXPECT_LT(parse_rfc3339("0001-01-01T00:00:00Z")->seconds, 0);
}

TEST_F(TimestampIn, local_forms) {
    zone("UTC");
    EXPECT_EQ(format_local({1748606834, 0}), "2025-05-30 12:07:14 +0000 UTC");
    EXPECT_EQ(format_rfc3339({1748606834, 0}), "2025-05-30T12:07:14Z");
    EXPECT_EQ(format_rfc3339_nano({1748606834, 5}), "2025-05-30T12:07:14.000000005Z");
    EXPECT_EQ(format_ansi({1748606834, 0}), "Fri May 30 12:07:14 2025");
    zone("CET-1CEST,M3.5.0,M10.5.0/3");
    EXPECT_EQ(format_local({1748606834, 0}), "2025-05-30 14:07:14 +0200 CEST");
    EXPECT_EQ(format_rfc3339({1748606834, 0}), "2025-05-30T14:07:14+02:00");
}

TEST_F(TimestampIn, since_takes_durations_dates_and_unix_times) {
    zone("UTC");
    Timestamp reference{1748606834, 500'000'000};
    EXPECT_EQ(parse_since("10s", reference).value(), "1748606824.500000000");
    EXPECT_EQ(parse_since("600ms", reference).value(), "1748606833.900000000");
    EXPECT_EQ(parse_since("2025-05-30T12:07:14Z", reference).value(), "1748606834.000000000");
    EXPECT_EQ(parse_since("2025-05-30T12:07", reference).value(), "1748606820.000000000");
    EXPECT_EQ(parse_since("2025-05-30", reference).value(), "1748563200.000000000");
    EXPECT_EQ(parse_since("1748606834.25", reference).value(), "1748606834.25");
    EXPECT_FALSE(parse_since("yesterday", reference).has_value());
}

TEST_F(TimestampIn, ago) {
    EXPECT_EQ(time_ago({1000, 0}, {1000 + 7200, 0}), "2 hours ago");
    EXPECT_EQ(time_ago({1005, 0}, {1000, 0}), "Less than a second ago");
}

}  // namespace
}  // namespace tare::cli
