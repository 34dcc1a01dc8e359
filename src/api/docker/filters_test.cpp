#include "api/docker/filters.h"

#include <chrono>
#include <map>

#include <gtest/gtest.h>

#include "api/docker/time_text.h"

namespace tare::docker {
namespace {

using namespace std::chrono_literals;

Filters filters(std::string_view text) {
    auto parsed = Filters::parse(text);
    EXPECT_TRUE(parsed.has_value()) << text;
    return parsed ? *parsed : Filters();
}

TEST(Filters, reads_both_forms) {
    EXPECT_EQ(filters(R"({"name":["a","b"]})").values("name"), (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(filters(R"({"name":{"a":true,"b":false}})").values("name"), std::vector<std::string>{"a"});
    EXPECT_FALSE(filters("").has("name"));
    for (std::string_view text : {"x", "[]", R"({"a":1})", R"({"a":[1]})", "{"})
        EXPECT_FALSE(Filters::parse(text).has_value()) << text;
}

TEST(Filters, an_unknown_key_is_named) {
    auto checked = filters(R"({"colour":["red"]})").allow_only({"name"});
    ASSERT_FALSE(checked.has_value());
    EXPECT_EQ(checked.error().message(), "invalid filter 'colour'");
}

TEST(Filters, labels_are_all_wanted_and_none_unwanted) {
    std::map<std::string, std::string> labels{{"a", "1"}, {"b", ""}};
    EXPECT_TRUE(filters(R"({"label":["a","b="]})").accepts_labels(labels));
    EXPECT_TRUE(filters(R"({"label":["a=1"]})").accepts_labels(labels));
    EXPECT_FALSE(filters(R"({"label":["a=2"]})").accepts_labels(labels));
    EXPECT_FALSE(filters(R"({"label":["a","c"]})").accepts_labels(labels));
    EXPECT_FALSE(filters(R"({"label!":["b"]})").accepts_labels(labels));
}

TEST(Filters, names_are_parts_or_expressions) {
    auto matches = [](std::string_view expression, std::string_view text) {
        auto result = matches_expression(expression, text);
        return result.has_value() && *result;
    };
    EXPECT_TRUE(matches("eb", "web1"));
    EXPECT_TRUE(matches("^web", "web1"));
    EXPECT_FALSE(matches("^web$", "web1"));
    EXPECT_TRUE(matches("^web1$", "web1"));
    EXPECT_TRUE(matches("1$", "web1"));
    EXPECT_TRUE(matches("w.b[0-9]", "web1"));
    EXPECT_FALSE(matches("w[", "web1"));
    EXPECT_FALSE(matches_expression(std::string(300, '.'), "web1").has_value());
}

TEST(Security, dk6_no_expression_costs_more_than_its_text_is_long) {
    std::string name(200'000, 'x');
    auto begin = std::chrono::steady_clock::now();
    for (auto expression :
         {"(x|y)*z", "(x+x+)+y", "(x*)*y", "((((x*)*)*)*)*y", "x{1,1000}{1,1000}y", "(x|x?)+$y"})
        EXPECT_FALSE(*matches_expression(expression, name)) << expression;
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
}

TEST(Filters, until_is_a_time_or_a_span) {
    Time reference(1'700'000'000s);
    EXPECT_EQ(*filters(R"({"until":["1h30m"]})").until(reference), reference - 90min);
    EXPECT_EQ(*filters(R"({"until":["1600000000"]})").until(reference), Time(1'600'000'000s));
    EXPECT_FALSE(filters(R"({"until":["soon"]})").until(reference).has_value());
    EXPECT_FALSE(filters(R"({"until":["1h","2h"]})").until(reference).has_value());
}

TEST(TimeText, ages_read_as_docker_ps_shows_them) {
    EXPECT_EQ(human_duration(0s), "Less than a second");
    EXPECT_EQ(human_duration(1s), "1 second");
    EXPECT_EQ(human_duration(59s), "59 seconds");
    EXPECT_EQ(human_duration(90s), "About a minute");
    EXPECT_EQ(human_duration(3min), "3 minutes");
    EXPECT_EQ(human_duration(61min), "About an hour");
    EXPECT_EQ(human_duration(47h), "47 hours");
    EXPECT_EQ(human_duration(72h), "3 days");
    EXPECT_EQ(human_duration(24h * 20), "2 weeks");
    EXPECT_EQ(human_duration(24h * 90), "3 months");
    EXPECT_EQ(human_duration(24h * 900), "2 years");
}

TEST(TimeText, query_times_come_in_three_forms) {
    Time reference(1'700'000'000s);
    EXPECT_EQ(parse_time("1136073600.000000001", reference), Time(1'136'073'600s + 1ns));
    EXPECT_EQ(parse_time("1136073600.5", reference), Time(1'136'073'600s + 500ms));
    EXPECT_EQ(parse_time("2006-01-01T00:00:00Z", reference), Time(1'136'073'600s));
    EXPECT_EQ(parse_time("2006-01-01", reference), Time(1'136'073'600s));
    EXPECT_EQ(parse_time("10m", reference), reference - 10min);
    for (std::string_view text : {"", "x", "1.x", "-", "99999999999999999999"})
        EXPECT_FALSE(parse_time(text, reference).has_value()) << text;
    EXPECT_EQ(format_log_time(Time(1'136'073'600s + 5ms)), "2006-01-01T00:00:00.005000000Z");
    EXPECT_EQ(format_log_time(Time(1'136'073'600s)), "2006-01-01T00:00:00.000000000Z");
}

}  // namespace
}  // namespace tare::docker
