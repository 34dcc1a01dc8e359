#pragma once

// The /dev/shm of containers whose IPC namespace others may join (--ipc shareable): a tmpfs that outlives
// neither the run of its container nor is anybody's but the joiners'. It is the one mount of a container
// that the host's mount namespace has, at DIRECTORY/shm, since a tmpfs inside another mount namespace
// cannot be bound from here without trusting the paths in it.

#include "engine/container/container.h"

namespace tare::container {

/// Where it is; empty for a container that shares none (private, host, none).
std::string shared_memory_path(const Container& container);

/// Mounts it, of the size that was asked for; one that is there already stays. A container that shares none
/// is success.
Result<> prepare_shared_memory(const Container& container);
/// Unmounts and removes it; idempotent. Processes that still use it keep it until they end.
Result<> release_shared_memory(const Container& container);

}  // namespace tare::container
