#pragma once

// What the runtime keeps about a container: ROOT/ID/state.json, with the keys that runc's has, since
// other programs read them.

#include <string>
#include <vector>

#include <sys/types.h>

#include "oci/runtime_spec.h"
#include "run/cgroup/cgroup.h"

namespace tare::runtime {

enum class Status { creating, created, running, paused, stopped };
std::string_view to_string(Status status);

struct State {
    std::string id;
    std::string bundle;  ///< absolute
    std::string rootfs;  ///< absolute
    pid_t pid = -1;
    std::uint64_t start_time = 0;  ///< of `pid`, the guard against its reuse
    std::string created;           ///< RFC 3339 with nanoseconds
    uid_t owner = 0;
    bool rootless = false;
    std::vector<std::pair<std::string, std::string>> annotations;
    cgroup::Cgroup::Paths cgroup_paths;
    /// Of the spec: kinds that the container does not share with the caller.
    std::vector<oci::NamespaceKind> namespaces;
    bool no_new_keyring = false;
    oci::Hooks hooks;
    /// Defaults for exec without a process file.
    oci::Process process;
    std::vector<oci::IdMapping> uid_mappings;
    std::vector<oci::IdMapping> gid_mappings;
    std::optional<oci::Seccomp> seccomp;
    std::optional<oci::Personality> personality;
    std::optional<oci::MemoryPolicy> memory_policy;
};

/// The directories of the state root. `root` is absolute.
std::string state_directory(const std::string& root, std::string_view id);
/// The fifo in it: there while the container waits for start.
std::string start_fifo(const std::string& root, std::string_view id);

/// invalid_argument unless `id` is made of letters, digits and "_+-." and is a file name.
Result<> check_id(std::string_view id);

Result<> save_state(const std::string& root, const State& state);
/// not_found "container does not exist".
Result<State> load_state(const std::string& root, std::string_view id);
/// The ids that have a directory; an absent root has none.
Result<std::vector<std::string>> list_ids(const std::string& root);

/// From facts: frozen cgroup, living init with the right start time, fifo.
Result<Status> status_of(const std::string& root, const State& state);
/// Whether init runs (not a zombie, not another process of the same pid).
bool is_alive(const State& state);

/// The state document of the spec (runtime.md, "State"), as hooks and `state` get it.
Json state_document(const State& state, Status status);

}  // namespace tare::runtime
