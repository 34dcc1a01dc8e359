#include "run/runtime/protocol.h"

#include <gtest/gtest.h>

#include "posix/socket.h"
#include "run/runtime/id_maps.h"
#include "run/runtime/state.h"

namespace tare::runtime {
namespace {

class Protocol : public testing::Test {
  protected:
    void SetUp() override {
        auto pair = posix::make_socket_pair(posix::SocketKind::packets);
        ASSERT_TRUE(pair.has_value());
        ours_ = std::move(pair->first);
        theirs_ = std::move(pair->second);
    }
    posix::Fd ours_;
    posix::Fd theirs_;
};

TEST_F(Protocol, an_error_arrives_with_kind_errno_hint_and_message) {
    Error error(ErrorKind::permission_denied, "mount \"/proc\": two\nlines");
    error.set_error_number(13).set_hint("do this");
    ASSERT_TRUE(send_packet(theirs_.get(), MessageKind::error, encode_error(error)).has_value());
    auto outcome = expect_packet(ours_.get(), MessageKind::ready);
    ASSERT_FALSE(outcome.has_value());
    EXPECT_TRUE(outcome.error().is(ErrorKind::permission_denied));
    EXPECT_EQ(outcome.error().message(), error.message());
    EXPECT_EQ(outcome.error().hint(), "do this");
    EXPECT_EQ(outcome.error().error_number(), 13);
}

TEST_F(Protocol, a_peer_that_ends_is_an_error_that_says_so) {
    theirs_.reset();
    auto outcome = expect_packet(ours_.get(), MessageKind::go);
    ASSERT_FALSE(outcome.has_value());
    EXPECT_NE(outcome.error().message().find("unexpectedly"), std::string::npos);
}

TEST_F(Protocol, a_message_out_of_order_is_refused) {
    ASSERT_TRUE(send_packet(theirs_.get(), MessageKind::hooks).has_value());
    EXPECT_FALSE(expect_packet(ours_.get(), MessageKind::ready).has_value());
}

TEST_F(Protocol, a_descriptor_travels_with_its_packet) {
    ASSERT_TRUE(send_packet(theirs_.get(), MessageKind::console, {}, {theirs_.get()}).has_value());
    auto packet = expect_packet(ours_.get(), MessageKind::console);
    ASSERT_TRUE(packet.has_value());
    EXPECT_EQ(packet->descriptors.size(), 1U);
}

TEST(Security, rt20_a_message_longer_than_a_packet_is_cut_rather_than_misread) {
    Error error(ErrorKind::internal, std::string(kPacketBytes * 2, 'x'));
    auto pair = posix::make_socket_pair(posix::SocketKind::packets);
    ASSERT_TRUE(pair.has_value());
    ASSERT_TRUE(send_packet(pair->first.get(), MessageKind::error, encode_error(error)).has_value());
    auto packet = receive_packet(pair->second.get());
    ASSERT_TRUE(packet.has_value());
    EXPECT_EQ(packet->kind, MessageKind::error);
    EXPECT_LT(packet->payload.size(), kPacketBytes);
}

TEST(IdMaps, one_mapping_is_one_line) {
    EXPECT_EQ(id_map_text({{0, 100'000, 65'536}, {65'536, 5, 1}}), "0 100000 65536\n65536 5 1\n");
}

TEST(ContainerId, only_file_names_of_plain_letters_are_ids) {
    for (auto id : {"a", "A-b_c+d.9", "0"})
        EXPECT_TRUE(check_id(id).has_value()) << id;
    for (auto id : {"", ".", "..", "a/b", "../x", "a b", "a\n", "\xff"})
        EXPECT_FALSE(check_id(id).has_value()) << id;
}

}  // namespace
}  // namespace tare::runtime
