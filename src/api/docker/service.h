#pragma once

// Docker's Engine API as one object.
//
//     docker::Service service({.supervisor = …, .bus = …, …});
//     auto server = TRY(http::Server::start({}, [&](http::ServerExchange& e) { service.serve(e); }));
//     TRY(server.listen(TRY(posix::listen_unix(cat(state, "/docker.sock"), 0660))));

#include <functional>
#include <memory>
#include <string>

#include "base/time.h"
#include "engine/container/host_facts.h"
#include "image/layer/worker.h"

namespace tare::content {
class Store;
}
namespace tare::container {
class Containers;
}
namespace tare::event {
class Bus;
}
namespace tare::http {
class ServerExchange;
}
namespace tare::network {
class Networks;
}
namespace tare::registry {
class Registry;
}
namespace tare::snapshot {
class Snapshotter;
}
namespace tare::supervisor {
class Supervisor;
}
namespace tare::transfer {
class Images;
}
namespace tare::volume {
class Volumes;
}

namespace tare::docker {

class Router;

/// What the face translates to; all outlive it.
struct Parts {
    supervisor::Supervisor& supervisor;
    container::Containers& containers;
    transfer::Images& images;
    registry::Registry& registry;
    content::Store& content;
    snapshot::Snapshotter& snapshotter;
    network::Networks& networks;
    volume::Volumes& volumes;
    event::Bus& bus;
    container::HostFacts host;
    layer::WorkerProgram worker;  ///< decompresses what is copied into containers

    std::string name_space = "default";
    std::string version = "0.1.0";             ///< of tare
    std::string root_directory;                ///< ROOT
    std::string daemon_id;                     ///< `ID` of info: stable for a ROOT
    std::string logging_driver = "json-file";  ///< of containers that do not name one
    Time started;
    /// Frees what nothing refers to any more and answers the bytes; `image prune` calls it. May be empty.
    std::function<std::uint64_t()> collect_garbage;
    bool is_debug = false;
};

/// Thread-safe. Holds no state but the table of routes.
class Service {
  public:
    explicit Service(Parts parts);
    ~Service();

    /// Answers one request; failures become Docker's error documents.
    void serve(http::ServerExchange& exchange);

    const Parts& parts() const { return parts_; }

  private:
    Parts parts_;
    std::unique_ptr<Router> router_;
};

}  // namespace tare::docker
