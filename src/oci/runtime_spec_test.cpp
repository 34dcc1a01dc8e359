#include "oci/runtime_spec.h"

#include <gtest/gtest.h>

namespace tare::oci {
namespace {

constexpr std::string_view kFull =
    R"({"ociVersion":"1.2.0","process":{"terminal":true,"consoleSize":{"height":24,"width":80},)"
    R"("user":{"uid":1000,"gid":1000,"umask":18,"additionalGids":[5,10]},"args":["sh","-c","true"],"env":["A=b"],)"
    R"("cwd":"/tmp","capabilities":{"bounding":["CAP_CHOWN"],"ambient":["CAP_CHOWN"]},)"
    R"("rlimits":[{"type":"RLIMIT_NOFILE","hard":1024,"soft":512}],"noNewPrivileges":true,"oomScoreAdj":-5},)"
    R"("root":{"path":"rootfs","readonly":true},"hostname":"box",)"
    R"("mounts":[{"destination":"/proc","type":"proc","source":"proc","options":["nosuid"]}],)"
    R"("hooks":{"createRuntime":[{"path":"/bin/true","args":["true"],"timeout":5}]},"annotations":{"a":"b"},)"
    R"("linux":{"uidMappings":[{"containerID":0,"hostID":100000,"size":65536}],"sysctl":{"net.core.somaxconn":"5"},)"
    R"("resources":{"pids":{"limit":9}},"cgroupsPath":"/x","namespaces":[{"type":"pid"},)"
    R"({"type":"network","path":"/run/netns/a"}],"devices":[{"path":"/dev/fuse","type":"c","major":10,"minor":229,)"
    R"("fileMode":438}],"seccomp":{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["read"],)"
    R"("action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":1,"op":"SCMP_CMP_EQ"}]}]},)"
    R"("maskedPaths":["/proc/kcore"],"readonlyPaths":["/proc/sys"]}})";

TEST(RuntimeSpec, what_is_read_is_written_again) {
    auto spec = parse_runtime_spec(kFull);
    ASSERT_TRUE(spec.has_value()) << spec.error().message();
    EXPECT_EQ(dump(to_json(*spec)), kFull);
}

TEST(RuntimeSpec, a_joined_namespace_is_found_by_kind) {
    auto spec = parse_runtime_spec(kFull);
    ASSERT_TRUE(spec.has_value());
    ASSERT_NE(spec->linux_section.find(NamespaceKind::network), nullptr);
    EXPECT_EQ(spec->linux_section.find(NamespaceKind::network)->path, "/run/netns/a");
    EXPECT_EQ(spec->linux_section.find(NamespaceKind::user), nullptr);
}

/// The message that a document is refused with.
std::string refusal(std::string_view text) {
    auto spec = parse_runtime_spec(text);
    return spec.has_value() ? "accepted" : spec.error().message();
}

TEST(RuntimeSpec, a_wrong_type_is_refused_with_its_path) {
    EXPECT_NE(refusal(R"({"ociVersion":"1.0.0","process":{"args":["a",1]}})").find("process.args[1]"),
              std::string::npos);
    EXPECT_NE(refusal(R"({"ociVersion":"1.0.0","mounts":[{"type":"proc"}]})").find("mounts[0]"),
              std::string::npos);
}

TEST(RuntimeSpec, a_relative_working_directory_is_refused) {
    EXPECT_NE(refusal(R"({"ociVersion":"1.0.0","process":{"cwd":"tmp"}})").find("absolute"),
              std::string::npos);
}

TEST(RuntimeSpec, a_namespace_given_twice_is_refused) {
    EXPECT_NE(refusal(R"({"ociVersion":"1.0.0","linux":{"namespaces":[{"type":"pid"},{"type":"pid"}]}})")
                  .find("twice"),
              std::string::npos);
}

TEST(RuntimeSpec, another_major_version_is_refused) {
    EXPECT_NE(refusal(R"({"ociVersion":"2.0.0"})").find("1.x"), std::string::npos);
}

TEST(Security, rt15_an_id_beyond_32_bits_is_refused_rather_than_wrapped) {
    for (auto uid : {"4294967296", "-1", "18446744073709551616", "\"0\"", "1.5"})
        EXPECT_NE(refusal(cat(R"({"ociVersion":"1.0.0","process":{"user":{"uid":)", uid, "}}}")), "accepted")
            << uid;
}

TEST(Security, dk4_a_key_given_twice_is_refused) {
    EXPECT_NE(
        refusal(R"({"ociVersion":"1.0.0","root":{"path":"a"},"root":{"path":"b"}})").find("duplicate key"),
        std::string::npos);
}

}  // namespace
}  // namespace tare::oci
