#pragma once

// The life of a container, for a single-threaded caller: tare-oci, or the shim in process.
//
//     auto created = TRY(runtime::create({.root = root, .id = id, .bundle = bundle, .spec = spec}));
//     TRY(runtime::start(root, created.state));
//     ExitStatus status = TRY(created.init.wait());
//     TRY(runtime::destroy(root, created.state));
//
// A container that fails to be created leaves nothing behind. Source: runtime-spec, runtime.md.

#include <string>
#include <vector>

#include "posix/fd.h"
#include "posix/process.h"
#include "run/runtime/state.h"

namespace tare::runtime {

/// The descriptors (ours) that become 0, 1 and 2 of a process without a terminal.
struct Stdio {
    int in = 0;
    int out = 1;
    int error = 2;
};

struct CreateOptions {
    std::string root;  ///< state root, absolute
    std::string id;
    std::string bundle;  ///< absolute
    oci::RuntimeSpec spec;
    /// What the root is made of: mounted one on another at the root's path, in the container's mount
    /// namespace alone (`destination` is a path below it, "" the root itself). Empty: the path holds it.
    std::vector<oci::Mount> root_mounts;
    /// The first of them, if the caller has mounted it already: a detached mount, borrowed. -1: not.
    int first_root_mount = -1;
    Stdio stdio;
    int preserved_descriptors = 0;  ///< 3, 4, … that the process keeps
    enum class Root { pivot, chroot } root_change = Root::pivot;
    enum class Keyring { fresh, inherited } keyring = Keyring::fresh;
    cgroup::Permission cgroup_permission = cgroup::Permission::required;
    /// Where compiled seccomp filters are kept for the next container; "" keeps none (seccomp.h).
    std::string seccomp_cache;
};

/// A created container. The init process is the caller's child and waits for start.
struct Created {
    State state;
    posix::Process init;
    posix::Fd console;  ///< the terminal's master, if the process has one
};

/// Namespaces, cgroup, root, mounts, hooks, up to the point where the program would be executed.
/// not_found or permission_denied with "exec: …" if the program is missing or not executable.
Result<Created> create(const CreateOptions& options);

/// Lets init execute the program; failed_precondition unless the container is created. Runs the
/// poststart hooks.
Result<> start(const std::string& root, const State& state);

struct ExecOptions {
    oci::Process process;
    Stdio stdio;
    int preserved_descriptors = 0;
    enum class Paused { refuse, allow } paused = Paused::refuse;
    std::string seccomp_cache;  ///< as in CreateOptions
    /// Groups at or below the container's own, as Cgroup::group_below gives them; empty: its own.
    cgroup::Cgroup::Paths cgroup_paths;
};

struct Executed {
    posix::Process process;
    posix::Fd console;
};
/// One more process in a running container, with exactly the privileges that `process` lists.
Result<Executed> exec(const std::string& root, const State& state, const ExecOptions& options);

/// A signal to init; with Whom::all to every process of the cgroup.
enum class Whom { init, all };
Result<> kill(const std::string& root, const State& state, int signal, Whom whom);
Result<> pause(const std::string& root, const State& state);
Result<> resume(const std::string& root, const State& state);

/// Kills what is left, removes cgroup and state directory and runs the poststop hooks. Anything that
/// is gone already is fine.
Result<> destroy(const std::string& root, const State& state);

/// A default config.json, as `spec` writes it.
oci::RuntimeSpec default_spec();

}  // namespace tare::runtime
