#include "base/fault.h"

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tare::fault {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Result<> save() {
    TRY(point("test.save.written"));
    TRY(point("test.save.renamed"));
    return {};
}

class Fault : public ::testing::Test {
  protected:
    ~Fault() override {
        disarm_all();
        ::unsetenv("TARE_FAULT");
    }
};

TEST_F(Fault, an_unarmed_point_does_nothing) {
    EXPECT_TRUE(save());
    arm("test.other", Action::error);
    EXPECT_TRUE(save());
}

TEST_F(Fault, an_armed_one_fails_each_time_until_disarmed) {
    arm("test.save.renamed", Action::error);
    EXPECT_TRUE(save().error().is(ErrorKind::aborted));
    EXPECT_THAT(save().error().message(), HasSubstr("test.save.renamed"));
    disarm_all();
    EXPECT_TRUE(save());
}

TEST_F(Fault, may_pass_some_times_first) {
    arm("test.save.written", Action::error, 2);
    EXPECT_TRUE(save());
    EXPECT_TRUE(save());
    EXPECT_FALSE(save());
}

TEST_F(Fault, kills_the_process) {
    EXPECT_EXIT(
        {
            arm("test.save.written", Action::kill);
            (void)save();  // does not return
        },
        ::testing::KilledBySignal(SIGKILL), "");
}

TEST_F(Fault, runs_what_a_test_wants_to_happen_at_that_moment) {
    int reached = 0;
    arm("test.save.written", [&]() -> Result<> {
        ++reached;
        return fail(ErrorKind::resource_exhausted, "disk full");
    });
    EXPECT_TRUE(save().error().is(ErrorKind::resource_exhausted));
    EXPECT_EQ(reached, 1);
}

TEST_F(Fault, recording_names_the_points_of_an_operation_once_each) {
    auto names = record([] {
        EXPECT_TRUE(save());
        EXPECT_TRUE(save());
    });
    EXPECT_THAT(names, ElementsAre("test.save.written", "test.save.renamed"));
    EXPECT_TRUE(record([] {}).empty());
}

#ifdef NDEBUG
// Security TA5: a release program has no door to arm a point from outside.
TEST_F(Fault, ta5_a_release_build_does_not_read_the_environment) {
    ::setenv("TARE_FAULT", "test.save.written:error", 1);
    EXPECT_TRUE(arm_from_environment());
    EXPECT_TRUE(save());
}
#else
TEST_F(Fault, a_debug_build_is_armed_by_its_environment) {
    EXPECT_TRUE(arm_from_environment());
    ::setenv("TARE_FAULT", "test.other:kill,test.save.written:error:1", 1);
    EXPECT_TRUE(arm_from_environment());
    EXPECT_TRUE(save());
    EXPECT_FALSE(save());
    for (const char* wrong : {"name", "name:explode", "name:error:x", "name:error:1:2"}) {
        ::setenv("TARE_FAULT", wrong, 1);
        EXPECT_TRUE(arm_from_environment().error().is(ErrorKind::invalid_argument)) << wrong;
    }
}
#endif

}  // namespace
}  // namespace tare::fault
