#pragma once

// The daemon as one value: every room, opened in the order in which they stand on each other, and closed
// in the reverse one.

#include <memory>
#include <string>
#include <vector>

#include "apps/tared/config.h"
#include "engine/container/host_facts.h"
#include "posix/fd.h"

namespace tare::tared {

class Daemon {
  public:
    /// Takes the state directory, opens the store and all rooms, and recovers what an earlier daemon
    /// left. Nothing is served yet. unavailable if another daemon has the state directory.
    static Result<std::unique_ptr<Daemon>> open(const Config& config, bool is_debug);
    ~Daemon();

    /// Serves on STATE/docker.sock, on the configured hosts and on the sockets that systemd opened.
    Result<> serve();
    /// Takes over what of `config` may change while the daemon runs: registries, mirrors and whom they may
    /// trust. Tells it by an event, as dockerd does.
    void reload(const Config& config);
    /// Ends answers and timers; containers go on running.
    void shut_down();

  private:
    struct Rooms;
    explicit Daemon(std::unique_ptr<Rooms> rooms);
    std::unique_ptr<Rooms> rooms_;
};

/// "tare" for /run/tare, else "tare-" and six hex digits of the directory's hash: the name of all that the
/// machine can see of a daemon.
std::string instance_name(const std::string& state_directory);

}  // namespace tare::tared
