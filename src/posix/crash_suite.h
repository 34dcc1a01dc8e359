#pragma once

// For tests: what everything that keeps state on disk must pass. An operation is run once to learn which
// fault points (base/fault.h) it passes, then once for each of them, ended there by SIGKILL in a forked
// child, or by an error in this process; `verify` says what has to hold afterwards.
//
//     posix::crash_at_every_point({.prepare = …, .operation = …, .verify = …});
//
// Nothing that the child uses may be open in the parent (SQLite does not survive fork): the three steps get
// a directory and open what they need.

#include <csignal>
#include <cstdlib>
#include <functional>
#include <string>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "posix/file.h"

namespace tare::posix {

/// A new directory, removed with what is in it.
class TemporaryDirectory {
  public:
    TemporaryDirectory() {
        char name[] = "/tmp/tare-test-XXXXXX";
        path_ = ::mkdtemp(name);
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    ~TemporaryDirectory() { (void)remove_tree(path_); }  // a left-over directory fails no test

    const std::string& path() const { return path_; }
    std::string operator/(const std::string& name) const { return path_ + "/" + name; }

  private:
    std::string path_;
};

/// Runs `work` in a forked child; true if SIGKILL ended it, false if it returned.
inline bool is_killed_in_child(const std::function<void()>& work) {
    pid_t child = ::fork();
    if (child == 0) {
        work();
        ::_exit(0);
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    bool is_killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    EXPECT_TRUE(is_killed || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
        << "the child ended with " << status;
    return is_killed;
}

struct CrashSteps {
    std::function<void(const std::string& directory)> prepare;    ///< the state before; may be empty
    std::function<void(const std::string& directory)> operation;  ///< its outcome is of no interest
    std::function<void(const std::string& directory)> verify;     ///< with EXPECT_…
};

inline void crash_at_every_point(const CrashSteps& steps) {
    auto prepare = [&](const TemporaryDirectory& place) {
        if (steps.prepare) steps.prepare(place.path());
    };
    TemporaryDirectory first;
    prepare(first);
    auto names = fault::record([&] { steps.operation(first.path()); });
    steps.verify(first.path());
    EXPECT_FALSE(names.empty()) << "the operation passes no fault point";
    for (const auto& name : names) {
        SCOPED_TRACE("at " + name);
        // A point in a loop is hit at each of its first passes in turn, until the operation outruns it.
        for (unsigned skip = 0; skip < 16; ++skip) {
            TemporaryDirectory place;
            prepare(place);
            bool is_killed = is_killed_in_child([&] {
                fault::arm(name, fault::Action::kill, skip);
                steps.operation(place.path());
            });
            steps.verify(place.path());
            if (!is_killed) break;
        }
        TemporaryDirectory place;
        prepare(place);
        fault::arm(name, fault::Action::error);
        steps.operation(place.path());
        fault::disarm_all();
        steps.verify(place.path());
    }
}

}  // namespace tare::posix
