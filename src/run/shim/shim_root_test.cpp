// The life of containers under the real tare-shim.

#include "run/shim/shim_fixture.h"

namespace tare::shim {
namespace {

TEST_F(ShimTest, a_container_runs_from_create_to_delete) {
    Shim shim = start_shim("c1", {"sh", "-c", "echo out; echo err >&2; exit 7"});
    auto created = must(shim.call(create_request("c1", json_log("c1"))));
    EXPECT_GT(created.pid, 1U);
    EXPECT_EQ(must(shim.call(shimv2::StateRequest{.id = "c1"})).status, shimv2::Status::created);
    EXPECT_EQ(must(shim.call(shimv2::StartRequest{.id = "c1"})).pid, created.pid);
    auto exit = wait_for(shim, "c1");
    EXPECT_EQ(exit.exit_status, 7U);
    EXPECT_FALSE(exit.out_of_memory);
    auto record = shimv2::read_exit_record(shim.bundle, "");
    ASSERT_TRUE(record) << record.error().message();
    EXPECT_EQ(record->exit_status, 7U);
    EXPECT_EQ(record->pid, static_cast<pid_t>(created.pid));
    auto state = must(shim.call(shimv2::StateRequest{.id = "c1"}));
    EXPECT_EQ(state.status, shimv2::Status::stopped);
    EXPECT_EQ(state.exit_status, 7U);
    std::string log = read_text(log_path("c1"));
    EXPECT_NE(log.find(R"({"log":"out\n","stream":"stdout","time":")"), std::string::npos) << log;
    EXPECT_NE(log.find(R"({"log":"err\n","stream":"stderr","time":")"), std::string::npos) << log;
    auto deleted = must(shim.call(shimv2::DeleteRequest{.id = "c1"}));
    EXPECT_EQ(deleted.exit_status, 7U);
    EXPECT_EQ(deleted.pid, created.pid);
    shut_down(shim, "c1");
    EXPECT_FALSE(fs::exists(shim.address.substr(7))) << "its socket is gone with it";
}

TEST_F(ShimTest, a_program_that_is_missing_is_an_error_of_create) {
    Shim shim = start_shim("c1", {"nothing-like-it"});
    auto created = shim.call(create_request("c1"));
    ASSERT_FALSE(created);
    EXPECT_TRUE(created.error().is(ErrorKind::not_found));
    EXPECT_EQ(created.error().message(), "exec: \"nothing-like-it\": executable file not found in $PATH");
    shut_down(shim, "c1");
}

}  // namespace
}  // namespace tare::shim
