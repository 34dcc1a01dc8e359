#include "engine/supervisor/log_target.h"

#include <gtest/gtest.h>

namespace tare::supervisor {
namespace {

container::Container with_log(std::string driver, container::StringMap options) {
    container::Container container{.id = std::string(64, 'a'), .name = "web"};
    container.host_config.log = {.type = std::move(driver), .config = std::move(options)};
    container.log_path = "/x/a-json.log";
    return container;
}

TEST(LogTarget, sizes_are_powers_of_1024) {
    EXPECT_EQ(parse_size("512"), 512u);
    EXPECT_EQ(parse_size("10m"), 10u << 20);
    EXPECT_EQ(parse_size("1.5K"), 1536u);
    EXPECT_EQ(parse_size("2 GiB"), std::uint64_t{2} << 30);
    for (const char* wrong : {"", "m", "10x", "1mm", "-1", "99999999999p"})
        EXPECT_FALSE(parse_size(wrong)) << wrong;
}

TEST(LogTarget, json_file_takes_size_and_count) {
    auto target = log_target(with_log("json-file", {{"max-size", "10m"}, {"max-file", "3"}}));
    ASSERT_TRUE(target);
    EXPECT_EQ(target->driver, "json-file");
    EXPECT_EQ(target->path, "/x/a-json.log");
    EXPECT_EQ(target->max_size_bytes, 10u << 20);
    EXPECT_EQ(target->max_files, 3u);
}

TEST(LogTarget, none_writes_nothing) {
    auto container = with_log("none", {});
    EXPECT_EQ(log_target(container)->driver, "none");
}

TEST(LogTarget, labels_environment_and_tag_become_attributes) {
    auto container =
        with_log("json-file", {{"labels", "a,missing"}, {"env", "E"}, {"tag", "{{.Name}}/{{.ID}}"}});
    container.config.labels = {{"a", "1"}, {"b", "2"}};
    container.config.env = {"E=x=y", "F=z"};
    auto target = log_target(container);
    const std::vector<std::pair<std::string, std::string>> expected = {
        {"a", "1"}, {"E", "x=y"}, {"tag", "web/" + std::string(12, 'a')}};
    EXPECT_EQ(target->attributes, expected);
}

TEST(LogTarget, what_a_request_leaves_open_is_the_daemons) {
    const container::LogConfig defaults{.type = "json-file",
                                        .config = {{"max-size", "9m"}, {"max-file", "3"}}};
    container::LogConfig log{.config = {{"max-size", "2k"}}};
    fill_log_config(log, defaults);
    EXPECT_EQ(log.type, "json-file");
    EXPECT_EQ(*container::find(log.config, "max-size"), "2k") << "options without a driver count";
    EXPECT_EQ(*container::find(log.config, "max-file"), "3");
    log = {.type = "none"};
    fill_log_config(log, defaults);
    EXPECT_TRUE(log.config.empty()) << "they are another driver's";
}

TEST(LogTarget, options_that_are_none_are_refused_by_name) {
    EXPECT_FALSE(check_log_options({.type = "json-file", .config = {{"max-sizes", "1m"}}}));
    EXPECT_FALSE(check_log_options({.type = "json-file", .config = {{"max-size", "much"}}}));
    EXPECT_FALSE(check_log_options({.type = "json-file", .config = {{"max-file", "0"}}}));
    EXPECT_TRUE(check_log_options({.type = "json-file", .config = {{"max-file", "2"}}}))
        << "it is never full";
}

}  // namespace
}  // namespace tare::supervisor
