#include "oci/seccomp_profile.h"

#include <gtest/gtest.h>

namespace tare::oci {
namespace {

const SeccompContext kPlain{"amd64", {"CAP_CHOWN", "CAP_SYS_CHROOT"}, "6.1.0-18-amd64"};

/// The rules of the section that name this system call.
std::vector<Json> rules_for(const Json& section, std::string_view name) {
    std::vector<Json> found;
    for (auto& rule : *section.find("syscalls")->as_array())
        for (auto& each : *rule.find("names")->as_array())
            if (*each.as_string() == name) found.push_back(rule);
    return found;
}

Json resolve_default(const SeccompContext& context) {
    auto section = resolve_seccomp_profile(default_seccomp_profile(), context);
    EXPECT_TRUE(section.has_value()) << section.error().message();
    return *section;
}

TEST(SeccompProfile, the_default_answers_eperm_to_what_it_does_not_list) {
    Json section = resolve_default(kPlain);
    EXPECT_EQ(*section.find("defaultAction")->as_string(), "SCMP_ACT_ERRNO");
    EXPECT_EQ(*section.find("defaultErrnoRet")->as_int64(), 1);
}

TEST(SeccompProfile, the_machine_brings_its_32_bit_siblings) {
    Json section = resolve_default(kPlain);
    Json expected = Json::array().push("SCMP_ARCH_X86_64").push("SCMP_ARCH_X86").push("SCMP_ARCH_X32");
    EXPECT_EQ(*section.find("architectures"), expected);
}

TEST(SeccompProfile, mount_needs_the_capability_that_it_is_listed_under) {
    EXPECT_TRUE(rules_for(resolve_default(kPlain), "mount").empty());
    SeccompContext admin = kPlain;
    admin.capabilities.push_back("CAP_SYS_ADMIN");
    EXPECT_EQ(rules_for(resolve_default(admin), "mount").size(), 1U);
}

TEST(SeccompProfile, ptrace_needs_a_kernel_of_4_8) {
    SeccompContext old = kPlain;
    old.kernel_release = "4.4.0";
    EXPECT_TRUE(rules_for(resolve_default(old), "ptrace").empty());
    EXPECT_FALSE(rules_for(resolve_default(kPlain), "ptrace").empty());
}

TEST(SeccompProfile, rules_of_other_machines_are_left_out) {
    EXPECT_TRUE(rules_for(resolve_default(kPlain), "s390_pci_mmio_read").empty());
    EXPECT_FALSE(rules_for(resolve_default(kPlain), "arch_prctl").empty());
}

TEST(Security, rt23_no_kernel_interface_that_escapes_used_is_open_to_a_plain_container) {
    Json section = resolve_default(kPlain);
    for (auto name :
         {"bpf", "keyctl", "add_key", "perf_event_open", "userfaultfd", "io_uring_setup", "fsconfig",
          "unshare", "setns", "mount", "open_by_handle_at", "init_module", "kexec_load"})
        EXPECT_TRUE(rules_for(section, name).empty()) << name;
    auto clone3 = rules_for(section, "clone3");
    ASSERT_EQ(clone3.size(), 1U);
    EXPECT_EQ(*clone3[0].find("action")->as_string(), "SCMP_ACT_ERRNO");
    EXPECT_EQ(*clone3[0].find("errnoRet")->as_int64(), 38);
    for (auto& rule : rules_for(section, "socket")) {
        // AF_ALG is 38, AF_VSOCK is 40: every rule for socket must leave both out.
        const Json& argument = rule.find("args")->as_array()->front();
        auto value = *argument.find("value")->as_uint64();
        auto op = *argument.find("op")->as_string();
        for (std::uint64_t family : {38U, 40U}) {
            bool matches = op == "SCMP_CMP_LT"   ? family < value
                           : op == "SCMP_CMP_GT" ? family > value
                                                 : family == value;
            EXPECT_FALSE(matches) << family;
        }
    }
}

TEST(SeccompProfile, a_resolved_section_passes_unchanged) {
    std::string text =
        R"({"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_X86_64"],"syscalls":[]})";
    auto section = resolve_seccomp_profile(text, kPlain);
    ASSERT_TRUE(section.has_value());
    EXPECT_EQ(dump(*section), text);
}

TEST(SeccompProfile, a_malformed_profile_names_the_field) {
    auto section = resolve_seccomp_profile(R"({"defaultAction":"x","syscalls":[{"names":"a"}]})", kPlain);
    ASSERT_FALSE(section.has_value());
    EXPECT_NE(section.error().message().find("syscalls[0].names"), std::string::npos)
        << section.error().message();
}

}  // namespace
}  // namespace tare::oci
