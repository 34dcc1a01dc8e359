// Execs, terminals and attached clients under the real tare-shim.

#include "run/shim/shim_fixture.h"

namespace tare::shim {
namespace {

class ShimStreamsTest : public ShimTest {
  protected:
    void finish(const Shim& shim) {
        kill(shim, "c1");
        wait_for(shim, "c1");
        end(shim, "c1");
    }
    std::uint32_t start_exec(const Shim& shim, const std::string& exec_id) {
        return must(shim.call(shimv2::StartRequest{.id = "c1", .exec_id = exec_id})).pid;
    }
};

TEST_F(ShimStreamsTest, an_exec_runs_beside_and_tells_its_exit) {
    Shim shim = launch("c1", {"sleep", "1000"});
    exec(shim, "c1", "e1", {"sh", "-c", "echo from exec; exit 9"});
    auto client = attach(shim, all_streams("c1", "e1"));
    EXPECT_GT(start_exec(shim, "e1"), 0U);
    EXPECT_EQ(read_all(client), "from exec\n");
    EXPECT_EQ(wait_for(shim, "c1", "e1").exit_status, 9U);
    EXPECT_EQ(must(shimv2::read_exit_record(shim.bundle, "e1")).exit_status, 9U);
    auto again = shim.call(shimv2::ExecProcessRequest{.id = "c1", .exec_id = "e1"});
    EXPECT_TRUE(again.error().is(ErrorKind::already_exists));
    EXPECT_EQ(must(shim.call(shimv2::DeleteRequest{.id = "c1", .exec_id = "e1"})).exit_status, 9U);
    EXPECT_FALSE(shimv2::read_exit_record(shim.bundle, "e1"));
    finish(shim);
}

TEST_F(ShimStreamsTest, an_exec_whose_program_is_missing_fails_at_its_start) {
    Shim shim = launch("c1", {"sleep", "1000"});
    exec(shim, "c1", "e1", {"nothing-like-it"});
    auto client = attach(shim, all_streams("c1", "e1"));
    auto started = shim.call(shimv2::StartRequest{.id = "c1", .exec_id = "e1"});
    ASSERT_FALSE(started);
    EXPECT_TRUE(started.error().is(ErrorKind::not_found));
    EXPECT_EQ(read_all(client), "");
    must(shim.call(shimv2::DeleteRequest{.id = "c1", .exec_id = "e1"}));
    finish(shim);
}

TEST_F(ShimStreamsTest, an_exec_takes_input_and_ends_with_it) {
    Shim shim = launch("c1", {"sleep", "1000"});
    exec(shim, "c1", "e1", {"cat"}, {.open_stdin = true});
    auto request = all_streams("c1", "e1");
    request.closes_stdin = true;
    auto client = attach(shim, request);
    start_exec(shim, "e1");
    ASSERT_TRUE(posix::write_all(client.get(), "to cat and back"));
    ASSERT_TRUE(posix::shut_down_writing(client.get()));
    EXPECT_EQ(read_all(client), "to cat and back");
    EXPECT_EQ(wait_for(shim, "c1", "e1").exit_status, 0U);
    finish(shim);
}

TEST_F(ShimStreamsTest, a_kill_of_an_exec_spares_the_container) {
    Shim shim = launch("c1", {"sleep", "1000"});
    exec(shim, "c1", "e1", {"sleep", "1000"});
    start_exec(shim, "e1");
    EXPECT_EQ(must(shim.call(shimv2::PidsRequest{.id = "c1"})).processes.size(), 2U);
    must(shim.call(shimv2::KillRequest{.id = "c1", .exec_id = "e1", .signal = SIGKILL}));
    EXPECT_EQ(wait_for(shim, "c1", "e1").exit_status, 137U);
    EXPECT_EQ(must(shim.call(shimv2::StateRequest{.id = "c1"})).status, shimv2::Status::running);
    finish(shim);
}

TEST_F(ShimStreamsTest, the_end_of_the_container_ends_its_execs) {
    Shim shim = launch("c1", {"sleep", "1000"});
    exec(shim, "c1", "e1", {"sleep", "1000"});
    start_exec(shim, "e1");
    kill(shim, "c1");
    EXPECT_EQ(wait_for(shim, "c1", "e1").exit_status, 137U);
    EXPECT_EQ(wait_for(shim, "c1").exit_status, 137U);
    end(shim, "c1");
}

TEST_F(ShimStreamsTest, a_terminal_has_the_size_that_was_asked_for) {
    Shim shim = start_shim("c1", {"sh"});
    auto request = create_request("c1", {.open_stdin = true, .terminal_width = 100, .terminal_height = 30});
    request.terminal = true;
    must(shim.call(request));
    auto client = attach(shim, all_streams("c1"));
    must(shim.call(shimv2::StartRequest{.id = "c1"}));
    ASSERT_TRUE(posix::write_all(client.get(), "stty size\n"));
    EXPECT_NE(read_until(client, "30 100\r\n").find("30 100"), std::string::npos);
    must(shim.call(shimv2::ResizePtyRequest{.id = "c1", .width = 80, .height = 24}));
    ASSERT_TRUE(posix::write_all(client.get(), "stty size; exit 4\n"));
    EXPECT_NE(read_all(client).find("24 80"), std::string::npos);
    EXPECT_EQ(wait_for(shim, "c1").exit_status, 4U);
    end(shim, "c1");
}

TEST_F(ShimStreamsTest, detach_keys_end_one_session_and_not_the_container) {
    Shim shim = start_shim("c1", {"sh"});
    auto create = create_request("c1", {.open_stdin = true, .stdin_once = true});
    create.terminal = true;
    must(shim.call(create));
    auto request = all_streams("c1");
    request.detach_keys = "\x10\x11";
    auto client = attach(shim, request);
    auto other = attach(shim, request);
    must(shim.call(shimv2::StartRequest{.id = "c1"}));
    ASSERT_TRUE(posix::write_all(client.get(), "echo one$((1))\n"));
    read_until(client, "one1\r\n");
    ASSERT_TRUE(posix::write_all(client.get(), "\x10\x11"));
    EXPECT_EQ(read_until(client, "never").substr(0, 12), "ended after:");
    ASSERT_TRUE(posix::write_all(other.get(), "echo two$((2))\n"));
    EXPECT_NE(read_until(other, "two2\r\n").find("two2"), std::string::npos);
    auto later = attach(shim, request);
    ASSERT_TRUE(posix::write_all(later.get(), "exit 6\n"));
    EXPECT_EQ(wait_for(shim, "c1").exit_status, 6U);
    end(shim, "c1");
}

TEST_F(ShimStreamsTest, an_exec_on_a_terminal_can_be_resized_before_it_starts) {
    Shim shim = launch("c1", {"sleep", "1000"});
    exec(shim, "c1", "e1", {"stty", "size"}, {.open_stdin = true}, true);
    must(shim.call(shimv2::ResizePtyRequest{.id = "c1", .exec_id = "e1", .width = 70, .height = 20}));
    auto client = attach(shim, all_streams("c1", "e1"));
    start_exec(shim, "e1");
    EXPECT_EQ(read_all(client), "20 70\r\n");
    wait_for(shim, "c1", "e1");
    finish(shim);
}

TEST_F(ShimStreamsTest, three_clients_share_a_container_and_the_log_has_it_once) {
    Shim shim = start_shim("c1", {"sh", "-c", "read a; echo got $a; echo err >&2; read b; echo got $b"});
    auto io = json_log("c1");
    io.open_stdin = true;
    must(shim.call(create_request("c1", io)));
    auto first = attach(shim, all_streams("c1"));
    auto second = attach(shim, {.id = "c1", .wants_stdout = true});
    auto third = attach(shim, {.id = "c1", .wants_stderr = true, .framing = shimv2::Framing::multiplexed});
    must(shim.call(shimv2::StartRequest{.id = "c1"}));
    ASSERT_TRUE(posix::write_all(first.get(), "one\n"));
    read_until(first, "err");
    auto fourth = attach(shim, all_streams("c1"));
    ASSERT_TRUE(posix::write_all(fourth.get(), "two\n"));
    EXPECT_EQ(wait_for(shim, "c1").exit_status, 0U);
    EXPECT_EQ(read_all(second), "got one\ngot two\n");
    EXPECT_EQ(read_all(third), std::string("\x02\0\0\0\0\0\0\x04"
                                           "err\n",
                                           12));
    EXPECT_EQ(read_all(fourth), "got two\n");
    std::string log = logged(log_path("c1"));
    EXPECT_EQ(log.size(), std::string("got one\nerr\ngot two\n").size()) << log;
    end(shim, "c1");
}

TEST_F(ShimStreamsTest, a_client_that_is_killed_is_not_missed) {
    Shim shim = launch("c1", {"sh", "-c", "while true; do echo tick; sleep 0.01; done"}, json_log("c1"));
    for (int i = 0; i < 10; ++i) {
        auto client = attach(shim, all_streams("c1"));
        read_until(client, "tick");
    }
    auto survivor = attach(shim, all_streams("c1"));
    EXPECT_NE(read_until(survivor, "tick").find("tick"), std::string::npos);
    finish(shim);
}

TEST_F(ShimStreamsTest, an_attach_needs_exactly_one_descriptor) {
    Shim shim = launch("c1", {"sleep", "1000"});
    EXPECT_TRUE(shim.call(all_streams("c1")).error().is(ErrorKind::invalid_argument));
    auto count = [&] {
        return std::distance(fs::directory_iterator(cat("/proc/", shim.pid, "/fd")),
                             fs::directory_iterator());
    };
    auto before = count();
    for (int i = 0; i < 20; ++i) {
        std::vector<posix::Fd> descriptors;
        for (int each = 0; each < 5; ++each)
            descriptors.push_back(std::move(posix::make_pipe()->read_end));
        EXPECT_FALSE(shim.call(all_streams("c1"), std::move(descriptors)));
    }
    EXPECT_EQ(count(), before) << "what came along is closed";
    finish(shim);
}

TEST_F(ShimStreamsTest, fifos_of_a_containerd_client_carry_the_streams) {
    for (auto name : {"in", "out", "err"})
        ASSERT_TRUE(posix::make_fifo(cat(directory_, "/", name), 0600));
    Shim shim = start_shim("c1", {"sh", "-c", "cat; echo done >&2"});
    auto request = create_request("c1");
    request.options = {};
    request.stdin_path = directory_ + "/in";
    request.stdout_path = directory_ + "/out";
    request.stderr_path = directory_ + "/err";
    auto out = std::move(*posix::open_file(request.stdout_path, O_RDONLY | O_NONBLOCK));
    auto error = std::move(*posix::open_file(request.stderr_path, O_RDONLY | O_NONBLOCK));
    must(shim.call(request));
    must(shim.call(shimv2::StartRequest{.id = "c1"}));
    {
        auto in = std::move(*posix::open_file(request.stdin_path, O_WRONLY));
        ASSERT_TRUE(posix::write_all(in.get(), "through the fifo"));
    }
    must(shim.call(shimv2::CloseIoRequest{.id = "c1", .stdin_end = true}));
    EXPECT_EQ(wait_for(shim, "c1").exit_status, 0U);
    // Their end may come a moment after the exit was told.
    for (const posix::Fd* fifo : {&out, &error})
        ASSERT_TRUE(posix::set_nonblocking(fifo->get(), false));
    EXPECT_EQ(read_all(out), "through the fifo");
    EXPECT_EQ(read_all(error), "done\n");
    end(shim, "c1");
}

TEST_F(ShimStreamsTest, a_log_binary_gets_both_streams) {
    std::string script = directory_ + "/logger";
    std::ofstream(script) << "#!/bin/sh\nexec 5>&-\necho \"$CONTAINER_NAMESPACE/$CONTAINER_ID $1=$2\" > "
                          << directory_ << "/seen\ncat <&3 >> " << directory_ << "/seen\ncat <&4 >> "
                          << directory_ << "/seen\n";
    fs::permissions(script, fs::perms::owner_all);
    Shim shim = start_shim("c1", {"sh", "-c", "echo out; echo err >&2"});
    auto request = create_request("c1");
    request.options = {};
    request.stdout_path = request.stderr_path = cat("binary://", script, "?key=value");
    must(shim.call(request));
    must(shim.call(shimv2::StartRequest{.id = "c1"}));
    wait_for(shim, "c1");
    std::string seen;
    for (int i = 0; i < 500 && seen.find("err") == std::string::npos; ++i) {
        seen = read_text(directory_ + "/seen");
        ::usleep(10'000);
    }
    EXPECT_EQ(seen, "default/c1 key=value\nout\nerr\n");
    end(shim, "c1");
}

}  // namespace
}  // namespace tare::shim
