#include "engine/task/tasks.h"

#include <condition_variable>

#include "engine/task/fake_shim_test.h"
#include "posix/build_id.h"

namespace tare::task {
namespace {

using namespace std::chrono_literals;

const Key kKey{"default", "c1"};

/// Exits as they are told.
class Told {
  public:
    void tell(const Exit& exit) {
        std::lock_guard lock(mutex_);
        exits_.push_back(exit);
        changed_.notify_all();
    }
    bool wait_for(std::size_t count) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, 10s, [&] { return exits_.size() >= count; });
    }
    std::vector<Exit> exits() {
        std::lock_guard lock(mutex_);
        return exits_;
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Exit> exits_;
};

class TasksTest : public testing::Test {
  protected:
    void SetUp() override {
        char path[] = "/tmp/tare-tasks-XXXXXX";
        ASSERT_TRUE(::mkdtemp(path));
        directory_ = path;
        ASSERT_TRUE(posix::make_directory(directory_ + "/state", 0700));
        shim_ = std::make_unique<FakeShim>(directory_);
        shimv2::CreateTaskResponse created;
        created.pid = 77;
        shim_->answer("Create", encode(created));
        open();
    }
    void TearDown() override {
        tasks_.reset();
        shim_.reset();
        EXPECT_TRUE(posix::remove_tree(directory_));
    }
    void open(std::optional<std::string> shim_program = {}) {
        tasks_.reset();
        shim_->forget_waiters();
        tasks_ = std::move(*Tasks::open({.state_directory = directory_ + "/state",
                                         .shim_program = shim_program.value_or(shim_->program())},
                                        [this](const Exit& exit) { told_.tell(exit); }));
    }
    std::string bundle() const { return directory_ + "/state/shim/default/c1"; }
    void run() {
        ASSERT_EQ(*tasks_->create(kKey, {}), 77);
        ASSERT_TRUE(tasks_->start(kKey));
    }
    void write_exit(const std::string& exec_id, std::uint32_t status) {
        ASSERT_TRUE(shimv2::write_exit_record(
            bundle(), {.exec_id = exec_id, .pid = 77, .exit_status = status, .exited_at = now()}));
    }

    std::string directory_;
    std::unique_ptr<FakeShim> shim_;
    Told told_;
    std::unique_ptr<Tasks> tasks_;
};

TEST_F(TasksTest, an_exit_is_told_once_with_its_pid_and_status) {
    run();
    shim_->end("", 42);
    ASSERT_TRUE(told_.wait_for(1));
    EXPECT_EQ(told_.exits()[0].key, kKey);
    EXPECT_EQ(told_.exits()[0].pid, 77);
    EXPECT_EQ(told_.exits()[0].status, 42);
    EXPECT_TRUE(tasks_->remove(kKey));
    EXPECT_FALSE(posix::exists(bundle()));
    EXPECT_EQ(told_.exits().size(), 1u);
}

TEST_F(TasksTest, an_exit_that_comes_before_the_answer_to_start_waits_for_it) {
    ASSERT_TRUE(tasks_->create(kKey, {}));
    shim_->before("Start", [this] {
        shim_->end("", 3);
        EXPECT_TRUE(told_.exits().empty());
    });
    ASSERT_TRUE(tasks_->start(kKey));
    ASSERT_TRUE(told_.wait_for(1));
    EXPECT_EQ(told_.exits()[0].status, 3);
}

TEST_F(TasksTest, the_end_of_a_process_that_never_started_is_no_exit) {
    ASSERT_TRUE(tasks_->create(kKey, {}));
    shim_->answer("Start", fail(ErrorKind::not_found, "exec format error"));
    auto started = tasks_->start(kKey);
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().message(), "exec format error");
    shim_->end("", 137);
    EXPECT_TRUE(tasks_->remove(kKey));
    EXPECT_TRUE(told_.exits().empty());
}

TEST_F(TasksTest, a_failed_create_has_the_runtimes_words_and_leaves_no_bundle) {
    shim_->answer("Create", fail(ErrorKind::not_found, "exec: \"x\": executable file not found in $PATH"));
    auto created = tasks_->create(kKey, {});
    ASSERT_FALSE(created);
    EXPECT_EQ(created.error().message(), "exec: \"x\": executable file not found in $PATH");
    EXPECT_FALSE(posix::exists(bundle()));
    shimv2::CreateTaskResponse response;
    response.pid = 78;
    shim_->answer("Create", encode(response));
    EXPECT_EQ(*tasks_->create(kKey, {}), 78);
}

TEST_F(TasksTest, a_second_task_of_one_name_is_refused_and_harms_nothing) {
    run();
    auto second = tasks_->create(kKey, {});
    ASSERT_FALSE(second);
    EXPECT_TRUE(second.error().is(ErrorKind::already_exists));
    EXPECT_TRUE(posix::exists(bundle()));
}

TEST_F(TasksTest, a_shim_that_was_killed_ends_its_container) {
    run();
    for (int i = 0; i < 500 && !shim_->has_waiter(""); ++i)
        std::this_thread::sleep_for(10ms);
    shim_->die();
    ASSERT_TRUE(told_.wait_for(1));
    EXPECT_EQ(told_.exits()[0].status, 137);
    EXPECT_TRUE(shim_->has_cleaned_up());
    EXPECT_TRUE(tasks_->remove(kKey));
    EXPECT_FALSE(posix::exists(bundle()));
}

TEST_F(TasksTest, a_shim_that_wrote_the_exit_down_before_it_died_is_believed) {
    run();
    for (int i = 0; i < 500 && !shim_->has_waiter(""); ++i)
        std::this_thread::sleep_for(10ms);
    write_exit("", 3);
    shim_->die();
    ASSERT_TRUE(told_.wait_for(1));
    EXPECT_EQ(told_.exits()[0].status, 3);
}

TEST_F(TasksTest, names_that_leave_the_directory_are_refused) {
    for (const char* id : {"", "..", "a/b", "../x", ".hidden", "-x"}) {
        auto created = tasks_->create({"default", id}, {});
        ASSERT_FALSE(created) << id;
        EXPECT_TRUE(created.error().is(ErrorKind::invalid_argument)) << id;
    }
}

TEST_F(TasksTest, an_exec_is_told_by_its_id_and_its_record_is_kept) {
    run();
    ASSERT_TRUE(tasks_->exec(kKey, "e1", {.record = "kept"}));
    ASSERT_TRUE(tasks_->start_exec(kKey, "e1"));
    shim_->end("e1", 5);
    ASSERT_TRUE(told_.wait_for(1));
    EXPECT_EQ(told_.exits()[0].exec_id, "e1");
    EXPECT_TRUE(tasks_->remove_exec(kKey, "e1"));
    EXPECT_TRUE(posix::exists(bundle() + "/exec-e1"));
    EXPECT_TRUE(tasks_->forget_exec(kKey, "e1"));
    EXPECT_FALSE(posix::exists(bundle() + "/exec-e1"));
}

TEST_F(TasksTest, recovery_finds_what_runs_and_hears_of_its_end) {
    run();
    shimv2::StateResponse state;
    state.pid = 77;
    state.status = shimv2::Status::running;
    shim_->answer("State", encode(state));
    open();
    auto found = tasks_->recover();
    ASSERT_TRUE(found);
    ASSERT_EQ(found->size(), 1u);
    EXPECT_TRUE((*found)[0].has_shim);
    EXPECT_EQ((*found)[0].state.status, Status::running);
    EXPECT_FALSE((*found)[0].exit);
    shim_->end("", 9);
    ASSERT_TRUE(told_.wait_for(1));
    EXPECT_EQ(told_.exits()[0].pid, 77);
}

TEST_F(TasksTest, ta3_shims_of_another_build_than_the_installed_one_are_named) {
    run();
    shimv2::StateResponse state;
    state.pid = 77;
    state.status = shimv2::Status::running;
    shim_->answer("State", encode(state));
    // This test stands in for the installed program.
    const std::string own = *posix::build_id("/proc/self/exe");
    auto others_after_upgrade = [&](std::string build) {
        shim_->answer("Connect", encode(shimv2::ConnectResponse{.build = std::move(build)}));
        open("/proc/self/exe");
        EXPECT_TRUE(tasks_->recover());
        return tasks_->under_other_shims();
    };
    EXPECT_EQ(others_after_upgrade("0123"), std::vector{kKey});
    EXPECT_EQ(others_after_upgrade(""), std::vector{kKey}) << "a shim from before there were builds";
    EXPECT_TRUE(others_after_upgrade(own).empty());
}

TEST_F(TasksTest, ta3_without_a_build_of_the_installed_shim_nothing_is_said_of_the_others) {
    run();
    EXPECT_TRUE(tasks_->under_other_shims().empty());
}

TEST_F(TasksTest, recovery_takes_exits_from_disk) {
    run();
    ASSERT_TRUE(tasks_->exec(kKey, "e1", {.record = "kept"}));
    write_exit("", 4);
    write_exit("e1", 6);
    shimv2::StateResponse state;
    state.status = shimv2::Status::stopped;
    shim_->answer("State", encode(state));
    open();
    auto found = tasks_->recover();
    ASSERT_TRUE(found && found->size() == 1);
    ASSERT_TRUE((*found)[0].exit);
    EXPECT_EQ((*found)[0].exit->status, 4);
    ASSERT_EQ((*found)[0].execs.size(), 1u);
    EXPECT_EQ((*found)[0].execs[0].record, "kept");
    EXPECT_EQ((*found)[0].execs[0].exit->status, 6);
}

TEST_F(TasksTest, recovery_ends_a_task_whose_shim_is_gone) {
    run();
    tasks_.reset();
    shim_->die();
    open();
    auto found = tasks_->recover();
    ASSERT_TRUE(found && found->size() == 1);
    EXPECT_FALSE((*found)[0].has_shim);
    EXPECT_TRUE(shim_->has_cleaned_up());
    ASSERT_TRUE((*found)[0].exit);
    EXPECT_EQ((*found)[0].exit->status, 137);
    EXPECT_TRUE(tasks_->remove(kKey));
    EXPECT_FALSE(posix::exists(bundle()));
}

}  // namespace
}  // namespace tare::task
