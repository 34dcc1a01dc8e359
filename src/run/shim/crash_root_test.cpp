// What is left when a shim, a daemon or a client dies.

#include "run/shim/shim_fixture.h"

namespace tare::shim {
namespace {

class ShimCrashTest : public ShimTest {
  protected:
    static void kill_shim(const Shim& shim) {
        auto pidfd = std::move(*posix::open_pidfd(shim.pid));
        ASSERT_TRUE(posix::send_signal(pidfd.get(), SIGKILL));
        ASSERT_TRUE(posix::wait_for_end(pidfd.get(), Deadline::after(10s)).value_or(false));
    }
    static bool is_running(pid_t pid) {
        auto facts = posix::process_facts(pid);
        return facts && facts->state != 'Z' && facts->state != 'X';
    }
};

TEST_F(ShimCrashTest, delete_ends_what_a_killed_shim_has_left) {
    Shim shim = launch("c1", {"sh", "-c", "sleep 1000 & sleep 1000"});
    auto pid = static_cast<pid_t>(must(shim.call(shimv2::StateRequest{.id = "c1"})).pid);
    kill_shim(shim);
    EXPECT_TRUE(is_running(pid)) << "the container outlives its shim";
    auto response = must(shimv2::decode<shimv2::DeleteResponse>(run_verb("c1", "delete")));
    EXPECT_EQ(response.exit_status, 137U);
    EXPECT_EQ(response.pid, static_cast<std::uint32_t>(pid));
    for (int i = 0; i < 500 && is_running(pid); ++i)
        ::usleep(10'000);
    EXPECT_FALSE(is_running(pid));
    EXPECT_FALSE(fs::exists(shim.address.substr(7)));
    EXPECT_FALSE(fs::exists(shim.bundle + "/runtime/c1"));
    // And again: nothing is left to do, which is success.
    run_verb("c1", "delete");
}

TEST_F(ShimCrashTest, delete_of_a_container_that_waits_for_its_start) {
    Shim shim = start_shim("c1", {"true"});
    must(shim.call(create_request("c1")));
    kill_shim(shim);
    // The waiting process holds nothing of the shim's: nobody is left to answer.
    EXPECT_FALSE(client_->connect(shim.address));
    run_verb("c1", "delete");
}

TEST_F(ShimCrashTest, delete_tells_the_exit_that_the_shim_had_written_down) {
    Shim shim = launch("c1", {"sh", "-c", "exit 42"});
    wait_for(shim, "c1");
    kill_shim(shim);
    EXPECT_EQ(must(shimv2::decode<shimv2::DeleteResponse>(run_verb("c1", "delete"))).exit_status, 42U);
}

TEST_F(ShimCrashTest, delete_ends_a_shim_that_hangs) {
    Shim shim = launch("c1", {"sleep", "1000"});
    ASSERT_EQ(::kill(shim.pid, SIGSTOP), 0);
    run_verb("c1", "delete");
    EXPECT_FALSE(is_running(shim.pid));
}

TEST_F(ShimCrashTest, delete_in_an_empty_bundle_is_success) {
    fs::create_directories(bundle_of("c1"));
    EXPECT_EQ(must(shimv2::decode<shimv2::DeleteResponse>(run_verb("c1", "delete"))).exit_status, 137U);
}

TEST_F(ShimCrashTest, a_container_and_its_clients_outlive_the_daemon) {
    Shim shim = launch("c1", {"cat"}, {.open_stdin = true});
    auto client = attach(shim, all_streams("c1"));
    shim.client.reset();
    client_.reset();
    ASSERT_TRUE(posix::write_all(client.get(), "still there\n"));
    EXPECT_EQ(read_until(client, "\n"), "still there\n");
    client_ = std::move(*ttrpc::Client::start());
    shim.client.emplace(must(client_->connect(shim.address)));
    kill(shim, "c1");
    EXPECT_EQ(wait_for(shim, "c1").exit_status, 137U);
    end(shim, "c1");
}

TEST_F(ShimCrashTest, events_wait_for_a_daemon_that_is_away) {
    listen_for_events();
    Shim shim = start_shim("c1", {"true"});
    events_.reset();
    must(shim.call(create_request("c1")));
    must(shim.call(shimv2::StartRequest{.id = "c1"}));
    wait_for(shim, "c1");
    listen_for_events();
    auto seen = topics(3);
    ASSERT_EQ(seen.size(), 3U);
    EXPECT_EQ(seen.back(), "/tasks/exit");
    end(shim, "c1");
}

TEST_F(ShimCrashTest, a_second_shim_for_a_container_is_refused) {
    Shim shim = launch("c1", {"sleep", "1000"});
    auto pipe = std::move(*posix::make_pipe());
    auto second = std::move(*posix::spawn(invocation("c1", "start", pipe.write_end.get())));
    EXPECT_EQ(second.wait(Deadline::after(10s))->code, 1);
    EXPECT_EQ(must(shim.call(shimv2::StateRequest{.id = "c1"})).status, shimv2::Status::running);
    kill(shim, "c1");
    wait_for(shim, "c1");
    end(shim, "c1");
}

TEST_F(ShimCrashTest, a_shim_that_ends_late_leaves_the_socket_of_the_next_alone) {
    Shim shim = launch("c1", {"true"});
    wait_for(shim, "c1");
    const std::string next = directory_ + "/next";
    std::ofstream(next) << "the next shim's socket";
    std::ofstream(shim.bundle + "/address", std::ios::trunc) << "unix://" << next;
    end(shim, "c1");
    EXPECT_TRUE(fs::exists(next));
    EXPECT_FALSE(fs::exists(shim.address.substr(7)));
}

TEST_F(ShimCrashTest, the_containers_of_a_pod_share_the_shim_of_its_sandbox) {
    Shim shim = launch("pod", {"sleep", "1000"});
    spec_.annotations = {{"io.kubernetes.cri.sandbox-id", "pod"}};
    write_spec("c1", {"sh", "-c", "exit 8"});
    EXPECT_EQ(run_verb("c1", "start"), shim.address);
    must(shim.call(create_request("c1")));
    must(shim.call(shimv2::StartRequest{.id = "c1"}));
    EXPECT_EQ(wait_for(shim, "c1").exit_status, 8U);
    must(shim.call(shimv2::DeleteRequest{.id = "c1"}));
    EXPECT_TRUE(fs::exists(shim.address.substr(7)));
    EXPECT_EQ(must(shim.call(shimv2::StateRequest{.id = "pod"})).status, shimv2::Status::running);
    kill(shim, "pod");
    wait_for(shim, "pod");
    end(shim, "pod");
}

TEST_F(ShimCrashTest, a_polite_signal_ends_only_an_idle_shim) {
    Shim shim = launch("c1", {"sleep", "1000"});
    ASSERT_EQ(::kill(shim.pid, SIGTERM), 0);
    ::usleep(50'000);
    EXPECT_EQ(must(shim.call(shimv2::StateRequest{.id = "c1"})).status, shimv2::Status::running);
    kill(shim, "c1");
    wait_for(shim, "c1");
    must(shim.call(shimv2::DeleteRequest{.id = "c1"}));
    auto pidfd = std::move(*posix::open_pidfd(shim.pid));
    ASSERT_EQ(::kill(shim.pid, SIGTERM), 0);
    EXPECT_TRUE(posix::wait_for_end(pidfd.get(), Deadline::after(5s)).value_or(false));
}

TEST_F(ShimCrashTest, security_sd1_the_socket_is_a_file_that_only_root_can_reach) {
    Shim shim = launch("c1", {"sleep", "1000"});
    fs::path socket = shim.address.substr(7);
    EXPECT_EQ(fs::status(socket).permissions() & fs::perms::all,
              fs::perms::owner_read | fs::perms::owner_write);
    EXPECT_EQ(fs::status(socket.parent_path()).permissions() & fs::perms::all, fs::perms::owner_all);
    EXPECT_EQ(read_text("/proc/net/unix").find("@" + socket.string()), std::string::npos);
    kill(shim, "c1");
    wait_for(shim, "c1");
    end(shim, "c1");
}

/// Linux 6.18 maps the whole of a large folio where a fault touches one page of it, and how large the folios
/// of a program's file are is up to who wrote it: a linker's may count 0.7 MB more for memory that is the
/// page cache's either way. Written page by page, what is counted is what the shim uses.
void write_in_pages(const std::string& from, const std::string& to) {
    constexpr std::size_t page = 4096;
    auto text = posix::read_file(from, std::size_t{64} << 20);
    ASSERT_TRUE(text.has_value());
    auto file = posix::open_file(to, O_WRONLY | O_CREAT | O_EXCL, 0755);
    ASSERT_TRUE(file.has_value());
    for (std::size_t at = 0; at < text->size(); at += page)
        ASSERT_TRUE(posix::write_all(file->get(), std::string_view(*text).substr(at, page)).has_value());
}

TEST_F(ShimCrashTest, budget_a_shim_that_waits_is_small) {
    std::string copy = directory_ + "/program";
    write_in_pages(program_, copy);
    program_ = copy;
    Shim shim = launch("c1", {"sleep", "1000"});
    std::string pss;
    // Memory is given back once no call has come for a while.
    for (int i = 0; i < 300; ++i) {
        ::usleep(10'000);
        std::string rollup = read_text(cat("/proc/", shim.pid, "/smaps_rollup"));
        auto at = rollup.find("\nPss:");
        if (at == std::string::npos) GTEST_SKIP() << "this kernel does not tell the PSS";
        pss = split_words(std::string_view(rollup).substr(at + 5)).front();
        if (parse_integer<int>(pss).value_or(0) < 1200) break;
    }
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    EXPECT_LT(parse_integer<int>(pss).value_or(1'000'000), 1200) << "kB";
#endif
    kill(shim, "c1");
    wait_for(shim, "c1");
    end(shim, "c1");
}

TEST_F(ShimCrashTest, a_shim_has_its_own_session_and_nothing_of_its_caller) {
    Shim shim = launch("c1", {"sleep", "1000"});
    EXPECT_EQ(::getsid(shim.pid), shim.pid);
    EXPECT_EQ(fs::read_symlink(cat("/proc/", shim.pid, "/cwd")), shim.bundle);
    for (auto& entry : fs::directory_iterator(cat("/proc/", shim.pid, "/fd"))) {
        std::string target = fs::read_symlink(entry.path());
        bool is_ours = target == "/dev/null" || target.starts_with(shim.bundle) ||
                       target.starts_with("anon_inode:") || target.starts_with("socket:") ||
                       target.starts_with("pipe:") || target.find("/memory") != std::string::npos;
        EXPECT_TRUE(is_ours) << target;
    }
    kill(shim, "c1");
    wait_for(shim, "c1");
    end(shim, "c1");
}

}  // namespace
}  // namespace tare::shim
