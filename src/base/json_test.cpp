#include "base/json.h"

#include <gtest/gtest.h>

namespace tare {
namespace {

TEST(Json, half_of_a_surrogate_pair_is_refused_wherever_it_stands) {
    for (const char* text :
         {R"("\udc00")", R"("\ud800")", R"({"\ude00":1})", R"("\ud41d\ude00")", R"("\ud800\u0041")"})
        EXPECT_FALSE(parse_json(text)) << text;
}

TEST(Json, a_whole_surrogate_pair_and_characters_next_to_them_are_read) {
    EXPECT_EQ(*parse_json(R"("\ud83d\ude00")")->as_string(), "\xF0\x9F\x98\x80");
    EXPECT_EQ(*parse_json(R"("\ud7ff\ue000")")->as_string(), "\xED\x9F\xBF\xEE\x80\x80");
}

TEST(Json, what_is_read_is_written_as_the_same_document) {
    constexpr std::string_view kText = R"({"a":[1,-2,0.5,18446744073709551615,true,null],"":"\n\\\"\u0000"})";
    EXPECT_EQ(dump(*parse_json(kText)), kText);
}

TEST(Json, numbers_are_the_nearest_double_or_refused) {
    EXPECT_EQ(parse_json("184467440737095516156")->as_double(), 184467440737095516156.0);
    EXPECT_EQ(parse_json("-9223372036854775809")->as_double(), -9223372036854775808.0);
    EXPECT_EQ(parse_json("2.2250738585072011e-308")->as_double(), 2.2250738585072011e-308);
    EXPECT_EQ(parse_json("-0")->as_int64(), 0);
    // Written by rapidjson's reader as infinity, which is no JSON.
    EXPECT_FALSE(parse_json("17976931348623159e292"));
    EXPECT_FALSE(parse_json("1e999"));
    for (const char* text : {"01", "+1", "1.", ".5", "0x10", "1e", "inf", "nan", "- 1"})
        EXPECT_FALSE(parse_json(text)) << text;
}

}  // namespace
}  // namespace tare
