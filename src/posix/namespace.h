#pragma once

// Namespaces, and children that start in new ones.

#include <cstdint>
#include <string>

#include <sys/types.h>

#include "posix/process.h"

namespace tare::posix {

/// Bits of clone(2), so that callers need no kernel header.
namespace namespace_bit {
inline constexpr std::uint64_t time = 0x00000080;
inline constexpr std::uint64_t mount = 0x00020000;
inline constexpr std::uint64_t cgroup = 0x02000000;
inline constexpr std::uint64_t uts = 0x04000000;
inline constexpr std::uint64_t ipc = 0x08000000;
inline constexpr std::uint64_t user = 0x10000000;
inline constexpr std::uint64_t pid = 0x20000000;
inline constexpr std::uint64_t network = 0x40000000;
}  // namespace namespace_bit

enum class Parent { self, own_parent };

/// fork(2) into new namespaces (clone3). In the child the returned Process is empty. With
/// Parent::own_parent the child belongs to the caller's parent (CLONE_PARENT); with the descriptor of a
/// cgroup v2 directory it is born in there (CLONE_INTO_CGROUP; Linux 5.7).
/// The caller must be single-threaded: the child goes on with a copy of its memory.
Result<Process> fork_into_namespaces(std::uint64_t namespaces, Parent parent = Parent::self,
                                     int cgroup_directory = -1);
/// The flags that it calls clone with, for who asks whether a filter allows them.
std::uint64_t fork_flags(std::uint64_t namespaces, Parent parent);

/// unshare(2).
Result<> unshare_namespaces(std::uint64_t namespaces);
/// setns(2) with a namespace file; `kind` 0 takes any. `name` is for the error.
Result<> join_namespace(int fd, std::uint64_t kind, std::string_view name);

/// Whether `path` is the namespace of that kind (one bit) that the caller itself is in.
Result<bool> is_own_namespace(const std::string& path, std::uint64_t kind);

/// sethostname(2), setdomainname(2) in the caller's UTS namespace.
Result<> set_hostname(std::string_view name);
Result<> set_domainname(std::string_view name);
/// Brings the loopback interface of the caller's network namespace up.
Result<> bring_loopback_up();

}  // namespace tare::posix
