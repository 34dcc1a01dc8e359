#include "wire/http/body_reader.h"

#include <gtest/gtest.h>

namespace tare::http {
namespace {

// Feeds the text in pieces of `piece` bytes; the body, or "!" and why it was refused.
std::string unframed(std::string_view text, std::size_t piece, std::string& rest) {
    BodyReader reader(BodyFraming::chunked, 0);
    std::string input;
    std::string body;
    char buffer[7];
    while (true) {
        auto count = reader.take(input, buffer, sizeof buffer);
        if (!count) return "!" + count.error().message();
        if (!*count) {
            if (text.empty()) return "?" + body;
            input += text.substr(0, piece);
            text.remove_prefix(std::min(piece, text.size()));
            continue;
        }
        if (**count == 0) break;
        body.append(buffer, **count);
    }
    rest = input + std::string(text);
    return body;
}

std::string unframed(std::string_view text) {
    std::string rest;
    return unframed(text, text.size() + 1, rest);
}

TEST(BodyReader, takes_chunks_however_they_arrive) {
    std::string_view text = "5\r\nhello\r\nA;name=x\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\nGET /";
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
        std::string rest;
        EXPECT_EQ(unframed(text, piece, rest), "hello0123456789");
        EXPECT_EQ(rest, "GET /");
    }
}

TEST(Security, nw3_chunks_with_a_second_meaning_are_refused) {
    for (std::string_view text :
         {"0x5\r\nhello\r\n0\r\n\r\n", "+5\r\nhello\r\n0\r\n\r\n", " 5\r\nhello\r\n0\r\n\r\n",
          "5 \r\nhello\r\n0\r\n\r\n", "\r\nhello\r\n", "5\nhello\r\n0\r\n\r\n", "5\r\nhelloX\r\n0\r\n\r\n",
          "5\r\nhello0\r\n\r\n", "FFFFFFFFFFFFFFFFF\r\n", "FFFFFFFFFFFFFFFF\r\n", "-1\r\n",
          "5;a\rb\r\nhello\r\n0\r\n\r\n"})
        EXPECT_TRUE(unframed(text).starts_with("!")) << text << " gave " << unframed(text);
    EXPECT_TRUE(unframed("5;" + std::string(10'000, 'x')).starts_with("!"));
    std::string trailers = "0\r\n";
    for (int i = 0; i < 1000; ++i)
        trailers += "Some-Trailer: with a value\r\n";
    EXPECT_TRUE(unframed(trailers).starts_with("!"));
}

TEST(BodyReader, a_length_ends_the_body) {
    BodyReader reader(BodyFraming::length, 5);
    std::string input = "helloGET /";
    char buffer[64];
    auto count = reader.take(input, buffer, sizeof buffer);
    ASSERT_TRUE(count.has_value());
    EXPECT_EQ(*count, 5u);
    EXPECT_TRUE(reader.is_done());
    EXPECT_EQ(input, "GET /");
}

}  // namespace
}  // namespace tare::http
