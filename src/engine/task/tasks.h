#pragma once

// Tasks: the processes of containers, reached through their shims.
//
//     auto tasks = TRY(Tasks::open(options, [](const Exit& exit) { … }));
//     pid_t pid = TRY(tasks->create(key, {.spec = …, .rootfs = mounts, .log = …}));  // shim runs, process
//     waits TRY(tasks->attach(key, "", streams, client)); TRY(tasks->start(key)); … // the exit is told, once
//     TRY(tasks->remove(key));                                // Delete, Shutdown, bundle gone
//
// A shim outlives this process: whatever is true of a task is true in the shim and on its disk, and this
// class only remembers connections. Protocol: containerd.task.v2.Task over ttrpc, plus our service
// tare.task.v1.Streams for attach.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/deadline.h"
#include "base/result.h"
#include "base/time.h"
#include "oci/resources.h"
#include "oci/runtime_spec.h"
#include "posix/fd.h"

namespace tare::task {

/// Which task: ids are unique within a namespace of containerd's kind.
struct Key {
    std::string name_space;
    std::string id;

    auto operator<=>(const Key&) const = default;
};

/// What the shim does with the output of a process.
struct LogTarget {
    std::string driver = "none";       ///< json-file or none
    std::string path;                  ///< of json-file
    std::uint64_t max_size_bytes = 0;  ///< rotate at this size; 0 never
    std::uint32_t max_files = 1;
    /// What goes into the "attrs" of each line.
    std::vector<std::pair<std::string, std::string>> attributes;
};

struct CreateRequest {
    oci::RuntimeSpec spec;
    std::vector<oci::Mount> rootfs;  ///< mounted by the shim, inside the container's mount namespace alone
    /// The first of `rootfs`, if it is mounted already: a detached mount of the caller's, who keeps the
    /// descriptor. -1: none. A shim of another vendor mounts `rootfs` instead.
    int root = -1;
    LogTarget log;
    bool open_stdin = false;  ///< else stdin is /dev/null
    bool stdin_once = false;  ///< stdin ends when the first client that gave it ends its own
};

struct ExecRequest {
    oci::Process process;
    bool open_stdin = false;
    /// Kept in the bundle as long as the exec is, and given back by `recover`: what the caller wants to
    /// know of it after a restart.
    std::string record;
};

/// How the streams of a process are served to one client. Docker's hijacked connections.
struct StreamsRequest {
    bool wants_stdin = false;
    bool wants_stdout = false;
    bool wants_stderr = false;
    /// Raw bytes (terminals), or Docker's stdcopy frames of stdout and stderr.
    enum class Framing { raw, multiplexed } framing = Framing::multiplexed;
    std::string detach_keys;  ///< bytes that end the session; empty: none
    std::string leftover;     ///< input that the client sent already
    /// The end of this client's input ends the process's stdin.
    bool closes_stdin = false;
};

/// How a process ended. `exec_id` is empty for the container's first process.
struct Exit {
    Key key;
    std::string exec_id;
    pid_t pid = 0;
    int status = 0;  ///< as a shell tells it: the code, or 128 + signal
    Time at;
    bool out_of_memory = false;  ///< the kernel killed in its control group
};

enum class Status { created, running, paused, stopped, unknown };

struct State {
    Status status = Status::unknown;
    pid_t pid = 0;
    int exit_status = 0;
    Time exited_at;
};

/// What `recover` found of a task.
struct Found {
    Key key;
    State state;
    bool has_shim = false;  ///< else only its files are left
    /// Of the first process: how it ended, if that was while nobody listened.
    std::optional<Exit> exit;
    /// The execs that were begun, with their records and, where they have ended, their exits.
    struct Exec {
        std::string id;
        std::string record;
        std::optional<Exit> exit;
    };
    std::vector<Exec> execs;
};

struct Options {
    std::string state_directory;     ///< STATE
    std::string shim_program;        ///< absolute
    std::string events_address;      ///< TTRPC_ADDRESS of shims; may be empty
    std::string containerd_address;  ///< what shims get as -address
    bool debug = false;
};

/// Thread-safe. Calls block until the shim answers or their deadline (30 s, stop-like calls aside)
/// passes: deadline_exceeded. unavailable: the shim is gone. not_found: no such task, process or exec.
class Tasks {
  public:
    /// Called once for each exit of a process that was started, from a thread of this class or of a caller
    /// of start; must not block and must not call back into Tasks.
    using ExitListener = std::function<void(const Exit&)>;
    static Result<std::unique_ptr<Tasks>> open(Options options, ExitListener listener);
    /// Lets go of the shims, which go on.
    ~Tasks();
    Tasks(const Tasks&) = delete;
    Tasks& operator=(const Tasks&) = delete;

    /// Writes the bundle, launches a shim and creates the first process, which waits for `start`.
    /// A failure leaves nothing behind and has the runtime's own words ("executable file not found in
    /// $PATH"). already_exists if there is such a task.
    Result<pid_t> create(const Key& key, const CreateRequest& request);
    Result<> start(const Key& key);

    /// Adds a process; it waits for `start_exec`.
    Result<> exec(const Key& key, const std::string& exec_id, const ExecRequest& request);
    Result<pid_t> start_exec(const Key& key, const std::string& exec_id);
    /// Changes what is kept of an exec: the exit code, before the shim forgets it.
    Result<> record_exec(const Key& key, const std::string& exec_id, const std::string& record);
    /// The shim forgets an exec that has ended (or was never started); its record stays on disk.
    Result<> remove_exec(const Key& key, const std::string& exec_id);
    /// These go, too. An absent task is success: they went with it.
    Result<> forget_exec(const Key& key, const std::string& exec_id);

    /// Gives the client's connection to the shim, which serves it from then on, whatever becomes of this
    /// process. `client` is taken on success only.
    Result<> attach(const Key& key, const std::string& exec_id, const StreamsRequest& request,
                    posix::Fd& client);

    enum class Whom { process, all };
    Result<> kill(const Key& key, const std::string& exec_id, int signal, Whom whom = Whom::process);
    Result<> pause(const Key& key);
    Result<> resume(const Key& key);
    Result<> resize(const Key& key, const std::string& exec_id, std::uint16_t width, std::uint16_t height);
    Result<> update(const Key& key, const oci::LinuxResources& resources);
    Result<> close_stdin(const Key& key, const std::string& exec_id);
    /// Pids in the host's pid namespace.
    Result<std::vector<pid_t>> pids(const Key& key);
    Result<State> state(const Key& key, const std::string& exec_id = {});

    /// Deletes a task whose first process has ended: runtime state, control group, shim and bundle. A shim
    /// that is gone is cleaned up by `tare-shim delete`. An absent task is success.
    Result<> remove(const Key& key);

    /// After a restart: connects to every shim below STATE/shim, waits for exits again, and tells what
    /// was found. What ended meanwhile is told here and not to the listener. A task whose shim was killed
    /// ends here: its processes are killed, with status 137.
    Result<std::vector<Found>> recover();

    /// The tasks whose shims are of another build than the shim that is installed now: they outlived an
    /// upgrade and keep the faults of their own program until their containers are restarted (security TA3).
    /// Also those that tell no build. None if the installed program has no build id.
    std::vector<Key> under_other_shims();

    struct Impl;

  private:
    explicit Tasks(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace tare::task
