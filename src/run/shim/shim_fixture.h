#pragma once

// For tests: the real tare-shim ($TARE_BIN) with containers out of Debian's static busybox. Each test has
// its own directory and leaves no mount, group, process or directory behind, which the fixture checks.

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "posix/file.h"
#include "posix/process.h"
#include "posix/socket.h"
#include "run/runtime/container.h"
#include "run/task/client.h"
#include "run/task/events_endpoint.h"
#include "run/task/exit_record.h"

namespace tare::shim {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

/// A running shim, as a daemon sees it.
struct Shim {
    std::string bundle;
    std::string address;
    std::optional<shimv2::Client> client;
    pid_t pid = 0;

    template <class Request>
    Result<typename Request::Response> call(const Request& request,
                                            std::vector<posix::Fd> descriptors = {}) const {
        return client->call(request, Deadline::after(30s), std::move(descriptors));
    }
};

class ShimTest : public testing::Test {
  protected:
    /// Shutdown is answered before the shim ends; it is nobody's child whom we could wait for.
    static bool ends_in_time(pid_t shim) {
        for (auto deadline = Deadline::after(10s); !deadline.has_passed(); std::this_thread::sleep_for(5ms)) {
            auto facts = posix::process_facts(shim);
            if (!facts || facts->state == 'Z') return true;
        }
        return false;
    }
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "needs root";
        if (!fs::exists("/bin/busybox")) GTEST_SKIP() << "needs Debian's busybox-static";
        const char* bin = std::getenv("TARE_BIN");
        program_ = cat(bin ? bin : "build/debug/bin", "/tare-shim");
        if (!fs::exists(program_)) GTEST_SKIP() << "needs " << program_;
        program_ = fs::absolute(program_);
        char name[] = "/tmp/tare-shim-XXXXXX";
        ASSERT_NE(::mkdtemp(name), nullptr);
        directory_ = name;
        make_rootfs();
        client_ = std::move(*ttrpc::Client::start());
        spec_ = runtime::default_spec();
        spec_.process->terminal = false;
    }
    void TearDown() override {
        if (directory_.empty()) return;
        for (auto& shim : shims_)
            EXPECT_TRUE(ends_in_time(shim)) << "shim " << shim << " is still there";
        events_.reset();
        client_.reset();
        EXPECT_EQ(mount_count(), 0U);
        fs::remove_all(directory_);
        // The parent group is nobody's but the test's; it can be removed only if nothing is left in it.
        auto hierarchies = cgroup::Hierarchies::discover();
        for (auto& hierarchy : hierarchies->all()) {
            std::string group = cat(hierarchy.mount_point, "/", group_name());
            EXPECT_TRUE(posix::remove_directory(group)) << group;
        }
    }

    std::string group_name() const { return cat("tare-shim-test-", ::getpid()); }
    /// Mounts of the host on (or out of) this test's directory.
    std::size_t mount_count() const {
        std::ifstream file("/proc/self/mountinfo");
        std::string line;
        std::size_t count = 0;
        while (std::getline(file, line))
            if (line.find(directory_) != std::string::npos) ++count;
        return count;
    }
    void make_rootfs() {
        std::string root = directory_ + "/image";
        for (auto each : {"bin", "etc", "tmp", "proc", "dev", "sys"})
            fs::create_directories(root + "/" + each);
        fs::copy_file("/bin/busybox", root + "/bin/busybox");
        for (auto applet :
             {"sh",  "cat", "sleep", "id", "true", "false", "ls",  "echo",  "head",  "stat", "kill",
              "seq", "dd",  "tr",    "wc", "stty", "tail",  "yes", "mkdir", "touch", "ps"})
            fs::create_symlink("busybox", cat(root, "/bin/", applet));
    }

    /// An overlay on the image: what a snapshotter would ask for.
    std::vector<shimv2::Mount> rootfs_of(const std::string& id) {
        std::string base = cat(directory_, "/snapshots/", id);
        fs::create_directories(base + "/upper");
        fs::create_directories(base + "/work");
        return {{.type = "overlay",
                 .source = "overlay",
                 .options = {cat("lowerdir=", directory_, "/image"), cat("upperdir=", base, "/upper"),
                             cat("workdir=", base, "/work")}}};
    }

    std::string bundle_of(const std::string& id) const { return cat(directory_, "/b/default/", id); }

    void write_spec(const std::string& id, const std::vector<std::string>& args) {
        fs::create_directories(bundle_of(id));
        spec_.process->args = args;
        spec_.root_path = "rootfs";
        spec_.linux_section.cgroups_path = cat("/", group_name(), "/", id);
        std::ofstream(bundle_of(id) + "/config.json") << dump(oci::to_json(spec_));
    }

    posix::SpawnOptions invocation(const std::string& id, const std::string& verb, int output) const {
        posix::SpawnOptions options{
            .program = program_,
            .args = {program_, "-namespace", "default", "-id", id, "-address", directory_ + "/tared.sock"},
            .env = {"PATH=/bin:/usr/bin"},
            .cwd = bundle_of(id),
            .descriptors = {{output, 1}, {2, 2}}};
        if (verb == "delete") options.args.insert(options.args.end(), {"-bundle", bundle_of(id)});
        options.args.push_back(verb);
        if (events_) options.env.push_back(cat("TTRPC_ADDRESS=", directory_, "/tared.sock.ttrpc"));
        return options;
    }
    /// What the verb prints; it has ended with 0.
    std::string run_verb(const std::string& id, const std::string& verb) {
        auto pipe = std::move(*posix::make_pipe());
        auto process = posix::spawn(invocation(id, verb, pipe.write_end.get()));
        EXPECT_TRUE(process) << process.error().message();
        pipe.write_end.reset();
        std::string output = posix::read_to_end(pipe.read_end.get(), 65536).value_or("unreadable");
        EXPECT_EQ(process->wait(Deadline::after(20s)).value_or(posix::ExitStatus{.code = -1}).code, 0);
        return output;
    }
    Shim start_shim(const std::string& id, const std::vector<std::string>& args) {
        write_spec(id, args);
        Shim shim{.bundle = bundle_of(id), .address = run_verb(id, "start")};
        auto connection = client_->connect(shim.address);
        EXPECT_TRUE(connection) << connection.error().message();
        shim.client.emplace(*connection);
        std::ifstream(shim.bundle + "/shim.pid") >> shim.pid;
        shims_.push_back(shim.pid);
        return shim;
    }
    shimv2::CreateTaskRequest create_request(const std::string& id, const shimv2::IoOptions& io = {}) {
        return {.id = id,
                .bundle = bundle_of(id),
                .rootfs = rootfs_of(id),
                .options = {.type_url = std::string(shimv2::IoOptions::kType), .value = encode(io)}};
    }
    shimv2::IoOptions json_log(const std::string& id) const {
        return {.log_driver = "json-file", .log_path = log_path(id)};
    }
    std::string log_path(const std::string& id) const { return cat(directory_, "/", id, "-json.log"); }
    static std::string read_text(const std::string& path) {
        return posix::read_file(path, std::size_t{64} << 20).value_or(cat("no ", path));
    }
    /// The "log" fields of a json-file log.
    static std::string logged(const std::string& path) {
        std::string out;
        std::string text = read_text(path);
        for (auto line : split(trim(text), '\n')) {
            auto entry = parse_json(line);
            if (!entry) return cat("broken log line: ", line);
            out += *entry->find("log")->as_string();
        }
        return out;
    }

    template <class Value>
    static Value must(Result<Value> result) {
        EXPECT_TRUE(result.has_value()) << result.error().message();
        if (!result) return Value{};
        return std::move(*result);
    }
    static shimv2::WaitResponse wait_for(const Shim& shim, const std::string& id,
                                         const std::string& exec_id = {}) {
        return must(shim.call(shimv2::WaitRequest{.id = id, .exec_id = exec_id}));
    }
    /// Delete, Shutdown, and the shim's end.
    void end(const Shim& shim, const std::string& id) {
        must(shim.call(shimv2::DeleteRequest{.id = id}));
        shut_down(shim, id);
    }
    static void shut_down(const Shim& shim, const std::string& id) {
        auto pidfd = posix::open_pidfd(shim.pid);
        must(shim.call(shimv2::ShutdownRequest{.id = id}));
        bool has_ended = !pidfd || posix::wait_for_end(pidfd->get(), Deadline::after(10s)).value_or(false);
        EXPECT_TRUE(has_ended);
    }
    /// Create and start.
    Shim launch(const std::string& id, const std::vector<std::string>& args,
                const shimv2::IoOptions& io = {}) {
        Shim shim = start_shim(id, args);
        must(shim.call(create_request(id, io)));
        must(shim.call(shimv2::StartRequest{.id = id}));
        return shim;
    }
    static void kill(const Shim& shim, const std::string& id, int signal = SIGKILL) {
        must(shim.call(shimv2::KillRequest{.id = id, .signal = static_cast<std::uint32_t>(signal)}));
    }

    void exec(const Shim& shim, const std::string& id, const std::string& exec_id,
              const std::vector<std::string>& args, const shimv2::IoOptions& io = {}, bool terminal = false) {
        oci::Process process = *spec_.process;
        process.args = args;
        process.terminal = terminal;
        must(shim.call(shimv2::ExecProcessRequest{
            .id = id,
            .exec_id = exec_id,
            .terminal = terminal,
            .spec = {.type_url = std::string(shimv2::kProcessType), .value = dump(oci::to_json(process))},
            .options = {.type_url = std::string(shimv2::IoOptions::kType), .value = encode(io)}}));
    }
    /// A client's end of an attached connection.
    static posix::Fd attach(const Shim& shim, shimv2::AttachRequest request) {
        auto [ours, theirs] = std::move(*posix::make_socket_pair(posix::SocketKind::stream));
        std::vector<posix::Fd> descriptors;
        descriptors.push_back(std::move(theirs));
        must(shim.call(request, std::move(descriptors)));
        return std::move(ours);
    }
    static shimv2::AttachRequest all_streams(const std::string& id, const std::string& exec_id = {}) {
        return {
            .id = id, .exec_id = exec_id, .wants_stdin = true, .wants_stdout = true, .wants_stderr = true};
    }
    static std::string read_all(const posix::Fd& socket) {
        return posix::read_to_end(socket.get(), std::size_t{64} << 20).value_or("unreadable");
    }
    /// Reads until the text is there, at most 10 s.
    static std::string read_until(const posix::Fd& socket, std::string_view text) {
        std::string seen;
        char buffer[4096];
        auto deadline = Deadline::after(10s);
        while (seen.find(text) == std::string::npos) {
            if (!posix::wait_readable(socket.get(), deadline).value_or(false))
                return cat("timed out after: ", seen);
            auto count = posix::read_some(socket.get(), buffer, sizeof buffer);
            if (!count || *count == 0) return cat("ended after: ", seen);
            seen.append(buffer, *count);
        }
        return seen;
    }

    void listen_for_events() {
        auto endpoint =
            shimv2::EventsEndpoint::open(directory_ + "/tared.sock.ttrpc", [this](auto& envelope) {
                std::lock_guard lock(mutex_);
                topics_.push_back(envelope.topic);
            });
        ASSERT_TRUE(endpoint) << endpoint.error().message();
        events_ = std::move(*endpoint);
    }
    /// The topics so far, once there are that many.
    std::vector<std::string> topics(std::size_t count) {
        for (auto deadline = Deadline::after(10s); !deadline.has_passed(); ::usleep(2000)) {
            std::lock_guard lock(mutex_);
            if (topics_.size() >= count) return topics_;
        }
        std::lock_guard lock(mutex_);
        return topics_;
    }

    std::string program_;
    std::string directory_;
    oci::RuntimeSpec spec_;
    std::unique_ptr<ttrpc::Client> client_;
    std::unique_ptr<shimv2::EventsEndpoint> events_;
    std::mutex mutex_;
    std::vector<std::string> topics_;
    std::vector<pid_t> shims_;
};

}  // namespace tare::shim
