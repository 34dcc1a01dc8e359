#include "run/runtime/seccomp.h"

#include <cerrno>
#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "oci/seccomp_profile.h"
#include "run/runtime/seccomp_cache.h"
#include "run/runtime/seccomp_unknown.h"
#include "run/runtime/seccomp_verdict.h"

namespace tare::runtime {
namespace {

namespace fs = std::filesystem;

oci::Seccomp docker_default() {
    const oci::SeccompContext context{.architecture = "amd64", .capabilities = {}, .kernel_release = "6.1.0"};
    auto section = oci::resolve_seccomp_profile(oci::default_seccomp_profile(), context);
    EXPECT_TRUE(section);
    return std::move(*oci::parse_seccomp(JsonView(*section, "seccomp")));
}

/// What `number` answers under the filter: 0 or errno. In a child, which the filter stays with.
int answer_of(const SeccompFilter& filter, long number, long first = 0, long second = 0) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        if (!filter.install(-1)) ::_exit(250);
        ::_exit(::syscall(number, first, second, 0, 0, 0) < 0 ? errno : 0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

class SeccompTest : public testing::Test {
  protected:
    void SetUp() override {
        char name[] = "/tmp/tare-seccomp-XXXXXX";
        ASSERT_NE(::mkdtemp(name), nullptr);
        directory_ = name;
        cache_ = directory_ + "/cache";
    }
    void TearDown() override { fs::remove_all(directory_); }

    std::string only_file() const {
        std::string found;
        for (auto& entry : fs::directory_iterator(cache_))
            found = entry.path();
        return found;
    }

    std::string directory_;
    std::string cache_;
};

TEST(Seccomp, a_listener_that_could_not_be_told_is_refused) {
    auto fault_of = [](oci::Seccomp section) {
        auto filter = SeccompFilter::make(section);
        return filter ? "" : filter.error().message();
    };
    oci::Seccomp section{.default_action = "SCMP_ACT_ALLOW"};
    section.rules.push_back({.names = {"mkdir"}, .action = "SCMP_ACT_NOTIFY"});
    EXPECT_EQ(fault_of(section), "seccomp listenerPath is not set");
    section.listener_path = "/run/agent.sock";
    EXPECT_EQ(fault_of(section), "");
    section.rules.front().names.push_back("write");
    EXPECT_EQ(fault_of(section), "SCMP_ACT_NOTIFY cannot be used for the write syscall");
    section.rules.clear();
    section.default_action = "SCMP_ACT_NOTIFY";
    EXPECT_EQ(fault_of(section), "SCMP_ACT_NOTIFY cannot be used as default action");
}

TEST_F(SeccompTest, what_the_profile_allows_passes_and_what_it_does_not_name_is_refused) {
    auto filter = SeccompFilter::make(docker_default());
    ASSERT_TRUE(filter);
    EXPECT_EQ(answer_of(*filter, SYS_getppid), 0);
    EXPECT_EQ(answer_of(*filter, SYS_keyctl), EPERM);
}

TEST_F(SeccompTest, arguments_decide_where_the_profile_says_so) {
    auto filter = SeccompFilter::make(docker_default());
    ASSERT_TRUE(filter);
    EXPECT_EQ(answer_of(*filter, SYS_personality, PER_LINUX), 0);
    EXPECT_EQ(answer_of(*filter, SYS_personality, PER_BSD), EPERM);
}

TEST_F(SeccompTest, a_call_younger_than_the_profile_is_not_known_instead_of_refused) {
    auto filter = SeccompFilter::make(docker_default());
    ASSERT_TRUE(filter);
    EXPECT_EQ(answer_of(*filter, 4000), ENOSYS);
}

TEST_F(SeccompTest, a_profile_that_allows_by_default_is_left_as_it_is) {
    oci::Seccomp seccomp;
    seccomp.default_action = "SCMP_ACT_ALLOW";
    seccomp.rules.push_back({.names = {"getppid"}, .action = "SCMP_ACT_ERRNO", .errno_ret = EXDEV});
    auto filter = SeccompFilter::make(seccomp);
    ASSERT_TRUE(filter);
    EXPECT_EQ(answer_of(*filter, SYS_getppid), EXDEV);
    EXPECT_EQ(answer_of(*filter, SYS_gettid), 0);
}

TEST_F(SeccompTest, an_unknown_action_flag_operator_or_architecture_is_an_error) {
    oci::Seccomp good;
    good.default_action = "SCMP_ACT_ALLOW";
    for (int i = 0; i < 4; ++i) {
        oci::Seccomp seccomp = good;
        if (i == 0) seccomp.default_action = "SCMP_ACT_SMILE";
        if (i == 1) seccomp.flags = {"SECCOMP_FILTER_FLAG_NONE"};
        if (i == 2) seccomp.architectures = {"SCMP_ARCH_PDP11"};
        if (i == 3)
            seccomp.rules.push_back({.names = {"read"},
                                     .action = "SCMP_ACT_KILL",
                                     .args = {{.index = 0, .value = 1, .op = "SCMP_CMP_LIKE"}}});
        auto filter = SeccompFilter::make(seccomp);
        ASSERT_FALSE(filter) << i;
        EXPECT_TRUE(filter.error().is(ErrorKind::invalid_argument)) << i;
    }
}

TEST_F(SeccompTest, a_kept_filter_is_the_same_as_a_compiled_one) {
    auto compiled = SeccompFilter::make(docker_default(), cache_);
    ASSERT_TRUE(compiled);
    ASSERT_NE(only_file(), "");
    const auto before = fs::last_write_time(only_file());
    auto kept = SeccompFilter::make(docker_default(), cache_);
    ASSERT_TRUE(kept);
    EXPECT_EQ(fs::last_write_time(only_file()), before);
    ASSERT_EQ(kept->program().size(), compiled->program().size());
    EXPECT_EQ(answer_of(*kept, SYS_keyctl), EPERM);
    EXPECT_EQ(answer_of(*kept, SYS_getppid), 0);
}

TEST_F(SeccompTest, a_kept_filter_of_another_profile_is_not_taken) {
    const SeccompProgram program = {{0x06, 0, 0, 0x7fff0000}};
    keep_seccomp_program(cache_, "one", program);
    ASSERT_TRUE(find_seccomp_program(cache_, "one"));
    fs::copy(only_file(), cat(cache_, "/", std::hash<std::string>{}("two")));
    EXPECT_FALSE(find_seccomp_program(cache_, "two")) << "a collision of names";
}

TEST_F(SeccompTest, a_kept_filter_that_was_cut_off_or_changed_is_not_taken) {
    const SeccompProgram program = {{0x20, 0, 0, 0}, {0x06, 0, 0, 0x7fff0000}};
    keep_seccomp_program(cache_, "key", program);
    const std::string path = only_file();
    const auto size = fs::file_size(path);
    std::fstream(path, std::ios::in | std::ios::out).seekp(static_cast<long>(size) - 1).put('x');
    EXPECT_FALSE(find_seccomp_program(cache_, "key")) << "changed";
    for (auto shorter : {size - 1, size - 8, std::uintmax_t{5}, std::uintmax_t{0}}) {
        fs::resize_file(path, shorter);
        EXPECT_FALSE(find_seccomp_program(cache_, "key")) << shorter;
    }
}

TEST_F(SeccompTest, ever_new_profiles_do_not_fill_the_directory) {
    for (int i = 0; i < 100; ++i)
        keep_seccomp_program(cache_, cat("profile ", i), {{0x06, 0, 0, 0x7fff0000}});
    const auto files = std::distance(fs::directory_iterator(cache_), fs::directory_iterator());
    EXPECT_EQ(files, 64);
    EXPECT_TRUE(find_seccomp_program(cache_, "profile 0"));
    EXPECT_FALSE(find_seccomp_program(cache_, "profile 99"));
}

TEST_F(SeccompTest, what_others_may_write_to_is_not_trusted) {
    keep_seccomp_program(cache_, "key", {{0x06, 0, 0, 0x7fff0000}});
    ASSERT_EQ(::chmod(cache_.c_str(), 0777), 0);
    EXPECT_FALSE(find_seccomp_program(cache_, "key"));
    ASSERT_EQ(::chmod(cache_.c_str(), 0700), 0);
    ASSERT_EQ(::chmod(only_file().c_str(), 0666), 0);
    EXPECT_FALSE(find_seccomp_program(cache_, "key"));
    const std::string link = directory_ + "/link";
    fs::create_symlink(cache_, link);
    ASSERT_EQ(::chmod(only_file().c_str(), 0600), 0);
    EXPECT_FALSE(find_seccomp_program(link, "key")) << "a link in its place";
}

/// Calls that do no harm, with arguments that the kernel itself refuses in another way than the filter.
TEST(SeccompVerdict, a_verdict_is_what_the_kernel_answers) {
    auto filter = SeccompFilter::make(docker_default());
    ASSERT_TRUE(filter);
    const std::uint32_t allowed = 0x7fff0000;
    const std::uint32_t refused = 0x00050000;
    for (long number : std::initializer_list<long>{SYS_getpid, SYS_keyctl, SYS_add_key, SYS_bpf, SYS_mount,
                                                   SYS_clone3, SYS_setsid, 9999L}) {
        int answer = answer_of(*filter, number, -1, -1);
        std::uint32_t verdict = verdict_of(*filter, number, {~std::uint64_t{0}, ~std::uint64_t{0}});
        EXPECT_TRUE(verdict == allowed || verdict == (refused | static_cast<std::uint32_t>(answer)))
            << number << " " << verdict << " " << answer;
    }
    EXPECT_EQ(verdict_of(*filter, SYS_getpid), allowed);
    EXPECT_EQ(verdict_of(*filter, SYS_clone3), refused | ENOSYS);
    EXPECT_EQ(verdict_of(*filter, SYS_personality, {PER_LINUX}), allowed);
    EXPECT_EQ(verdict_of(*filter, SYS_personality, {0x1234}), refused | EPERM);
    EXPECT_EQ(verdict_of(*filter, SYS_clone, {CLONE_NEWUSER}), refused | EPERM);
    EXPECT_EQ(verdict_of(*filter, SYS_clone, {SIGCHLD}), allowed);
}

TEST(SeccompVerdict, dockers_profile_lets_the_first_process_wait_for_its_start) {
    EXPECT_TRUE(lets_wait(*SeccompFilter::make(docker_default())));
    oci::Seccomp strict{.default_action = "SCMP_ACT_ALLOW"};
    strict.rules = {{.names = {"restart_syscall"}, .action = "SCMP_ACT_ERRNO", .errno_ret = {}, .args = {}}};
    EXPECT_FALSE(lets_wait(*SeccompFilter::make(strict)));
}

TEST(SeccompVerdict, dockers_profile_lets_exec_join_and_one_without_fork_does_not) {
    EXPECT_TRUE(lets_join(*SeccompFilter::make(docker_default()), true));
    oci::Seccomp strict{.default_action = "SCMP_ACT_ALLOW"};
    strict.rules = {{.names = {"clone", "clone3"}, .action = "SCMP_ACT_ERRNO", .errno_ret = {}, .args = {}}};
    EXPECT_FALSE(lets_join(*SeccompFilter::make(strict), false));
    strict.rules.front().names = {"ioctl"};
    EXPECT_TRUE(lets_join(*SeccompFilter::make(strict), false));
    EXPECT_FALSE(lets_join(*SeccompFilter::make(strict), true));
}

}  // namespace
}  // namespace tare::runtime
