#pragma once

// A network namespace that outlives its maker: a file with the namespace mounted on it.

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "engine/network/route_socket.h"
#include "posix/fd.h"

namespace tare::network {

struct OpenNamespace {
    posix::Fd file;      ///< the namespace, for moving links into it
    RouteSocket routes;  ///< a socket inside
};

/// Makes a namespace with lo up and IPv6 off for every link to come; it lives as long as its descriptors.
/// The caller's threads stay where they are: a thread of its own enters.
Result<OpenNamespace> make_namespace();
/// Mounts it on the new file `path`, whose directory exists, so that it outlives this process.
Result<> pin_namespace(const OpenNamespace& made, const std::string& path);
/// Enters an existing one (on a thread of its own) and opens a socket there.
Result<OpenNamespace> open_namespace(const std::string& path);
/// True if a network namespace is mounted on `path`.
bool is_namespace(const std::string& path);
/// Unmounts and removes the file. Whatever lives in the namespace keeps it; the kernel takes the links of
/// an abandoned one down by itself. An absent one is success.
Result<> remove_namespace(const std::string& path);

/// Some namespaces made ahead. The kernel makes one in less than a millisecond, but in several while it
/// takes down those of containers that ended, and that is just when the next one starts. Thread-safe.
class NamespacePool {
  public:
    ~NamespacePool();

    /// One of those made ahead, or one made now. The pool is filled again a moment later.
    Result<OpenNamespace> take();

  private:
    void fill(const std::stop_token& stop);

    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::vector<OpenNamespace> ready_;
    std::chrono::steady_clock::time_point fill_at_;
    std::jthread filler_;  // last: ends before what it uses
};

}  // namespace tare::network
