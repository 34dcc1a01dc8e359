// The life of containers under the real tare-shim.

#include "posix/build_id.h"
#include "posix/mount.h"
#include "run/shim/shim_fixture.h"
#include "run/task/metrics.h"

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

TEST_F(ShimTest, a_root_that_cannot_be_mounted_is_an_error_that_names_it) {
    Shim shim = start_shim("c1", {"true"});
    auto request = create_request("c1");
    request.rootfs[0].options.push_back("nonsense=1");
    auto created = shim.call(request);
    ASSERT_FALSE(created);
    EXPECT_NE(created.error().message().find("root filesystem: "), std::string::npos)
        << created.error().message();
    EXPECT_NE(created.error().message().find("nonsense"), std::string::npos) << created.error().message();
    shut_down(shim, "c1");
}

TEST_F(ShimTest, a_root_that_is_mounted_already_is_taken_as_it_is) {
    Shim shim = start_shim("c1", {"cat", "/etc/prepared"});
    auto request = create_request("c1", json_log("c1"));
    auto root = std::move(*posix::make_mount("tmpfs", "tmpfs", {}, 0));
    fs::copy(directory_ + "/image", cat("/proc/self/fd/", root.get()),
             fs::copy_options::recursive | fs::copy_options::copy_symlinks);
    std::ofstream(cat("/proc/self/fd/", root.get(), "/etc/prepared")) << "by the caller\n";
    // Would fail if it were mounted.
    request.rootfs[0].type = "no-such-file-system";
    std::vector<posix::Fd> descriptors;
    descriptors.push_back(std::move(root));
    must(shim.call(request, std::move(descriptors)));
    must(shim.call(shimv2::StartRequest{.id = "c1"}));
    EXPECT_EQ(wait_for(shim, "c1").exit_status, 0U);
    EXPECT_EQ(logged(log_path("c1")), "by the caller\n");
    end(shim, "c1");
}

TEST_F(ShimTest, more_descriptors_than_root_mounts_are_refused) {
    Shim shim = start_shim("c1", {"true"});
    auto request = create_request("c1");
    request.rootfs.clear();
    std::vector<posix::Fd> descriptors;
    descriptors.push_back(std::move(*posix::open_file("/dev/null", O_RDONLY)));
    auto created = shim.call(request, std::move(descriptors));
    ASSERT_FALSE(created);
    EXPECT_TRUE(created.error().is(ErrorKind::invalid_argument));
    shut_down(shim, "c1");
}

TEST_F(ShimTest, nothing_of_the_container_is_mounted_on_the_host) {
    Shim shim = launch("c1", {"sleep", "1000"});
    EXPECT_EQ(mount_count(), 0U);
    kill(shim, "c1");
    EXPECT_EQ(wait_for(shim, "c1").exit_status, 137U);
    end(shim, "c1");
}

TEST_F(ShimTest, a_signal_that_kills_is_128_and_more) {
    Shim shim = launch("c1", {"sh", "-c", "trap 'exit 3' USR1; while true; do sleep 0.1; done"});
    ::usleep(300'000);
    kill(shim, "c1", SIGUSR1);
    EXPECT_EQ(wait_for(shim, "c1").exit_status, 3U);
    auto again = shim.call(shimv2::KillRequest{.id = "c1", .signal = SIGTERM});
    ASSERT_FALSE(again);
    EXPECT_TRUE(again.error().is(ErrorKind::not_found));
    end(shim, "c1");
}

TEST_F(ShimTest, a_container_that_was_never_started_can_be_deleted) {
    Shim shim = start_shim("c1", {"true"});
    must(shim.call(create_request("c1")));
    EXPECT_EQ(must(shim.call(shimv2::DeleteRequest{.id = "c1"})).exit_status, 137U);
    shut_down(shim, "c1");
}

TEST_F(ShimTest, calls_out_of_turn_are_refused) {
    Shim shim = launch("c1", {"sleep", "1000"});
    EXPECT_TRUE(shim.call(create_request("c1")).error().is(ErrorKind::already_exists));
    EXPECT_TRUE(shim.call(shimv2::StartRequest{.id = "c1"}).error().is(ErrorKind::failed_precondition));
    EXPECT_TRUE(shim.call(shimv2::DeleteRequest{.id = "c1"}).error().is(ErrorKind::failed_precondition));
    EXPECT_TRUE(shim.call(shimv2::StateRequest{.id = "c2"}).error().is(ErrorKind::not_found));
    EXPECT_TRUE(shim.call(shimv2::StateRequest{.id = "c1", .exec_id = "e"}).error().is(ErrorKind::not_found));
    EXPECT_TRUE(shim.call(shimv2::CheckpointTaskRequest{.id = "c1"}).error().is(ErrorKind::unimplemented));
    EXPECT_TRUE(shim.call(shimv2::ResizePtyRequest{.id = "c1", .width = 1, .height = 1})
                    .error()
                    .is(ErrorKind::failed_precondition));
    // Shutdown with a container is a wish for later.
    must(shim.call(shimv2::ShutdownRequest{.id = "c1"}));
    auto connected = must(shim.call(shimv2::ConnectRequest{.id = "c1"}));
    EXPECT_EQ(connected.shim_pid, static_cast<std::uint32_t>(shim.pid));
    EXPECT_EQ(connected.build, must(posix::build_id(program_)));
    kill(shim, "c1");
    wait_for(shim, "c1");
    end(shim, "c1");
}

TEST_F(ShimTest, pause_stops_and_resume_goes_on) {
    Shim shim = launch("c1", {"sh", "-c", "while true; do echo tick; sleep 0.02; done"}, json_log("c1"));
    must(shim.call(shimv2::PauseRequest{.id = "c1"}));
    EXPECT_EQ(must(shim.call(shimv2::StateRequest{.id = "c1"})).status, shimv2::Status::paused);
    ::usleep(50'000);
    auto size = fs::file_size(log_path("c1"));
    ::usleep(200'000);
    EXPECT_EQ(fs::file_size(log_path("c1")), size);
    must(shim.call(shimv2::ResumeRequest{.id = "c1"}));
    EXPECT_EQ(must(shim.call(shimv2::StateRequest{.id = "c1"})).status, shimv2::Status::running);
    for (int i = 0; i < 500 && fs::file_size(log_path("c1")) == size; ++i)
        ::usleep(10'000);
    EXPECT_GT(fs::file_size(log_path("c1")), size);
    kill(shim, "c1");
    wait_for(shim, "c1");
    end(shim, "c1");
}

TEST_F(ShimTest, a_paused_container_can_be_killed) {
    Shim shim = launch("c1", {"sleep", "1000"});
    must(shim.call(shimv2::PauseRequest{.id = "c1"}));
    kill(shim, "c1");
    EXPECT_EQ(wait_for(shim, "c1").exit_status, 137U);
    end(shim, "c1");
}

TEST_F(ShimTest, pids_and_stats_count_the_group) {
    Shim shim = launch("c1", {"sh", "-c", "sleep 1000 & sleep 1000; true"});
    for (int i = 0; i < 200 && must(shim.call(shimv2::PidsRequest{.id = "c1"})).processes.size() < 3; ++i)
        ::usleep(10'000);
    EXPECT_EQ(must(shim.call(shimv2::PidsRequest{.id = "c1"})).processes.size(), 3U);
    auto stats = must(shim.call(shimv2::StatsRequest{.id = "c1"})).stats;
    if (stats.is(shimv2::metrics_v1::Metrics::kType)) {
        auto metrics = must(shimv2::decode<shimv2::metrics_v1::Metrics>(stats.value));
        EXPECT_EQ(metrics.pids.current, 3U);
        EXPECT_GT(metrics.memory.usage.usage, 0U);
        EXPECT_GT(metrics.cpu.usage.total, 0U);
    } else {
        ASSERT_TRUE(stats.is(shimv2::metrics_v2::Metrics::kType)) << stats.type_url;
        auto metrics = must(shimv2::decode<shimv2::metrics_v2::Metrics>(stats.value));
        EXPECT_EQ(metrics.pids.current, 3U);
    }
    must(shim.call(shimv2::KillRequest{.id = "c1", .signal = SIGKILL, .all = true}));
    EXPECT_EQ(wait_for(shim, "c1").exit_status, 137U);
    end(shim, "c1");
}

TEST_F(ShimTest, an_update_changes_the_limits_of_a_running_container) {
    Shim shim = launch("c1", {"sleep", "1000"});
    must(shim.call(shimv2::UpdateTaskRequest{.id = "c1",
                                             .resources = {.type_url = std::string(shimv2::kResourcesType),
                                                           .value = R"({"pids":{"limit":77}})"}}));
    std::string limits;
    for (auto path : {"/sys/fs/cgroup/pids/", "/sys/fs/cgroup/"})
        limits += posix::read_file(cat(path, group_name(), "/c1/pids.max"), 64).value_or("");
    EXPECT_EQ(trim(limits), "77");
    kill(shim, "c1");
    wait_for(shim, "c1");
    end(shim, "c1");
}

TEST_F(ShimTest, a_kill_for_want_of_memory_is_told) {
    listen_for_events();
    spec_.linux_section.resources.memory.limit = std::int64_t{24} << 20;
    spec_.linux_section.resources.memory.swap = std::int64_t{24} << 20;
    Shim shim = launch("c1", {"sh", "-c", "tail -c 100000000 /dev/zero"});
    auto exit = wait_for(shim, "c1");
    EXPECT_NE(exit.exit_status, 0U);
    EXPECT_TRUE(exit.out_of_memory);
    EXPECT_TRUE(must(shimv2::read_exit_record(shim.bundle, "")).out_of_memory);
    auto seen = topics(4);
    ASSERT_EQ(seen.size(), 4U);
    EXPECT_EQ(seen[2], "/tasks/oom");
    EXPECT_EQ(seen[3], "/tasks/exit");
    end(shim, "c1");
}

TEST_F(ShimTest, events_tell_the_life_in_order) {
    listen_for_events();
    Shim shim = launch("c1", {"sleep", "1000"});
    exec(shim, "c1", "e1", {"true"});
    must(shim.call(shimv2::StartRequest{.id = "c1", .exec_id = "e1"}));
    wait_for(shim, "c1", "e1");
    must(shim.call(shimv2::PauseRequest{.id = "c1"}));
    must(shim.call(shimv2::ResumeRequest{.id = "c1"}));
    kill(shim, "c1");
    wait_for(shim, "c1");
    end(shim, "c1");
    EXPECT_EQ(topics(9), (std::vector<std::string>{"/tasks/create", "/tasks/start", "/tasks/exec-added",
                                                   "/tasks/exec-started", "/tasks/exit", "/tasks/paused",
                                                   "/tasks/resumed", "/tasks/exit", "/tasks/delete"}));
}

TEST_F(ShimTest, the_last_kill_ends_what_init_left_behind_in_a_shared_pid_namespace) {
    std::erase_if(spec_.linux_section.namespaces,
                  [](auto& entry) { return entry.kind == oci::NamespaceKind::pid; });
    Shim shim = launch("c1", {"sh", "-c", "sleep 1000 & exit 5"});
    EXPECT_EQ(wait_for(shim, "c1").exit_status, 5U);
    auto left = must(shim.call(shimv2::PidsRequest{.id = "c1"})).processes;
    for (int i = 0; i < 200 && !left.empty(); ++i) {
        ::usleep(10'000);
        left = must(shim.call(shimv2::PidsRequest{.id = "c1"})).processes;
    }
    EXPECT_TRUE(left.empty());
    end(shim, "c1");
}

TEST_F(ShimTest, a_user_that_is_not_root_may_open_its_own_streams_again) {
    spec_.process->user.uid = 1000;
    spec_.process->user.gid = 1000;
    Shim shim =
        launch("c1", {"sh", "-c", "echo again > /proc/self/fd/1; id -u > /dev/stderr"}, json_log("c1"));
    EXPECT_EQ(wait_for(shim, "c1").exit_status, 0U);
    EXPECT_EQ(logged(log_path("c1")), "again\n1000\n");
    end(shim, "c1");
}

TEST_F(ShimTest, the_log_rotates_and_keeps_its_attributes) {
    auto io = json_log("c1");
    io.log_max_bytes = 20'000;
    io.log_max_files = 3;
    io.log_attributes = {{"tag", "x"}};
    Shim shim = launch("c1", {"seq", "1", "2000"}, io);
    EXPECT_EQ(wait_for(shim, "c1").exit_status, 0U);
    std::string all = logged(log_path("c1") + ".2") + logged(log_path("c1") + ".1") + logged(log_path("c1"));
    EXPECT_TRUE(all.ends_with("1998\n1999\n2000\n"));
    EXPECT_FALSE(fs::exists(log_path("c1") + ".3"));
    EXPECT_LT(fs::file_size(log_path("c1") + ".1"), 21'000U);
    EXPECT_NE(read_text(log_path("c1")).find(R"("attrs":{"tag":"x"})"), std::string::npos);
    end(shim, "c1");
}

TEST_F(ShimTest, no_output_is_lost_however_much_and_however_fast) {
    Shim shim = launch("c1", {"sh", "-c", "seq 1 30000; seq 1 30000 >&2"}, json_log("c1"));
    EXPECT_EQ(wait_for(shim, "c1").exit_status, 0U);
    std::string text = logged(log_path("c1"));
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 60000);
    end(shim, "c1");
}

}  // namespace
}  // namespace tare::shim
