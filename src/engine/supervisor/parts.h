#pragma once

// The rooms that the supervisor joins, as apps/tared opens them.

#include <functional>
#include <string>

#include "engine/container/config.h"
#include "engine/container/host_config.h"
#include "engine/container/host_facts.h"

namespace tare::store {
class Database;
}
namespace tare::transfer {
class Images;
}
namespace tare::snapshot {
class Snapshotter;
}
namespace tare::network {
class Networks;
}
namespace tare::volume {
class Volumes;
}
namespace tare::container {
class Containers;
}
namespace tare::event {
class Bus;
}
namespace tare::task {
class Tasks;
struct Exit;
}  // namespace tare::task

namespace tare::supervisor {

/// All of it outlives the supervisor.
struct Parts {
    store::Database& database;
    transfer::Images& images;
    snapshot::Snapshotter& snapshotter;
    network::Networks& networks;
    volume::Volumes& volumes;
    container::Containers& containers;
    event::Bus& events;
    task::Tasks& tasks;
    const container::HostFacts& host;

    /// The containerd namespace of its containers.
    std::string space = "default";
    /// ROOT/containers.
    std::string containers_directory;
    /// For containers that do not say.
    container::LogConfig default_log;
    /// Asks for garbage collection soon; may be empty.
    std::function<void()> collect_soon;
};

}  // namespace tare::supervisor
