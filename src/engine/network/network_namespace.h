#pragma once

// A network namespace that outlives its maker: a file with the namespace mounted on it.

#include <string>

#include "base/result.h"
#include "engine/network/route_socket.h"
#include "posix/fd.h"

namespace tare::network {

struct OpenNamespace {
    posix::Fd file;      ///< the namespace, for moving links into it
    RouteSocket routes;  ///< a socket inside
};

/// Makes a namespace with lo up and IPv6 off for every link to come, and mounts it on the new file
/// `path`, whose directory exists. The caller's threads stay where they are: a thread of its own enters.
Result<OpenNamespace> make_namespace(const std::string& path);
/// Enters an existing one (on a thread of its own) and opens a socket there.
Result<OpenNamespace> open_namespace(const std::string& path);
/// True if a network namespace is mounted on `path`.
bool is_namespace(const std::string& path);
/// Unmounts and removes the file. Whatever lives in the namespace keeps it; the kernel takes the links of
/// an abandoned one down by itself. An absent one is success.
Result<> remove_namespace(const std::string& path);

}  // namespace tare::network
