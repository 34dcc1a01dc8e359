#pragma once

// Named fault points: places where a test makes the world end. Every change of state has some, named
// `noun.verb.what_has_just_happened`:
//
//     TRY(fault::point("content.commit.renamed"));
//
// A test arms one by name, or asks which ones an operation passes and then kills a forked child at
// each of them in turn:
//
//     auto names = fault::record([&] { (void)operation(); });      // outcome not of interest here
//     for (auto& name : names) in_child([&] { fault::arm(name, fault::Action::kill); operation(); });
//
// Unarmed, a point costs one relaxed load. A program of a release build has no door to arm one from
// outside (security TA5); those of debug and sanitizer builds read the environment, see below.

#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tare::fault {

enum class Action {
    error,  ///< the point fails with kind `aborted`
    kill,   ///< the process ends by SIGKILL, nothing is flushed
};

namespace detail {
extern constinit std::atomic<bool> is_watched;
Result<> reached(std::string_view name);
}  // namespace detail

/// Does nothing unless this name is armed.
inline Result<> point(std::string_view name) {
    if (!detail::is_watched.load(std::memory_order_relaxed)) [[likely]]
        return {};
    return detail::reached(name);
}

/// Arms a point for all threads until disarm_all. It passes `skip` times before it acts, then acts
/// every time.
void arm(std::string_view name, Action action, unsigned skip = 0);
/// Runs `behaviour` when the point is reached: swap a path, wait for another thread, fail in a certain
/// way. No lock is held meanwhile.
void arm(std::string_view name, std::function<Result<>()> behaviour);
void disarm_all();

/// The names of the points that `operation` passes, in the order of their first passing.
std::vector<std::string> record(const std::function<void()>& operation);

/// Arms what TARE_FAULT says: `name:action[:skip]`, several separated by commas; action is `error` or
/// `kill`. For main() of a program. invalid_argument on anything else; in release builds it is not read.
Result<> arm_from_environment();

}  // namespace tare::fault
