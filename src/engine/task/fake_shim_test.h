#pragma once

// A shim for tests: a script in place of tare-shim's command line, and a server of the Task service whose
// answers a test chooses.

#include <map>
#include <mutex>

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "engine/task/tasks.h"
#include "posix/file.h"
#include "posix/socket.h"
#include "run/task/exit_record.h"
#include "run/task/extension.h"
#include "wire/ttrpc/loop_thread.h"
#include "wire/ttrpc/server.h"

namespace tare::task {

class FakeShim {
  public:
    explicit FakeShim(const std::string& directory) : directory_(directory) {
        program_ = directory + "/shim";
        const std::string script =
            cat("#!/bin/sh\nfor verb; do :; done\ncase $verb in\nstart) /bin/cp ", directory,
                "/address address; exec /bin/cat address;;\ndelete) exec /bin/cp config.json ", directory,
                "/deleted;;\nesac\n");
        EXPECT_TRUE(posix::write_file_atomic(program_, script, 0700));
        EXPECT_EQ(::chmod(program_.c_str(), 0700), 0);
        EXPECT_TRUE(posix::write_file_atomic(directory + "/address", "unix://" + socket()));
        begin();
    }
    ~FakeShim() { die(); }

    const std::string& program() const { return program_; }
    std::string socket() const { return directory_ + "/socket"; }
    bool has_cleaned_up() const { return posix::exists(directory_ + "/deleted"); }

    /// The answer to a method from now on; others are answered with an empty message.
    void answer(const std::string& method, ttrpc::Reply reply) {
        std::lock_guard lock(mutex_);
        answers_.insert_or_assign(method, std::move(reply));
    }
    /// A call of this method is not answered until `end` names its process.
    void end(const std::string& exec_id, int status) {
        // The Wait is sent without waiting for it.
        for (int i = 0; i < 500 && !has_waiter(exec_id); ++i)
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        shimv2::WaitResponse response;
        response.exit_status = static_cast<std::uint32_t>(status);
        response.exited_at = shimv2::Timestamp::of(now());
        std::lock_guard lock(mutex_);
        auto waiter = waiters_.find(exec_id);
        ASSERT_NE(waiter, waiters_.end());
        thread_->post([responder = waiter->second, text = encode(response)] { responder.answer(text); });
        waiters_.erase(waiter);
    }
    /// Runs on the server's thread before a method is answered.
    void before(const std::string& method, std::function<void()> work) {
        std::lock_guard lock(mutex_);
        before_.insert_or_assign(method, std::move(work));
    }
    void die() {
        if (thread_) thread_->stop();
        server_.reset();
        thread_.reset();
    }
    /// Those of a daemon that is gone.
    void forget_waiters() {
        std::lock_guard lock(mutex_);
        waiters_.clear();
    }
    bool has_waiter(const std::string& exec_id) {
        std::lock_guard lock(mutex_);
        return waiters_.contains(exec_id);
    }

  private:
    void begin() {
        thread_ = std::move(*ttrpc::LoopThread::start());
        auto listener = posix::listen_unix(socket(), 0600);
        ASSERT_TRUE(listener);
        thread_->post([this, fd = std::make_shared<posix::Fd>(std::move(*listener))] {
            server_ = std::move(*ttrpc::Server::open(
                thread_->loop(), std::move(*fd),
                [this](ttrpc::Incoming call, ttrpc::Responder responder) { serve(call, responder); }));
        });
    }
    void serve(const ttrpc::Incoming& call, const ttrpc::Responder& responder) {
        std::unique_lock lock(mutex_);
        if (call.method == "Wait") {
            auto request = shimv2::decode<shimv2::WaitRequest>(call.payload);
            waiters_.insert_or_assign(request->exec_id, responder);
            return;
        }
        if (auto work = before_.find(call.method); work != before_.end()) {
            auto run = work->second;
            lock.unlock();
            run();
            lock.lock();
        }
        auto reply = answers_.find(call.method);
        responder.answer(reply == answers_.end() ? ttrpc::Reply(std::string()) : reply->second);
    }

    std::string directory_;
    std::string program_;
    std::mutex mutex_;
    std::map<std::string, ttrpc::Reply> answers_;
    std::map<std::string, ttrpc::Responder> waiters_;
    std::map<std::string, std::function<void()>> before_;
    std::unique_ptr<ttrpc::LoopThread> thread_;
    std::unique_ptr<ttrpc::Server> server_;
};

}  // namespace tare::task
