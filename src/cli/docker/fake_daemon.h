#pragma once

// For tests: a socket that gives prepared answers and keeps what it was asked, and a way to run the
// whole program in this process against it.

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/text.h"
#include "cli/docker/command.h"
#include "posix/fd.h"
#include "posix/file.h"
#include "posix/socket.h"

namespace tare::cli::docker {

/// Answers each request with the first prepared answer whose prefix ("GET /containers/json") fits;
/// 404 for the others. One connection at a time.
class FakeDaemon {
  public:
    FakeDaemon() {
        char name[] = "/tmp/tare-cli-XXXXXX";
        directory_ = ::mkdtemp(name);
        auto listener = posix::listen_unix(path(), 0600);
        EXPECT_TRUE(listener.has_value());
        listener_ = std::move(*listener);
        thread_ = std::thread([this] { serve(); });
    }
    ~FakeDaemon() {
        stopping_ = true;
        // Wakes the accept.
        (void)posix::connect_unix(path());
        thread_.join();
        (void)posix::remove_tree(directory_);
    }

    std::string path() const { return cat(directory_, "/docker.sock"); }
    const std::string& directory() const { return directory_; }

    void answer(std::string prefix, int status, std::string_view body, std::string_view head = "") {
        answer_raw(std::move(prefix), cat("HTTP/1.1 ", status, " X\r\nContent-Type: application/json\r\n",
                                          head, "Content-Length: ", body.size(), "\r\n\r\n", body));
    }
    /// The bytes as they are; the connection is closed behind them.
    void answer_raw(std::string prefix, std::string bytes) {
        std::lock_guard lock(mutex_);
        answers_.push_back({std::move(prefix), std::move(bytes)});
    }
    /// What was asked, head and body, in order.
    std::vector<std::string> requests() {
        std::lock_guard lock(mutex_);
        return requests_;
    }
    /// The body of the first request that begins so.
    std::string body_of(std::string_view prefix) {
        for (const std::string& request : requests())
            if (request.starts_with(prefix)) return request.substr(request.find("\r\n\r\n") + 4);
        return "no such request";
    }

  private:
    struct Answer {
        std::string prefix;
        std::string bytes;
    };

    void serve() {
        while (!stopping_) {
            auto connection = posix::accept_connection(listener_.get());
            if (!connection || stopping_) continue;
            std::string request = read_request(connection->get());
            std::string bytes =
                "HTTP/1.1 404 X\r\nContent-Length: 27\r\n\r\n{\"message\":\"not prepared\"}\n\n";
            {
                std::lock_guard lock(mutex_);
                // Settling the API version is no part of what a command asks.
                if (!request.starts_with("HEAD /_ping ")) requests_.push_back(request);
                for (const Answer& answer : answers_)
                    if (request.starts_with(answer.prefix)) {
                        bytes = answer.bytes;
                        break;
                    }
            }
            (void)posix::send_message(connection->get(), bytes);
        }
    }

    static std::string read_request(int socket) {
        std::string request;
        char buffer[4096];
        for (;;) {
            std::size_t head = request.find("\r\n\r\n");
            if (head != std::string::npos) {
                std::size_t length = 0;
                if (auto at = request.find("Content-Length: "); at != std::string::npos && at < head)
                    length = std::stoul(request.substr(at + 16));
                bool chunked = request.find("chunked") < head;
                if (chunked ? request.ends_with("0\r\n\r\n") : request.size() >= head + 4 + length)
                    return request;
            }
            auto count = posix::read_some(socket, buffer, sizeof buffer);
            if (!count || *count == 0) return request;
            request.append(buffer, *count);
        }
    }

    std::string directory_;
    posix::Fd listener_;
    std::atomic<bool> stopping_ = false;
    std::mutex mutex_;
    std::vector<Answer> answers_;
    std::vector<std::string> requests_;
    std::thread thread_;
};

/// What one run of the program printed and returned.
struct Outcome {
    int exit_code = 0;
    std::string output;
    std::string errors;
};

inline Outcome run_tare(const FakeDaemon& daemon, std::vector<std::string> words) {
    std::vector<std::string> arguments{"tare", "-H", cat("unix://", daemon.path()), "--config",
                                       daemon.directory()};
    arguments.insert(arguments.end(), words.begin(), words.end());
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    Outcome outcome;
    outcome.exit_code = run_program(arguments, "1.2.3");
    outcome.output = testing::internal::GetCapturedStdout();
    outcome.errors = testing::internal::GetCapturedStderr();
    return outcome;
}

}  // namespace tare::cli::docker
