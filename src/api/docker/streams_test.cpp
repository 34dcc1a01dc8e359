#include "api/docker/streams.h"

#include <gtest/gtest.h>

#include "api/docker/event_filter.h"
#include "api/docker/log_source.h"
#include "api/docker/progress_writer.h"
#include "api/docker/stats_json.h"

namespace tare::docker {
namespace {

using namespace std::chrono_literals;

TEST(Streams, a_frame_has_kind_and_length) {
    std::string out;
    append_frame(out, StreamKind::standard_error, "hello");
    EXPECT_EQ(out, std::string("\x02\0\0\0\0\0\0\x05hello", 13));
    out.clear();
    append_frame(out, StreamKind::standard_output, std::string(70'000, 'x'));
    EXPECT_EQ(out.substr(0, 8), std::string("\x01\0\0\0\0\x01\x11\x70", 8));
}

TEST(Streams, detach_keys_are_read_as_docker_spells_them) {
    EXPECT_EQ(*parse_detach_keys(""), "\x10\x11");
    EXPECT_EQ(*parse_detach_keys("ctrl-p,ctrl-q"), "\x10\x11");
    EXPECT_EQ(*parse_detach_keys("a,ctrl-[,ctrl-_"), "a\x1b\x1f");
    EXPECT_EQ(*parse_detach_keys("ctrl-@"), std::string(1, '\0'));
    for (std::string_view keys : {"ctrl-", "ctrl-1", "ab", "ctrl-p,,"})
        EXPECT_FALSE(parse_detach_keys(keys).has_value()) << keys;
}

TEST(Streams, content_types_came_with_1_42) {
    EXPECT_EQ(stream_content_type(false, {1, 41}), kRawStream);
    EXPECT_EQ(stream_content_type(false, {1, 42}), kMultiplexedStream);
    EXPECT_EQ(stream_content_type(true, {1, 50}), kRawStream);
}

TEST(Logs, entries_are_framed_stamped_and_detailed) {
    container::LogEntry entry{.stream = container::LogEntry::Stream::standard_error,
                              .time = Time(1'136'073'600s),
                              .text = "oh\n",
                              .attributes = {{"b", "x y"}, {"a", "1"}}};
    std::string out;
    append_log_entry(out, entry, {.is_multiplexed = false});
    EXPECT_EQ(out, "oh\n");
    out.clear();
    append_log_entry(out, entry, {.is_multiplexed = false, .with_timestamps = true, .with_details = true});
    EXPECT_EQ(out, "2006-01-01T00:00:00.000000000Z a=1,b=x+y oh\n");
    out.clear();
    append_log_entry(out, entry, {});
    EXPECT_EQ(out, std::string("\x02\0\0\0\0\0\0\x03oh\n", 11));
}

event::Event start_event() {
    return {.time = Time(1'136'073'600s + 7ns),
            .name_space = "default",
            .type = "container",
            .action = "start",
            .actor = "0123456789abcdef",
            .attributes = {{"image", "busybox:1"}, {"name", "web"}, {"tier", "front"}}};
}

TEST(Events, documents_follow_the_clients_version) {
    EXPECT_EQ(
        dump(event_document(start_event(), {1, 43})),
        R"({"status":"start","id":"0123456789abcdef","from":"busybox:1","Type":"container","Action":"start",)"
        R"("Actor":{"ID":"0123456789abcdef","Attributes":{"image":"busybox:1","name":"web","tier":"front"}},)"
        R"("scope":"local","time":1136073600,"timeNano":1136073600000000007})");
    EXPECT_EQ(event_document(start_event(), {1, 52}).find("status"), nullptr);
}

TEST(Events, filters_go_by_type_action_actor_image_and_label) {
    auto accepts = [](std::string_view filters, const event::Event& event) {
        return accepts_event(*Filters::parse(filters), event);
    };
    for (std::string_view text :
         {"", R"({"type":["container"]})", R"({"event":["start","die"]})", R"({"container":["web"]})",
          R"({"container":["0123"]})", R"({"image":["busybox"]})", R"({"image":["busybox:1"]})",
          R"({"label":["tier=front"]})", R"({"scope":["local"]})"})
        EXPECT_TRUE(accepts(text, start_event())) << text;
    for (std::string_view text : {R"({"type":["image"]})", R"({"event":["die"]})", R"({"container":["db"]})",
                                  R"({"image":["redis"]})", R"({"label":["tier=back"]})",
                                  R"({"scope":["swarm"]})", R"({"network":["web"]})", R"({"node":["x"]})"})
        EXPECT_FALSE(accepts(text, start_event())) << text;
    event::Event health = start_event();
    health.action = "health_status: healthy";
    EXPECT_TRUE(accepts(R"({"event":["health_status"]})", health));
    event::Event snapshot = start_event();
    snapshot.type = "snapshot";
    EXPECT_FALSE(accepts("", snapshot));
}

TEST(Progress, lines_are_dockers) {
    EXPECT_EQ(dump(progress_document({.id = "alpine", .status = "Pulling from library/redis"})),
              R"({"status":"Pulling from library/redis","id":"alpine"})");
    EXPECT_EQ(dump(progress_document({.id = "0123", .status = "Pull complete"})),
              R"({"status":"Pull complete","progressDetail":{},"id":"0123"})");
    EXPECT_EQ(dump(progress_document(
                  {.id = "0123", .status = "Downloading", .current_bytes = 500, .total_bytes = 1000})),
              R"({"status":"Downloading","progressDetail":{"current":500,"total":1000},"progress":)"
              R"("[=========================>                         ]     500B/1kB","id":"0123"})");
}

TEST(Stats, a_line_holds_this_reading_and_the_one_before) {
    supervisor::Stats before;
    before.running = true;
    before.id = "1";
    before.name = "web";
    before.read_at = Time(1'136'073'600s);
    before.group.is_v2 = true;
    before.group.cpu.total_ns = 10;
    supervisor::Stats now = before;
    now.read_at += 1s;
    now.group.cpu.total_ns = 30;
    now.group.memory.usage_bytes = 5;
    now.group.memory.limit_bytes = UINT64_MAX;
    now.group.memory.stat = {{"inactive_file", 2}};
    now.group.pids.current = 1;
    now.group.service_bytes = {{.major = 8, .minor = 0, .operation = "read", .value = 4096}};
    now.online_cpus = 2;
    now.system_cpu_ns = 100;
    now.interfaces = {{.name = "eth0", .received_bytes = 9}};
    Json line = stats_document(now, before, 1000);
    EXPECT_EQ(
        dump(*line.find("cpu_stats")),
        R"({"cpu_usage":{"total_usage":30,"usage_in_kernelmode":0,"usage_in_usermode":0},"system_cpu_usage":100,)"
        R"("online_cpus":2,"throttling_data":{"periods":0,"throttled_periods":0,"throttled_time":0}})");
    EXPECT_EQ(line.find("precpu_stats")->find("cpu_usage")->find("total_usage")->as_int64(), 10);
    EXPECT_EQ(dump(*line.find("memory_stats")), R"({"usage":5,"stats":{"inactive_file":2},"limit":1000})");
    EXPECT_EQ(dump(*line.find("pids_stats")), R"({"current":1,"limit":18446744073709551615})");
    EXPECT_EQ(*line.find("preread")->as_string(), "2006-01-01T00:00:00Z");
    EXPECT_EQ(dump(*line.find("blkio_stats")->find("io_service_bytes_recursive")),
              R"([{"major":8,"minor":0,"op":"read","value":4096}])");
    EXPECT_TRUE(line.find("networks")->find("eth0") != nullptr);
}

TEST(Stats, a_container_that_does_not_run_shows_nothing) {
    supervisor::Stats stats;
    stats.id = "1";
    Json line = stats_document(stats, std::nullopt, 1000);
    EXPECT_EQ(*line.find("read")->as_string(), "0001-01-01T00:00:00Z");
    EXPECT_EQ(dump(*line.find("memory_stats")), "{}");
    EXPECT_EQ(dump(*line.find("pids_stats")), "{}");
    EXPECT_EQ(line.find("networks"), nullptr);
}

}  // namespace
}  // namespace tare::docker
