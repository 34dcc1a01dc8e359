#include "run/runtime/features.h"

#include <gtest/gtest.h>

#include "run/runtime/mount_options.h"
#include "run/runtime/seccomp.h"

namespace tare::runtime {
namespace {

TEST(Features, has_what_engines_look_for) {
    const Json document = features_document("1.2.3");
    EXPECT_EQ(*document.find("ociVersionMin")->as_string(), "1.0.0");
    EXPECT_EQ(*document.find("ociVersionMax")->as_string(), "1.2.0");
    EXPECT_EQ(*document.find("annotations")->find("org.opencontainers.runc.version")->as_string(), "1.2.3");
    const std::string text = dump(document);
    for (auto name : {"\"CAP_SYS_ADMIN\"", "\"SCMP_ACT_ERRNO\"", "\"SCMP_CMP_MASKED_EQ\"", "\"rro\"",
                      "\"SCMP_ARCH_X86_64\"", "\"createContainer\""})
        EXPECT_NE(text.find(name), std::string::npos) << name;
}

TEST(Features, every_action_it_names_makes_a_filter) {
    for (auto action : seccomp_abilities().actions) {
        oci::Seccomp section{.default_action = "SCMP_ACT_ALLOW", .listener_path = "/run/agent"};
        if (action != "SCMP_ACT_ALLOW")
            section.rules.push_back({.names = {"mkdir"}, .action = std::string(action)});
        auto filter = SeccompFilter::make(section);
        EXPECT_TRUE(filter) << action;
    }
}

TEST(Features, no_mount_option_it_names_is_left_to_the_file_system) {
    for (const std::string& option : known_mount_options())
        EXPECT_TRUE(parse_mount_options({option}).parameters.empty()) << option;
}

}  // namespace
}  // namespace tare::runtime
