#include "oci/execution.h"

#include <gtest/gtest.h>

#include "oci/runtime_spec.h"

namespace tare::oci {
namespace {

/// What is wrong with a config.json whose process (or linux section) has this member.
std::string fault_of(std::string_view process, std::string_view linux_section = "") {
    auto spec =
        parse_runtime_spec(cat(R"({"ociVersion":"1.2.0","process":{"args":["x"],"cwd":"/")",
                               process.empty() ? "" : ",", process, R"(},"linux":{)", linux_section, "}}"));
    return spec ? "" : spec.error().message();
}

TEST(Execution, what_contradicts_itself_is_refused_with_its_place) {
    EXPECT_EQ(fault_of(R"("scheduler":{})"), "config.json: process.scheduler: scheduler policy is required");
    EXPECT_EQ(fault_of(R"("scheduler":{"policy":"SCHED_RR","nice":3})"),
              "config.json: process.scheduler: nice is for SCHED_OTHER and SCHED_BATCH only");
    EXPECT_EQ(fault_of(R"("scheduler":{"policy":"SCHED_OTHER","priority":3})"),
              "config.json: process.scheduler: priority is for SCHED_FIFO and SCHED_RR only");
    EXPECT_EQ(fault_of(R"("scheduler":{"policy":"SCHED_FIFO","runtime":3})"),
              "config.json: process.scheduler: runtime, deadline and period are for SCHED_DEADLINE only");
    EXPECT_EQ(fault_of(R"("scheduler":{"policy":"SCHED_OTHER","flags":["X"]})"),
              "config.json: process.scheduler: flag \"X\" is unknown");
    EXPECT_EQ(fault_of(R"("ioPriority":{"class":"IOPRIO_CLASS_BE","priority":8})"),
              "config.json: process.ioPriority: priority must be 0 to 7");
    EXPECT_EQ(fault_of("", R"("personality":{"domain":"BSD"})"),
              "config.json: linux.personality: domain \"BSD\" is unknown");
    EXPECT_EQ(fault_of("", R"("memoryPolicy":{"mode":"MPOL_BIND"})"),
              "config.json: linux.memoryPolicy: MPOL_BIND needs nodes");
}

TEST(Execution, what_this_runtime_does_not_do_is_refused_and_not_passed_over) {
    EXPECT_EQ(
        fault_of("", R"("intelRdt":{"closID":"x"})"),
        "config.json: linux.intelRdt: intelRdt is specified in config, but this runtime does not manage "
        "Intel RDT");
    EXPECT_EQ(
        fault_of("", R"("netDevices":{"eth0":{}})"),
        "config.json: linux.netDevices.eth0: this runtime does not move network devices into containers");
    EXPECT_EQ(fault_of("", R"("intelRdt":null,"netDevices":{})"), "");
}

TEST(Execution, it_is_written_as_it_was_read) {
    std::string_view text =
        R"({"ociVersion":"1.2.0","process":{"user":{"uid":0,"gid":0},"args":["x"],"cwd":"/",)"
        R"("scheduler":{"policy":"SCHED_DEADLINE","flags":["SCHED_FLAG_RECLAIM"],"runtime":1,"deadline":2,"period":3},)"
        R"("ioPriority":{"class":"IOPRIO_CLASS_IDLE","priority":0},)"
        R"("execCPUAffinity":{"initial":"0","final":"0-1"}},"root":{"path":"rootfs"},)"
        R"("mounts":[{"destination":"/d","source":"/s","options":["idmap"],)"
        R"("uidMappings":[{"containerID":0,"hostID":5,"size":1}],)"
        R"("gidMappings":[{"containerID":0,"hostID":6,"size":1}]}],)"
        R"("linux":{"personality":{"domain":"LINUX32"},)"
        R"("memoryPolicy":{"mode":"MPOL_INTERLEAVE","nodes":"0-1","flags":["MPOL_F_STATIC_NODES"]},)"
        R"("timeOffsets":{"boottime":{"secs":-5,"nanosecs":7}}}})";
    auto spec = parse_runtime_spec(text);
    ASSERT_TRUE(spec.has_value()) << spec.error().message();
    EXPECT_EQ(dump(to_json(*spec)), text);
}

}  // namespace
}  // namespace tare::oci
