#include "oci/resources.h"

#include <gtest/gtest.h>

namespace tare::oci {
namespace {

Result<LinuxResources> parse(std::string_view text) {
    Json document = TRY(parse_json(text));
    return parse_resources(JsonView(document, "config.json: linux.resources"));
}

TEST(Resources, what_is_read_is_written_again) {
    std::string text =
        R"({"devices":[{"allow":false,"access":"rwm"},{"allow":true,"type":"c","major":1,"minor":3,"access":"rw"}],)"
        R"("memory":{"limit":1048576,"swap":-1,"swappiness":10,"disableOOMKiller":true},)"
        R"("cpu":{"shares":512,"quota":50000,"period":100000,"cpus":"0-1"},"pids":{"limit":32},)"
        R"("blockIO":{"weight":500,"throttleReadBpsDevice":[{"major":8,"minor":0,"rate":600}]},)"
        R"("hugepageLimits":[{"pageSize":"2MB","limit":4194304}],"unified":{"memory.high":"1000"}})";
    auto resources = parse(text);
    ASSERT_TRUE(resources.has_value()) << resources.error().message();
    EXPECT_EQ(dump(to_json(*resources)), text);
}

TEST(Resources, an_absent_section_sets_nothing) {
    auto resources = parse("{}");
    ASSERT_TRUE(resources.has_value());
    EXPECT_FALSE(resources->memory.limit);
    EXPECT_EQ(dump(to_json(*resources)), "{}");
}

TEST(Resources, minus_one_is_every_device_number) {
    auto resources = parse(R"({"devices":[{"allow":true,"type":"b","major":-1,"minor":-1}]})");
    ASSERT_TRUE(resources.has_value());
    EXPECT_FALSE(resources->devices[0].major);
}

TEST(Security, rt19_a_malformed_device_rule_is_refused_with_its_path) {
    auto resources = parse(R"({"devices":[{"allow":true,"type":"x"}]})");
    ASSERT_FALSE(resources.has_value());
    EXPECT_NE(resources.error().message().find("linux.resources.devices[0]"), std::string::npos)
        << resources.error().message();
}

TEST(Resources, a_number_that_does_not_fit_is_refused) {
    EXPECT_FALSE(parse(R"({"cpu":{"shares":-1}})").has_value());
    EXPECT_FALSE(parse(R"({"blockIO":{"weight":70000}})").has_value());
}

}  // namespace
}  // namespace tare::oci
