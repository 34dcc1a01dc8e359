#include "image/layer/decompress.h"

#include <random>

#include <gtest/gtest.h>

#include "image/layer/compress.h"

namespace tare::layer {
namespace {

std::string compressed(std::string_view text, Codec codec) {
    StringSink out;
    Compressor compressor(out, codec);
    EXPECT_TRUE(compressor.write(text));
    EXPECT_TRUE(compressor.finish());
    return out.text();
}

/// Hands out pieces of random length, as a network does.
class ChoppySource : public ByteSource {
  public:
    ChoppySource(std::string_view bytes, unsigned seed) : left_(bytes), random_(seed) {}
    Result<std::size_t> read(std::span<char> buffer) override {
        std::size_t count = std::min({buffer.size(), left_.size(), std::size_t{random_() % 97 + 1}});
        left_.copy(buffer.data(), count);
        left_.remove_prefix(count);
        return count;
    }

  private:
    std::string_view left_;
    std::mt19937 random_;
};

Result<std::string> decompressed(ByteSource& source, const DecompressLimits& limits = {}) {
    Decompressor decompressor(source, limits);
    StringSink out(std::size_t{1} << 30);
    TRY(copy(decompressor, out));
    return out.text();
}
Result<std::string> decompressed(std::string_view text, const DecompressLimits& limits = {}) {
    StringSource source(text);
    return decompressed(source, limits);
}

std::string sample(std::size_t size, unsigned seed) {
    std::mt19937 random(seed);
    std::string text;
    while (text.size() < size)
        text += cat("line ", random() % 1000, " of ", random() % 7, "\n");
    text.resize(size);
    return text;
}

class Codecs : public testing::TestWithParam<Codec> {};

TEST_P(Codecs, what_was_compressed_comes_back) {
    for (std::size_t size : {0, 1, 100, 100'000, 3'000'000}) {
        std::string text = sample(size, 1);
        auto back = decompressed(compressed(text, GetParam()));
        ASSERT_TRUE(back) << back.error().message();
        EXPECT_TRUE(*back == text) << size;
    }
}

TEST_P(Codecs, members_one_after_another_are_one_stream_however_they_arrive) {
    std::string first = sample(5000, 1), second = sample(70'000, 2), third = sample(1, 3);
    std::string joined = compressed(first, GetParam()) + compressed("", GetParam()) +
                         compressed(second, GetParam()) + compressed(third, GetParam());
    for (unsigned seed = 0; seed < 50; ++seed) {
        ChoppySource source(joined, seed);
        auto back = decompressed(source);
        ASSERT_TRUE(back) << back.error().message();
        EXPECT_TRUE(*back == first + second + third) << seed;
    }
}

TEST_P(Codecs, equal_input_gives_equal_output) {
    EXPECT_EQ(compressed(sample(9999, 4), GetParam()), compressed(sample(9999, 4), GetParam()));
}

INSTANTIATE_TEST_SUITE_P(All, Codecs, testing::Values(Codec::none, Codec::gzip, Codec::zstd));

TEST(Decompressor, a_cut_stream_is_data_loss) {
    for (Codec codec : {Codec::gzip, Codec::zstd}) {
        std::string whole = compressed(sample(50'000, 5), codec);
        for (std::size_t length : {std::size_t{8}, whole.size() / 2, whole.size() - 1}) {
            auto back = decompressed(std::string_view(whole).substr(0, length));
            ASSERT_FALSE(back);
            EXPECT_TRUE(back.error().is(ErrorKind::data_loss)) << back.error().message();
        }
    }
}

TEST(Decompressor, a_changed_byte_is_noticed) {
    for (Codec codec : {Codec::gzip, Codec::zstd}) {
        std::string whole = compressed(sample(50'000, 6), codec);
        whole[whole.size() / 2] = static_cast<char>(whole[whole.size() / 2] ^ 0x10);
        EXPECT_FALSE(decompressed(whole));
    }
}

TEST(Decompressor, garbage_after_a_member_is_an_error) {
    EXPECT_FALSE(decompressed(compressed("text", Codec::gzip) + "garbage"));
    EXPECT_FALSE(decompressed(compressed("text", Codec::zstd) + "garbage"));
}

TEST(Decompressor, names_codecs_that_it_does_not_know) {
    auto xz =
        detect_codec(std::string_view("\xfd"
                                      "7zXZ\0",
                                      6));
    ASSERT_FALSE(xz);
    EXPECT_NE(xz.error().message().find("xz"), std::string::npos);
    EXPECT_FALSE(xz.error().hint().empty());
    EXPECT_FALSE(detect_codec("BZh9"));
}

TEST(Security, im7_a_stream_that_grows_too_much_is_stopped) {
    std::string bomb = compressed(std::string(std::size_t{8} << 20, '\0'), Codec::zstd);
    DecompressLimits limits;
    limits.ratio_from_bytes = std::size_t{1} << 20;
    auto back = decompressed(bomb, limits);
    ASSERT_FALSE(back);
    EXPECT_TRUE(back.error().is(ErrorKind::resource_exhausted));
    EXPECT_NE(back.error().message().find("250"), std::string::npos);
}

TEST(Security, im7_the_absolute_size_and_the_members_are_bounded) {
    std::string text = compressed(sample(100'000, 7), Codec::gzip);
    EXPECT_FALSE(decompressed(text, {.output_bytes = 99'999}));
    EXPECT_TRUE(decompressed(text, {.output_bytes = 100'000}));
    std::string three =
        compressed("a", Codec::gzip) + compressed("b", Codec::gzip) + compressed("c", Codec::gzip);
    EXPECT_FALSE(decompressed(three, {.members = 2}));
    EXPECT_TRUE(decompressed(three, {.members = 3}));
}

TEST(Security, im7_a_zstd_window_beyond_128_mib_is_refused) {
    // A frame header that asks for a window of 2 GiB, then an empty last block.
    std::string frame("\x28\xb5\x2f\xfd\x00\xa8\x01\x00\x00", 9);
    EXPECT_FALSE(decompressed(frame));
    std::string small("\x28\xb5\x2f\xfd\x00\x50\x01\x00\x00", 9);
    EXPECT_TRUE(decompressed(small));
}

}  // namespace
}  // namespace tare::layer
