#pragma once

// The life of containers, as the Docker face asks for it.
//
//     auto created = TRY(supervisor.create({.name = "web", .body = …}));
//     TRY(supervisor.attach(created.id, streams, client));    // kept until the task exists
//     auto waiting = TRY(supervisor.wait(created.id, WaitCondition::next_exit, callback));
//     TRY(supervisor.start(created.id));
//
// `name_or_id` is a full id, a name, or a prefix of an id that fits one container; not_found "No such
// container: x", invalid_argument for a prefix that fits several. Messages are Docker's where clients show or
// parse them. Verbs on one container are carried out one after another; different containers don't wait for
// each other. Everything is thread-safe.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/deadline.h"
#include "base/result.h"
#include "engine/container/config_json.h"
#include "engine/container/container.h"
#include "engine/container/containers.h"
#include "engine/supervisor/stats.h"
#include "engine/task/tasks.h"
#include "posix/fd.h"

namespace tare::supervisor {

/// POST /containers/create.
struct CreateRequest {
    std::string name;  ///< without a leading slash; empty: one is made up
    container::CreateRequest body;
    std::string platform;  ///< "linux/arm64"; empty: the host's
};
struct Created {
    std::string id;
    std::vector<std::string> warnings;
};

/// Whether a verb had something to do: Docker's 204 and 304.
enum class Change { made, none };

enum class WaitCondition { not_running, next_exit, removed };
struct WaitResult {
    int status_code = 0;
    std::string error;  ///< why the container could not be started or removed; empty if it simply ended
};
using WaitCallback = std::function<void(const WaitResult&)>;

/// A wait that is going on; letting go of it ends it without a call back.
class Waiting {
  public:
    Waiting() = default;
    explicit Waiting(std::shared_ptr<void> hold) : hold_(std::move(hold)) {}

  private:
    std::shared_ptr<void> hold_;
};

/// The right to attach next: no start comes between prepare_attach and attach. Whoever lets go of it gives
/// the container free again.
struct AttachTicket {
    container::ContainerRef container;
    container::LifeCycleLock lock;
};

/// The right to look into a container's files: of one that does not run, none of its verbs is carried out
/// meanwhile (rootfs.h says why).
struct FilesTicket {
    container::ContainerRef container;
    container::LifeCycleLock lock;  ///< empty of a running container, whose own mounts are looked into
};

struct StopOptions {
    std::optional<std::chrono::seconds> timeout;  ///< negative: for ever; absent: the container's, else 10 s
    std::string signal;                           ///< "SIGTERM", "15"; empty: the container's stop signal
};

struct RemoveOptions {
    bool force = false;    ///< kills it first
    bool volumes = false;  ///< with its anonymous volumes
};

/// POST /containers/{id}/exec.
struct ExecConfig {
    std::vector<std::string> command;
    std::vector<std::string> environment;
    std::string user;
    std::string working_directory;
    std::string detach_keys;  ///< as the client spells them ("ctrl-p,ctrl-q")
    bool privileged = false;
    bool terminal = false;
    bool attach_stdin = false;
    bool attach_stdout = false;
    bool attach_stderr = false;
    std::optional<std::pair<std::uint16_t, std::uint16_t>> console_size;  ///< height, width
};

/// GET /exec/{id}/json.
struct ExecInfo {
    std::string id;
    std::string container_id;
    ExecConfig config;
    bool running = false;
    std::optional<int> exit_code;
    int pid = 0;
};

/// GET /containers/{id}/top.
struct ProcessTable {
    std::vector<std::string> titles;
    std::vector<std::vector<std::string>> processes;
};

struct PruneReport {
    std::vector<std::string> removed;
    std::uint64_t reclaimed_bytes = 0;
};

struct Parts;

class Supervisor {
  public:
    /// `parts` names the rooms that are joined (parts.h); they outlive this object.
    explicit Supervisor(const Parts& parts);
    ~Supervisor();
    Supervisor(const Supervisor&) = delete;
    Supervisor& operator=(const Supervisor&) = delete;

    /// Image, name, snapshot, volumes and row; nothing runs yet. not_found "No such image: x" (the client
    /// pulls then), already_exists for a name in use, invalid_argument for a setting that cannot be.
    Result<Created> create(const CreateRequest& request);

    /// Network, files, spec, shim, task, pending attaches, process. `Change::none` if it runs already.
    /// invalid_argument with the runtime's words if the command cannot be executed: "… executable file
    /// not found in $PATH"; the container's exit code is then 127 (126 if it was found).
    Result<Change> start(const std::string& name_or_id);

    /// The stop signal, and SIGKILL after the timeout; returns when the container has ended and its exit
    /// is recorded. No restart policy starts it again.
    Result<Change> stop(const std::string& name_or_id, const StopOptions& options = {});
    /// A signal to the first process. SIGKILL (like the stop signal) also rules out the restart policy, and
    /// returns when the container has ended. failed_precondition if it is not running.
    Result<> kill(const std::string& name_or_id, const std::string& signal = "SIGKILL");
    Result<> restart(const std::string& name_or_id, const StopOptions& options = {});
    Result<> pause(const std::string& name_or_id);
    Result<> unpause(const std::string& name_or_id);
    Result<> rename(const std::string& name_or_id, const std::string& new_name);
    /// Limits of a container, running or not, and its restart policy. Returns warnings.
    Result<std::vector<std::string>> update(const std::string& name_or_id,
                                            const container::UpdateRequest& request);
    /// Row, snapshot, log, network, and anonymous volumes if asked. failed_precondition "You cannot remove
    /// a running container …" without force.
    Result<> remove(const std::string& name_or_id, const RemoveOptions& options = {});
    /// Removes the stopped containers that `selects` likes.
    Result<PruneReport> prune(const std::function<bool(const container::Container&)>& selects);

    /// Calls back once when the condition holds: at once (from within this call) if it holds already, else
    /// from a thread of ours, which must not be blocked. `removed` gives the last exit status.
    Result<Waiting> wait(const std::string& name_or_id, WaitCondition condition, WaitCallback callback);

    /// Checks whether the container can be attached to (failed_precondition if it is paused or going away).
    /// A client that sees its connection upgraded starts the container next, so this comes before that.
    Result<AttachTicket> prepare_attach(const std::string& name_or_id);
    /// Serves the container's streams on the client's connection. A running container's shim takes it
    /// over at once; of one that was not started yet it is kept, and closed if the start fails or never comes
    /// (removal). `client` is taken on success only.
    Result<> attach(AttachTicket ticket, const task::StreamsRequest& request, posix::Fd& client);
    Result<> attach(const std::string& name_or_id, const task::StreamsRequest& request, posix::Fd& client);
    Result<> resize(const std::string& name_or_id, std::uint16_t width, std::uint16_t height);

    /// The new exec's id. failed_precondition if the container is not running, or paused.
    Result<std::string> exec_create(const std::string& name_or_id, const ExecConfig& config);
    /// Starts it; with a client (taken on success only) its streams are served there, else it is detached.
    /// Fails before anything is started if it was started before. A missing command is invalid_argument and
    /// the exec's exit code 127 or 126.
    Result<> exec_start(const std::string& exec_id, const task::StreamsRequest& request, posix::Fd* client,
                        std::optional<std::pair<std::uint16_t, std::uint16_t>> console_size = {});
    Result<ExecInfo> exec_inspect(const std::string& exec_id);
    Result<> exec_resize(const std::string& exec_id, std::uint16_t width, std::uint16_t height);
    /// The ids of a container's execs, for inspect.
    std::vector<std::string> exec_ids(const std::string& container_id);

    /// For cp, diff and export, which rootfs.h does.
    Result<FilesTicket> prepare_files(const std::string& name_or_id);

    /// `ps_args` as Docker's ("-ef" if empty).
    Result<ProcessTable> top(const std::string& name_or_id, const std::string& ps_args);
    /// One reading of its counters; zeros for a container that is not running.
    Result<Stats> stats(const std::string& name_or_id);

    /// The ids of containers whose shims are of another build than the installed one (task::Tasks).
    std::vector<std::string> under_other_shims() const;

    /// What Tasks tells (apps/tared connects the two); returns at once.
    void on_exit(const task::Exit& exit);
    /// The kernel killed in a container for want of memory (the shims' event): the `oom` event.
    void on_out_of_memory(const std::string& container_id);

    /// To be called once, before anything is served (exits are taken up from then on): joins what the shims
    /// say with what the rows say, finishes what was half done, and carries out restart policies and --rm.
    Result<> recover();
    /// At the daemon's end: no timer fires any more; containers go on running.
    void shut_down();

    struct Impl;

  private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace tare::supervisor
