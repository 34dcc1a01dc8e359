// A real agent: it answers the calls of a container that a profile announces to it.

#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "base/json.h"
#include "posix/socket.h"
#include "run/runtime/container_fixture.h"

namespace tare::runtime {
namespace {

/// Answers each call with EXDEV until no process is left that the listener belongs to.
[[noreturn]] void serve(int listener) {
    constexpr int patience_ms = 20'000;
    pollfd waited{.fd = listener, .events = POLLIN, .revents = 0};
    // Before Linux 6.11 a RECV with nobody left to announce anything never returns: POLLHUP tells it alone.
    while (::poll(&waited, 1, patience_ms) == 1 && (waited.revents & POLLIN) != 0) {
        seccomp_notif call{};
        if (::ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) != 0) break;
        seccomp_notif_resp answer{.id = call.id, .val = 0, .error = -EXDEV, .flags = 0};
        if (::ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer) != 0) break;
    }
    ::_exit(0);
}

/// Takes `count` listeners, writes what came with each to `log`, and has a process serve each.
[[noreturn]] void run_agent(int server, int count, int log) {
    for (int i = 0; i < count; ++i) {
        auto connection = posix::accept_connection(server);
        if (!connection) ::_exit(1);
        auto message = posix::receive_message(connection->get(), 16384);
        if (!message || message->descriptors.size() != 1) ::_exit(2);
        if (!posix::write_all(log, cat(message->bytes, "\n"))) ::_exit(3);
        if (::fork() == 0) serve(message->descriptors.front().get());
    }
    while (::wait(nullptr) > 0)
        continue;
    ::_exit(0);
}

class SeccompListener : public ContainerTest {
  protected:
    void SetUp() override {
        ContainerTest::SetUp();
        if (IsSkipped()) return;
        spec_.linux_section.seccomp = oci::Seccomp{.default_action = "SCMP_ACT_ALLOW",
                                                   .listener_path = directory_ + "/agent.sock",
                                                   .listener_metadata = "some words"};
        spec_.linux_section.seccomp->rules.push_back(
            {.names = {"mkdir", "mkdirat", "sethostname"}, .action = "SCMP_ACT_NOTIFY"});
    }

    /// Forked, since who creates a container has one thread.
    void start_agent(int count) {
        auto server = posix::listen_unix(directory_ + "/agent.sock", 0600);
        ASSERT_TRUE(server.has_value());
        auto pipe = posix::make_pipe();
        agent_ = ::fork();
        if (agent_ == 0) {
            pipe->read_end.reset();
            run_agent(server->get(), count, pipe->write_end.get());
        }
        heard_ = std::move(pipe->read_end);
    }
    /// What the agent has been told, a line a listener.
    std::vector<std::string> end_agent() {
        std::string text = read_all(heard_.get());
        int status = -1;
        EXPECT_EQ(::waitpid(agent_, &status, 0), agent_);
        EXPECT_EQ(status, 0);
        std::vector<std::string> lines;
        for (auto line : split(text, '\n'))
            if (!line.empty()) lines.emplace_back(line);
        return lines;
    }

    pid_t agent_ = -1;
    posix::Fd heard_;
};

TEST_F(SeccompListener, an_agent_answers_the_calls_of_the_first_process) {
    for (bool has_no_new_privileges : {false, true}) {
        spec_.process->no_new_privileges = has_no_new_privileges;
        start_agent(1);
        auto outcome = shell("busybox mkdir /tmp/x; echo done");
        EXPECT_EQ(outcome.error, "");
        EXPECT_EQ(outcome.output,
                  "mkdir: can't create directory '/tmp/x': Invalid cross-device link\ndone\n");
        auto told = end_agent();
        ASSERT_EQ(told.size(), 1U);
        Json document = parse_json(told.front(), {.what = "message"}).value();
        JsonView view(document, "message");
        EXPECT_EQ(view.strings("fds").value(), std::vector<std::string>{"seccompFd"});
        EXPECT_EQ(view.string("metadata").value(), "some words");
        auto state = view.object("state").value();
        ASSERT_TRUE(state);
        EXPECT_EQ(state->string("status").value(), "creating");
        EXPECT_EQ(state->string("id").value(), id());
        EXPECT_EQ(state->integer_or<int>("pid", 0).value(), view.integer_or<int>("pid", -1).value());
    }
}

TEST_F(SeccompListener, an_agent_answers_the_calls_of_a_process_that_joins) {
    for (bool has_no_new_privileges : {false, true}) {
        spec_.process->no_new_privileges = has_no_new_privileges;
        start_agent(2);
        auto created = start_sleeper();
        oci::Process process = created.state.process;
        process.args = {"busybox", "mkdir", "/tmp/x"};
        process.no_new_privileges = has_no_new_privileges;
        auto outcome = exec_in(created, process);
        EXPECT_EQ(outcome.error, "");
        EXPECT_EQ(outcome.output, "mkdir: can't create directory '/tmp/x': Invalid cross-device link\n");
        const pid_t first = created.state.pid;
        end(created);
        auto told = end_agent();
        ASSERT_EQ(told.size(), 2U);
        Json document = parse_json(told.back(), {.what = "message"}).value();
        JsonView view(document, "message");
        auto state = view.object("state").value();
        ASSERT_TRUE(state);
        EXPECT_EQ(state->string("status").value(), "running");
        EXPECT_EQ(state->integer_or<int>("pid", 0).value(), first);
        EXPECT_NE(view.integer_or<int>("pid", 0).value(), first);
    }
}

TEST_F(SeccompListener, without_an_agent_there_is_no_container) {
    auto outcome = run({"true"});
    EXPECT_EQ(outcome.error.find(cat("seccomp listener \"", directory_, "/agent.sock\"")), 0U)
        << outcome.error;
    EXPECT_FALSE(fs::exists(root_ + "/" + id()));
}

}  // namespace
}  // namespace tare::runtime
