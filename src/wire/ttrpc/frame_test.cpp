#include "wire/ttrpc/frame.h"

#include <gtest/gtest.h>

#include "wire/ttrpc/message.h"

namespace tare::ttrpc {
namespace {

std::string frame(std::uint32_t stream, std::string_view payload, FrameType type = FrameType::request) {
    return cat(
        encode_header({.length = static_cast<std::uint32_t>(payload.size()), .stream = stream, .type = type}),
        payload);
}

posix::Fd some_descriptor() {
    return std::move(posix::make_pipe()->read_end);
}

std::vector<posix::Fd> one_descriptor() {
    std::vector<posix::Fd> out;
    out.push_back(some_descriptor());
    return out;
}

TEST(Frame, a_header_is_ten_bytes_big_endian) {
    std::string bytes =
        encode_header({.length = 0x010203, .stream = 5, .type = FrameType::response, .flags = 1});
    EXPECT_EQ(bytes, std::string("\x00\x01\x02\x03\x00\x00\x00\x05\x02\x01", 10));
    EXPECT_EQ(*decode_header(bytes),
              (FrameHeader{.length = 0x010203, .stream = 5, .type = FrameType::response, .flags = 1}));
}

TEST(Frame, a_declared_length_beyond_the_limit_is_refused_before_it_is_read) {
    auto header = decode_header(std::string("\xff\xff\xff\xff\x00\x00\x00\x01\x01\x00", 10));
    ASSERT_FALSE(header);
    EXPECT_TRUE(header.error().is(ErrorKind::resource_exhausted));
    EXPECT_TRUE(decode_header(std::string("\x00\x40\x00\x00\x00\x00\x00\x01\x01\x00", 10)));
}

TEST(Frame, unknown_types_and_flags_are_errors) {
    EXPECT_FALSE(decode_header(std::string("\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00", 10)));
    EXPECT_FALSE(decode_header(std::string("\x00\x00\x00\x00\x00\x00\x00\x01\x09\x00", 10)));
    EXPECT_FALSE(decode_header(std::string("\x00\x00\x00\x00\x00\x00\x00\x01\x01\x80", 10)));
}

TEST(FrameReader, cuts_frames_wherever_the_bytes_are_cut) {
    std::string bytes = frame(1, "one") + frame(3, "") + frame(5, "three");
    for (std::size_t step = 1; step <= bytes.size(); ++step) {
        FrameReader reader;
        std::vector<std::string> seen;
        for (std::size_t at = 0; at < bytes.size(); at += step) {
            ASSERT_TRUE(reader.feed(std::string_view(bytes).substr(at, step), {}));
            while (auto next = reader.next())
                seen.push_back(cat(next->header.stream, next->payload));
        }
        EXPECT_EQ(seen, (std::vector<std::string>{"1one", "3", "5three"})) << step;
    }
}

TEST(FrameReader, descriptors_belong_to_the_frame_of_the_last_byte) {
    FrameReader whole;
    ASSERT_TRUE(whole.feed(frame(1, "a") + frame(3, "b"), one_descriptor()));
    EXPECT_TRUE(whole.next()->descriptors.empty());
    EXPECT_EQ(whole.next()->descriptors.size(), 1U);

    FrameReader cut;
    std::string second = frame(3, "bcd");
    ASSERT_TRUE(cut.feed(frame(1, "a") + second.substr(0, 11), one_descriptor()));
    ASSERT_TRUE(cut.feed(second.substr(11), {}));
    EXPECT_TRUE(cut.next()->descriptors.empty());
    EXPECT_EQ(cut.next()->descriptors.size(), 1U);
}

TEST(FrameReader, descriptors_without_a_frame_or_by_the_dozen_are_refused) {
    FrameReader reader;
    EXPECT_FALSE(reader.feed(frame(1, "a").substr(0, 4), one_descriptor()));
    FrameReader flooded;
    std::vector<posix::Fd> many;
    for (int i = 0; i < 17; ++i)
        many.push_back(some_descriptor());
    EXPECT_FALSE(flooded.feed(frame(1, "a"), std::move(many)));
}

TEST(Message, a_request_survives_the_wire) {
    Request request{.service = "containerd.task.v2.Task",
                    .method = "State",
                    .payload = std::string("\x00\x01", 2),
                    .timeout = std::chrono::seconds(5),
                    .metadata = {{"k", "v"}, {"k", "w"}}};
    auto read = decode_request(encode(request));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->service, request.service);
    EXPECT_EQ(read->method, request.method);
    EXPECT_EQ(read->payload, request.payload);
    EXPECT_EQ(read->timeout, request.timeout);
    EXPECT_EQ(read->metadata, request.metadata);
}

TEST(Message, a_failure_keeps_its_kind_and_message) {
    auto read = decode_response(encode_response(fail(ErrorKind::not_found, "no such exec")));
    ASSERT_FALSE(read);
    EXPECT_TRUE(read.error().is(ErrorKind::not_found));
    EXPECT_EQ(read.error().message(), "no such exec");
    EXPECT_EQ(*decode_response(encode_response(std::string("payload"))), "payload");
    EXPECT_EQ(*decode_response(""), "");
}

TEST(Message, every_kind_has_one_code) {
    for (int code = 1; code <= 16; ++code)
        EXPECT_EQ(status_code(kind_of_status(code)), code);
    EXPECT_EQ(kind_of_status(99), ErrorKind::unknown);
}

TEST(Message, malformed_bytes_are_an_error_and_no_exception) {
    EXPECT_FALSE(decode_request("\x0a\xff\xff\xff"));
    EXPECT_FALSE(decode_response("\x0a\x05\x08"));
    EXPECT_FALSE(decode_request("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"));
}

TEST(Message, a_field_of_another_kind_than_ours_is_an_unknown_field) {
    // service as a number, the timeout as text, then the method as it should be.
    auto read = decode_request({"\x08\x01\x22\x01x\x12\x01m", 8});
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(read->service, "");
    EXPECT_EQ(read->timeout.count(), 0);
    EXPECT_EQ(read->method, "m");
    EXPECT_EQ(*decode_response({"\x08\x01\x12\x01p", 5}), "p");
}

}  // namespace
}  // namespace tare::ttrpc
