#pragma once

// What a daemon calls `tare-shim` for. Source: containerd, runtime/v2 README ("Commands").

#include <string>
#include <vector>

#include "base/result.h"

namespace tare::shim {

struct Invocation {
    std::string name_space;
    std::string id;
    std::string address;         ///< of the daemon's gRPC socket; our socket goes below its directory
    std::string publish_binary;  ///< accepted; events go to ttrpc_address
    std::string bundle;          ///< absolute
    std::string ttrpc_address;   ///< $TTRPC_ADDRESS
    std::string version;         ///< of this program
    std::string build;           ///< of this program: its build id; empty: it has none
    bool is_debug = false;
};

/// What all shims of one daemon share lies beside its socket: DIRECTORY/s (our sockets), DIRECTORY/seccomp.
std::string daemon_directory_of(const Invocation& invocation);

/// `start`: a shim that serves in a session of its own, with the bundle as working directory and no
/// descriptor of ours. Returns the address to print: of a new one, or of the pod's, if config.json says by
/// its annotation that the container belongs to a sandbox. Returns once the socket listens.
Result<std::string> start(const Invocation& invocation);

/// `delete`: after a shim has died. Ends it for sure and every process of the container, removes cgroup,
/// runtime state and socket, and returns the DeleteResponse to print: of the exit record, or 137 and now.
/// Anything that is gone already is fine.
Result<std::string> remove(const Invocation& invocation);

/// Serves until Shutdown, in this process. `listener` is a descriptor that listens at `socket_path`; both are
/// taken over, the file goes at the end.
Result<> serve(const Invocation& invocation, int listener, const std::string& socket_path);

}  // namespace tare::shim
