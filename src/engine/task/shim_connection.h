#pragma once

// One task's shim as this process sees it, and the exits that it is still to tell.

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "engine/task/tasks.h"
#include "run/task/client.h"

namespace tare::task {

/// How far a process is in being told of. A very short one may end before the answer to its Start is
/// read: its exit waits for that answer.
struct Process {
    pid_t pid = 0;
    enum class Phase { created, starting, started, told } phase = Phase::created;
    std::optional<Exit> exit;  ///< known, not told yet
};

struct ShimConnection {
    ShimConnection(Key key_, std::string bundle_, shimv2::Client client_)
        : key(std::move(key_)), bundle(std::move(bundle_)), client(std::move(client_)) {}

    const Key key;
    const std::string bundle;
    const shimv2::Client client;

    std::mutex mutex;  // guards what follows
    std::map<std::string, Process> processes;
    std::optional<std::string> build;  ///< of the shim's program; "": it told none; unset: not known yet
    /// Being removed: what its waits answer now is no exit.
    bool is_removed = false;
    bool is_lost = false;
};
using ShimRef = std::shared_ptr<ShimConnection>;

}  // namespace tare::task
