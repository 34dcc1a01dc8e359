#include "run/shim/streams.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>

#include "posix/file.h"
#include "posix/socket.h"

namespace tare::shim {
namespace {

using namespace std::chrono_literals;

// The test is the process: it holds the ends that a process would have.
class StreamsTest : public testing::Test {
  protected:
    void SetUp() override {
        ::signal(SIGPIPE, SIG_IGN);
        char path[] = "/tmp/tare-streams-XXXXXX";
        ASSERT_TRUE(::mkdtemp(path));
        directory_ = path;
        loop_ = std::move(*posix::EventLoop::open());
    }
    void TearDown() override {
        streams_.reset();
        EXPECT_TRUE(posix::remove_tree(directory_));
    }
    void make(Streams::Options options) {
        streams_.emplace(*loop_, options);
        log_path_ = directory_ + "/log";
        ASSERT_TRUE(streams_->open_log({.path = log_path_}));
    }
    void begin() {
        auto ends = streams_->make_ends();
        ASSERT_TRUE(ends) << ends.error().message();
        in_ = std::move(*posix::duplicate(ends->in));
        out_ = std::move(*posix::duplicate(ends->out));
        error_ = std::move(*posix::duplicate(ends->error));
        ASSERT_TRUE(streams_->begin({}));
    }
    posix::Fd attach(shimv2::AttachRequest request) {
        auto [ours, theirs] = std::move(*posix::make_socket_pair(posix::SocketKind::stream));
        auto attached = streams_->attach(std::move(request), std::move(theirs));
        EXPECT_TRUE(attached) << attached.error().message();
        return std::move(ours);
    }
    static shimv2::AttachRequest everything() {
        return {.wants_stdin = true, .wants_stdout = true, .wants_stderr = true};
    }
    void spin(std::chrono::milliseconds time = 30ms) {
        auto deadline = Deadline::after(time);
        while (!deadline.has_passed())
            ASSERT_TRUE(loop_->run_once(deadline));
    }
    /// What is there now; "(end)" behind it if the other side has closed.
    static std::string take(const posix::Fd& fd) {
        EXPECT_TRUE(posix::set_nonblocking(fd.get(), true));
        std::string seen;
        char buffer[65536];
        while (true) {
            auto count = posix::read_some(fd.get(), buffer, sizeof buffer);
            if (!count) return seen + (count.error().error_number() == EAGAIN ? "" : "(error)");
            if (*count == 0) return seen + "(end)";
            seen.append(buffer, *count);
        }
    }
    void say(const posix::Fd& fd, std::string_view text) { ASSERT_TRUE(posix::write_all(fd.get(), text)); }
    void end_process() {
        in_.reset();
        out_.reset();
        error_.reset();
        streams_->process_ended([this] { is_settled_ = true; });
    }

    std::string directory_;
    std::string log_path_;
    std::unique_ptr<posix::EventLoop> loop_;
    std::optional<Streams> streams_;
    posix::Fd in_;
    posix::Fd out_;
    posix::Fd error_;
    bool is_settled_ = false;
};

TEST_F(StreamsTest, every_client_gets_everything_and_the_end) {
    make({});
    auto early = attach(everything());
    begin();
    auto other = attach(everything());
    say(out_, "hello ");
    spin();
    say(error_, "world");
    spin();
    end_process();
    EXPECT_TRUE(is_settled_);
    spin();
    EXPECT_EQ(take(early), "hello world(end)");
    EXPECT_EQ(take(other), "hello world(end)");
}

TEST_F(StreamsTest, a_client_gets_only_the_streams_that_it_wants) {
    make({});
    begin();
    auto out_only = attach({.wants_stdout = true});
    auto error_only = attach({.wants_stderr = true, .framing = shimv2::Framing::multiplexed});
    say(out_, "out");
    say(error_, "err");
    spin();
    EXPECT_EQ(take(out_only), "out");
    EXPECT_EQ(take(error_only), std::string("\x02\0\0\0\0\0\0\x03"
                                            "err",
                                            11));
}

TEST_F(StreamsTest, input_of_a_client_reaches_the_process_with_what_it_had_sent_before) {
    make({.open_stdin = true});
    auto request = everything();
    request.input = "early ";
    auto client = attach(request);
    say(client, "late");
    spin();
    begin();
    spin();
    EXPECT_EQ(take(in_), "early late");
}

TEST_F(StreamsTest, the_end_of_input_ends_stdin_only_if_it_shall) {
    make({.open_stdin = true, .stdin_once = true});
    begin();
    auto client = attach(everything());
    say(client, "last words");
    ASSERT_TRUE(posix::shut_down_writing(client.get()));
    spin();
    EXPECT_EQ(take(in_), "last words(end)");
    say(out_, "answer");
    spin();
    EXPECT_EQ(take(client), "answer") << "its output goes on";
}

TEST_F(StreamsTest, stdin_that_stays_open_outlives_its_clients) {
    make({.open_stdin = true});
    begin();
    for (auto text : {"one", "two"}) {
        auto client = attach(everything());
        say(client, text);
        ASSERT_TRUE(posix::shut_down_writing(client.get()));
        spin();
        EXPECT_EQ(take(in_), text);
        EXPECT_EQ(take(client), "(end)") << "its session ends with its input, as in Docker";
    }
}

TEST_F(StreamsTest, without_open_stdin_there_is_none) {
    make({});
    begin();
    auto client = attach(everything());
    say(client, "nobody hears this");
    ASSERT_TRUE(posix::shut_down_writing(client.get()));
    spin();
    EXPECT_EQ(take(in_), "(end)") << "it is /dev/null";
    say(out_, "still here");
    spin();
    EXPECT_EQ(take(client), "still here");
}

TEST_F(StreamsTest, a_client_that_dies_harms_nobody) {
    make({.open_stdin = true});
    begin();
    auto good = attach(everything());
    auto bad = attach(everything());
    bad.reset();
    spin();
    say(out_, "hello");
    spin();
    EXPECT_EQ(take(good), "hello");
    EXPECT_EQ(take(in_), "");
}

TEST_F(StreamsTest, a_slow_client_holds_the_process_and_loses_nothing) {
    make({});
    begin();
    auto client = attach(everything());
    ASSERT_TRUE(posix::set_nonblocking(out_.get(), true));
    std::string piece(4096, 'x');
    std::size_t written = 0;
    // Until pipe, buffer and socket are full.
    for (int idle = 0; idle < 3; spin(5ms)) {
        auto count = posix::write_some(out_.get(), piece);
        idle = count ? 0 : idle + 1;
        written += count.value_or(0);
        ASSERT_LT(written, std::size_t{4} << 20) << "the buffer has no bound";
    }
    EXPECT_GT(written, kClientBufferBytes);
    out_.reset();
    std::string seen;
    for (int i = 0; i < 500 && seen.size() < written; ++i) {
        seen += take(client);
        spin(2ms);
    }
    EXPECT_EQ(seen.size(), written);
}

TEST_F(StreamsTest, a_slow_client_does_not_hold_up_the_exit_for_ever) {
    make({});
    begin();
    auto client = attach(everything());
    ASSERT_TRUE(posix::set_nonblocking(out_.get(), true));
    std::string piece(65536, 'x');
    for (int i = 0; i < 40; ++i) {
        (void)posix::write_some(out_.get(), piece);
        spin(2ms);
    }
    end_process();
    EXPECT_FALSE(is_settled_);
    spin(2500ms);
    EXPECT_TRUE(is_settled_);
}

TEST_F(StreamsTest, all_output_is_in_the_log_when_the_exit_is_told) {
    make({});
    begin();
    for (int i = 0; i < 100; ++i)
        say(out_, cat("line ", i, "\n"));
    say(out_, "no newline");
    end_process();
    EXPECT_TRUE(is_settled_);
    std::string log = posix::read_file(log_path_, 1 << 20).value_or("");
    EXPECT_NE(log.find("\"line 99\\n\""), std::string::npos);
    EXPECT_NE(log.find("\"no newline\""), std::string::npos);
}

TEST_F(StreamsTest, another_holder_of_the_pipes_does_not_hold_up_the_exit) {
    make({});
    begin();
    auto client = attach(everything());
    auto held = std::move(*posix::duplicate(out_.get()));
    say(out_, "hello");
    end_process();
    EXPECT_TRUE(is_settled_);
    spin(100ms);
    EXPECT_EQ(take(client), "hello");
    spin(2300ms);
    EXPECT_EQ(take(client), "(end)");
}

TEST_F(StreamsTest, a_client_is_closed_only_when_the_exit_is_known) {
    make({});
    begin();
    auto client = attach(everything());
    say(out_, "last words");
    out_.reset();
    error_.reset();
    spin(100ms);
    EXPECT_EQ(take(client), "last words") << "the process has closed its output and goes on";
    end_process();
    EXPECT_TRUE(is_settled_);
    spin(100ms);
    EXPECT_EQ(take(client), "(end)");
}

TEST_F(StreamsTest, containerd_s_fifos_carry_all_three_streams) {
    make({});
    for (auto name : {"in", "out", "err"})
        ASSERT_TRUE(posix::make_fifo(directory_ + "/" + name, 0600));
    auto reader = std::move(*posix::open_file(directory_ + "/out", O_RDONLY | O_NONBLOCK));
    ASSERT_TRUE(
        streams_->open_paths(directory_ + "/in", {.out = directory_ + "/out", .error = directory_ + "/err"}));
    auto writer = std::move(*posix::open_file(directory_ + "/in", O_WRONLY | O_NONBLOCK));
    begin();
    say(writer, "question");
    say(out_, "answer");
    spin();
    EXPECT_EQ(take(in_), "question");
    EXPECT_EQ(take(reader), "answer");
    // A writer that goes is no end; CloseIO is.
    writer.reset();
    spin();
    EXPECT_EQ(take(in_), "");
    streams_->close_input();
    spin();
    EXPECT_EQ(take(in_), "(end)");
    end_process();
    spin();
    EXPECT_EQ(take(reader), "(end)");
}

TEST_F(StreamsTest, a_file_gets_the_output_appended) {
    make({});
    ASSERT_TRUE(streams_->open_paths("", {.out = cat("file://", directory_, "/sub/out")}));
    begin();
    say(out_, "hello");
    end_process();
    EXPECT_EQ(posix::read_file(directory_ + "/sub/out", 100).value_or(""), "hello");
}

TEST_F(StreamsTest, unknown_schemes_and_things_that_are_no_fifo_are_refused) {
    make({});
    EXPECT_FALSE(streams_->open_paths("", {.out = "http://example"}));
    EXPECT_FALSE(streams_->open_paths("", {.out = "/etc/passwd"}));
    EXPECT_FALSE(streams_->open_paths("", {.out = directory_ + "/absent"}));
}

}  // namespace
}  // namespace tare::shim
