#include "run/task/message.h"

#include <gtest/gtest.h>

#include "run/task/events.h"
#include "run/task/extension.h"
#include "run/task/requests.h"

namespace tare::shimv2 {
namespace {

TEST(Message, fields_stand_on_the_wire_as_protobuf_has_them) {
    // protoc's own bytes for id "c", exec_id "e", signal 300, all true.
    KillRequest request{.id = "c", .exec_id = "e", .signal = 300, .all = true};
    EXPECT_EQ(encode(request), std::string("\x0a\x01"
                                           "c\x12\x01"
                                           "e\x18\xac\x02\x20\x01"));
}

TEST(Message, a_create_request_survives_the_wire) {
    CreateTaskRequest request{
        .id = "c",
        .bundle = "/b",
        .rootfs = {{.type = "overlay", .source = "overlay", .options = {"lowerdir=a", "ro"}},
                   {.type = "bind"}},
        .terminal = true,
        .stdout_path = "/out",
        .options = {.type_url = "t", .value = std::string("\0x", 2)}};
    auto read = decode<CreateTaskRequest>(encode(request));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->id, "c");
    ASSERT_EQ(read->rootfs.size(), 2U);
    EXPECT_EQ(read->rootfs[0].options, (std::vector<std::string>{"lowerdir=a", "ro"}));
    EXPECT_EQ(read->rootfs[1].type, "bind");
    EXPECT_TRUE(read->terminal);
    EXPECT_EQ(read->stdout_path, "/out");
    EXPECT_EQ(read->options.value, std::string("\0x", 2));
}

TEST(Message, defaults_are_not_written) {
    EXPECT_EQ(encode(CreateTaskRequest{}), "");
    EXPECT_EQ(encode(StateResponse{}), "");
    EXPECT_EQ(encode(Empty{}), "");
}

TEST(Message, unknown_fields_are_passed_over) {
    auto read =
        decode<StartRequest>(encode(KillRequest{.id = "c", .exec_id = "e", .signal = 9, .all = true}));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->id, "c");
    EXPECT_EQ(read->exec_id, "e");
}

TEST(Message, a_field_of_the_wrong_wire_type_is_passed_over) {
    auto read = decode<StartRequest>("\x08\x05\x12\x01x");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->id, "");
    EXPECT_EQ(read->exec_id, "x");
}

TEST(Message, malformed_bytes_are_an_error_at_every_cut) {
    std::string bytes = encode(CreateTaskRequest{.id = "container", .rootfs = {{.type = "overlay"}}});
    for (std::size_t size = 1; size < bytes.size(); ++size)
        (void)decode<CreateTaskRequest>(bytes.substr(0, size));  // either is fine; no crash is what counts
    EXPECT_FALSE(decode<CreateTaskRequest>("\x0a\x7f"));
    EXPECT_FALSE(decode<CreateTaskRequest>("\x1a\x03\x0a\x7fx"));
}

TEST(Message, a_zero_stays_a_zero) {
    auto read = decode<IoOptions>(encode(IoOptions{.log_max_files = 0}));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->log_max_files, 0U);
    EXPECT_EQ(encode(*read), "");
}

TEST(Message, maps_and_negative_numbers_keep_their_values) {
    IoOptions options{.log_driver = "json-file", .log_attributes = {{"a", "1"}, {"", ""}}};
    auto read = decode<IoOptions>(encode(options));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->log_attributes, options.log_attributes);
    Timestamp before{.seconds = -1, .nanoseconds = 5};
    auto time = decode<Timestamp>(encode(before));
    ASSERT_TRUE(time);
    EXPECT_EQ(time->seconds, -1);
    EXPECT_EQ(Timestamp::of(time->time()).nanoseconds, 5);
}

TEST(Any, types_match_with_and_without_a_host) {
    EXPECT_TRUE((Any{.type_url = "containerd.runc.v1.Options"}).is("containerd.runc.v1.Options"));
    EXPECT_TRUE((Any{.type_url = "type.googleapis.com/a.B"}).is("a.B"));
    EXPECT_FALSE((Any{.type_url = "xa.B"}).is("a.B"));
    EXPECT_FALSE((Any{}).is("a.B"));
}

TEST(Envelope, an_event_travels_with_topic_and_type) {
    auto time = SystemTime(std::chrono::nanoseconds(1'700'000'000'123'456'789));
    Envelope envelope = envelope_of("default", time, TaskExit{.container_id = "c", .id = "c", .pid = 7});
    auto read = decode<ForwardRequest>(encode(ForwardRequest{.envelope = envelope}));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->envelope.topic, "/tasks/exit");
    EXPECT_EQ(read->envelope.event.type_url, "containerd.events.TaskExit");
    EXPECT_EQ(read->envelope.timestamp.time(), time);
    auto exit = decode<TaskExit>(read->envelope.event.value);
    ASSERT_TRUE(exit);
    EXPECT_EQ(exit->pid, 7U);
}

}  // namespace
}  // namespace tare::shimv2
