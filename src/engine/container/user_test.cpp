#include "engine/container/user.h"

#include <sys/stat.h>

#include "engine/container/container_fixture.h"

namespace tare::container {
namespace {

class UserTest : public testing::Test {
  protected:
    void SetUp() override {
        directory_.write("etc/passwd",
                         "root:x:0:0:root:/root:/bin/sh\n"
                         "# a comment\n"
                         "broken line\n"
                         "www:x:33:34:www:/var/www:/bin/false\n"
                         "1001:x:77:77::/:/bin/sh\n");
        directory_.write("etc/group",
                         "root:x:0:root\nwheel:x:10:root,www\nweb:x:34:\nadm:x:4:www\n1002:x:88:\n");
    }

    oci::User resolve(std::string_view user, const Strings& groups = {}) {
        auto resolved = resolve_user(directory_.open().get(), user, groups);
        EXPECT_TRUE(resolved) << message_of(resolved);
        return resolved.value_or(oci::User());
    }
    std::string failure(std::string_view user, const Strings& groups = {}) {
        return message_of(resolve_user(directory_.open().get(), user, groups));
    }
    using Gids = std::vector<std::uint32_t>;

    TemporaryDirectory directory_;
};

TEST_F(UserTest, nobody_named_is_root_with_its_groups) {
    EXPECT_EQ(resolve("").uid, 0U);
    EXPECT_EQ(resolve("").additional_gids, Gids({0, 10}));
}

TEST_F(UserTest, a_name_brings_its_groups) {
    oci::User user = resolve("www");
    EXPECT_EQ(user.uid, 33U);
    EXPECT_EQ(user.gid, 34U);
    EXPECT_EQ(user.additional_gids, Gids({34, 10, 4}));
}

TEST_F(UserTest, the_uid_of_an_account_is_that_account) {
    EXPECT_EQ(resolve("33").additional_gids, Gids({34, 10, 4}));
}

TEST_F(UserTest, a_uid_without_account_has_group_0) {
    oci::User user = resolve("1234");
    EXPECT_EQ(user.uid, 1234U);
    EXPECT_EQ(user.gid, 0U);
    EXPECT_EQ(user.additional_gids, Gids{0});
}

TEST_F(UserTest, who_names_a_group_gets_that_one_alone) {
    EXPECT_EQ(resolve("www:adm").additional_gids, Gids{4});
    EXPECT_EQ(resolve("www:99").additional_gids, Gids{99});
}

TEST_F(UserTest, added_groups_come_on_top) {
    EXPECT_EQ(resolve("1234", {"wheel", "55", "55"}).additional_gids, Gids({0, 10, 55}));
}

TEST_F(UserTest, unknown_names_are_refused_in_dockers_words) {
    EXPECT_EQ(failure("nope"), "unable to find user nope: no matching entries in passwd file");
    EXPECT_EQ(failure("www:nope"), "unable to find group nope: no matching entries in group file");
    EXPECT_EQ(failure("www", {"nope"}), "unable to find group nope: no matching entries in group file");
}

TEST(Security, rt15_ids_are_numbers_and_never_names) {
    TemporaryDirectory directory;
    directory.write("etc/passwd", "1001:x:0:0::/:/bin/sh\n4294967296:x:0:0::/:/bin/sh\n");
    auto user = resolve_user(directory.open().get(), "1001", {});
    ASSERT_TRUE(user);
    EXPECT_EQ(user->uid, 1001U);
    for (const char* text : {"4294967296", "2147483648", "99999999999999999999", "0:4294967295"})
        EXPECT_FALSE(resolve_user(directory.open().get(), text, {})) << text;
    directory.write("etc/passwd", "-1:x:0:0::/:\n+1:x:0:0::/:\n 1:x:0:0::/:\n1 :x:0:0::/:\n0x1:x:7:7::/:\n");
    directory.write("etc/group", "-1:x:0:\n+1:x:0:\n");
    for (const char* text : {"-1", "+1", " 1", "1 ", "1\n", "5:-1", "5:+1", "5: 1"})
        EXPECT_FALSE(resolve_user(directory.open().get(), text, {})) << quote(text);
    EXPECT_EQ(resolve_user(directory.open().get(), "0x1", {})->uid, 7U) << "a name like any other";
    EXPECT_EQ(resolve_user(directory.open().get(), "00", {})->uid, 0U);
}

TEST(Security, rt16_account_files_are_regular_files_of_the_root) {
    TemporaryDirectory directory;
    ASSERT_EQ(::mkdir((directory.path() + "/etc").c_str(), 0755), 0);
    ASSERT_EQ(::mkfifo((directory.path() + "/etc/passwd").c_str(), 0600), 0);
    EXPECT_EQ(message_of(resolve_user(directory.open().get(), "", {})),
              "/etc/passwd of the container is not a regular file");
}

TEST(Security, rt16_an_account_file_that_leads_out_of_the_root_is_looked_up_inside) {
    TemporaryDirectory directory;
    std::filesystem::create_directories(directory.path() + "/etc");
    std::filesystem::create_symlink("/../../../../usr/share/base-passwd/passwd.master",
                                    directory.path() + "/etc/passwd");
    auto user = resolve_user(directory.open().get(), "daemon", {});
    EXPECT_FALSE(user) << "the host has a daemon, the container has not";
}

TEST(Security, rt16_an_account_file_without_end_is_refused) {
    TemporaryDirectory directory;
    directory.write("etc/passwd", std::string(kAccountFileBytes + 1, 'x'));
    auto user = resolve_user(directory.open().get(), "", {});
    ASSERT_FALSE(user);
    EXPECT_TRUE(user.error().is(ErrorKind::resource_exhausted));
}

TEST(Users, an_image_without_account_files_has_numbers_only) {
    TemporaryDirectory directory;
    auto user = resolve_user(directory.open().get(), "5:6", {});
    ASSERT_TRUE(user);
    EXPECT_EQ(user->uid, 5U);
    EXPECT_EQ(user->gid, 6U);
    EXPECT_FALSE(resolve_user(directory.open().get(), "root", {}));
}

}  // namespace
}  // namespace tare::container
