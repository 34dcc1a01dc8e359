#pragma once

// What the verbs share; for the files of this folder alone.

#include <condition_variable>
#include <list>
#include <map>
#include <mutex>

#include "engine/container/containers.h"
#include "engine/event/bus.h"
#include "engine/supervisor/health.h"
#include "engine/supervisor/parts.h"
#include "engine/supervisor/probe_output.h"
#include "engine/supervisor/restart_policy.h"
#include "engine/supervisor/schedule.h"
#include "engine/supervisor/start_failure.h"
#include "engine/supervisor/supervisor.h"
#include "engine/task/tasks.h"

namespace tare::network {
struct Attachment;
struct Mode;
}  // namespace tare::network

namespace tare::supervisor {

using container::Container;
using container::ContainerRef;
using container::Containers;
using container::LifeCycleLock;
using Attributes = std::map<std::string, std::string>;

/// Who waits for a container, and for what.
struct Waiter {
    WaitCondition condition;
    WaitCallback callback;
};

/// A client that attached before there was a task.
struct PendingAttach {
    task::StreamsRequest request;
    posix::Fd client;
};

/// A health check that is going on.
struct Probing {
    explicit Probing(Health health_) : health(std::move(health_)) {}
    std::mutex mutex;  // guards what follows
    Health health;
    Schedule::Timer timer = 0;
    bool is_over = false;
};

/// What this process knows of a container beyond its row: gone with a restart, and then made anew.
struct Live {
    std::mutex mutex;  // guards what follows
    std::list<std::shared_ptr<Waiter>> waiters;
    std::vector<PendingAttach> pending;
    Restarts restarts;
    Schedule::Timer restart_timer = 0;
    /// The exit is recorded, and its consequences (network, shim) are being drawn: waits still wait.
    bool is_ending = false;
    /// A restart is under way: --rm does not remove it now.
    bool keeps_on_exit = false;
    std::shared_ptr<Probing> probing;
};
using LiveRef = std::shared_ptr<Live>;

/// One exec, from its creation until some time after its end.
struct Exec {
    std::mutex mutex;  // guards `info` and `phase`
    ExecInfo info;
    enum class Phase { created, starting, running, ended } phase = Phase::created;
    std::condition_variable phase_changed;
    /// Of a health check: told of the end instead of the world.
    std::function<void(int exit_code)> on_end;
};
using ExecRef = std::shared_ptr<Exec>;

/// What a container is linked to: one that runs, its name there, and where it is on the default bridge.
struct Linked {
    ContainerRef source;
    std::string alias;
    std::string address;
};

struct Supervisor::Impl {
    explicit Impl(const Parts& parts_);

    const Parts parts;
    std::mutex mutex;  // guards what follows
    std::map<std::string, LiveRef> lives;
    std::map<std::string, ExecRef> execs;
    /// Waits of verbs (stop) end: their clients are cut off with the daemon.
    bool is_shutting_down = false;
    std::condition_variable changed;
    /// Until rows and tasks are one again, exits wait here.
    bool is_recovering = true;
    std::vector<task::Exit> early_exits;
    ProbeReader probe_reader;
    /// Last: its threads end before what they use.
    Schedule schedule;

    // Finding (supervisor.cpp).
    Result<ContainerRef> find(const std::string& name_or_id);
    /// The container of a whole id as it is now; not_found if it is gone.
    Result<ContainerRef> current(const std::string& id);
    Result<LifeCycleLock> lock(const Container& container);
    LiveRef live(const std::string& id);
    task::Key key(const Container& container) const { return {container.space, container.id}; }
    container::Key row(const std::string& id) const { return {parts.space, id}; }
    /// "NAMESPACE/ID", as networks and volumes call it.
    std::string full_name(const Container& container) const { return container.space + "/" + container.id; }
    Result<ContainerRef> change_state(const std::string& id,
                                      const std::function<void(container::ContainerState&)>& change,
                                      container::Keep keep = container::Keep::durable);

    // Waiting (wait.cpp).
    Waiting add_waiter(const std::string& id, WaitCondition condition, WaitCallback callback);
    /// Calls those whose condition has come true. A start that failed is no exit: whoever waits for the next
    /// one goes on waiting, and is told by the answer to the start.
    enum class HasRun { yes, no };
    void notify_ended(const std::string& id, const WaitResult& result, HasRun has_run = HasRun::yes);
    void notify_removed(const std::string& id, const WaitResult& result);
    /// Blocks until it is not running; false if the deadline passed.
    bool wait_until_ended(const std::string& id, Deadline deadline);

    // Events (events.cpp).
    void publish(const Container& container, std::string action, Attributes attributes = {});
    void publish_network(const Container& container, const std::string& action);
    void publish_volume(const Container& container, const container::MountPoint& mount, std::string action);

    // Create (create.cpp).
    Result<std::vector<container::MountPoint>> plan_mounts(const Container& container);

    // Start (start.cpp, start_*.cpp). The life-cycle lock is held.
    enum class Reason { user, policy };
    Result<Change> start(ContainerRef container, Reason reason);
    Result<ContainerRef> attach_network(const ContainerRef& container);
    Result<> write_container_files(const Container& container, const network::Attachment& attachment,
                                   const network::Mode& mode);
    Result<ContainerRef> mount_volumes(const ContainerRef& container);
    /// `pinned` keeps sources of mounts open until the task is created.
    /// `root`: the container's root file system, a detached mount.
    Result<oci::RuntimeSpec> make_spec(const Container& container, int root, std::vector<posix::Fd>& pinned);
    Result<pid_t> create_task(const Container& container, const oci::RuntimeSpec& spec, int root);
    void hand_over_attaches(const Container& container);
    /// Directories of the host that a bind makes where they are missing, as `-v` does.
    Result<> make_bind_sources(const Container& container);
    /// Gives back what a start took: task, network, volumes. Idempotent; what fails is logged.
    void release_run(const Container& container);
    Error start_failed(const Container& container, StartFailure failure);

    // Links (links.cpp).
    /// failed_precondition unless all that the container links to runs on the default bridge.
    Result<std::vector<Linked>> linked(const Container& container);
    container::Strings link_environment(const Container& container, const std::vector<Linked>& links);
    /// Writes the address of one that has started into the hosts files of those that link to it and run.
    void tell_linking_containers(const Container& source);
    /// Whether something that it links to is about to be started by its restart policy.
    bool waits_for_link(const Container& container);

    // Exits (exit.cpp, exec_exit.cpp).
    void handle_exit(const task::Exit& exit);
    void handle_task_exit(const task::Exit& exit);
    void handle_exec_exit(const task::Exit& exit);
    /// The life-cycle lock is held; the row says running.
    void end_run(const ContainerRef& container, const task::Exit& exit);
    void restart_after(const std::string& id, std::chrono::milliseconds wait);
    void end_execs(const Container& container);
    /// Ends the wait for a restart, if one is going on.
    void cancel_restart(const Container& container);

    // Stop and kill (stop.cpp, kill.cpp).
    Result<Change> stop(const ContainerRef& container, const StopOptions& options);
    Result<> kill(const ContainerRef& container, int signal);
    Result<> send_signal(const Container& container, int signal);
    int stop_signal(const Container& container) const;
    /// unavailable once the daemon ends.
    Result<> check_serving();

    /// The life-cycle lock is held, and nothing runs.
    Result<> remove(const ContainerRef& container, const RemoveOptions& options);
    void auto_remove(const std::string& id);

    // After a restart of the daemon (recover.cpp).
    void recover_container(const ContainerRef& container, const task::Found* found);
    void adopt(const ContainerRef& container, const task::Found& found);
    void recover_exec(const Container& container, const task::Found::Exec& found);
    void restart_with_daemon(const Container& container);
    Result<> discard_task(const task::Found& found);
    void recover_networks(const std::vector<task::Found>& found);
    void recover_volumes();
    void recover_directories();
    void take_early_exits();

    // Health (health_probe.cpp).
    /// `takes_up`: after a restart of the daemon, with the health that was stored.
    void begin_health(const Container& container, bool takes_up = false);
    void end_health(const Container& container);
    void schedule_probe(const std::string& id, const std::shared_ptr<Probing>& probing);
    void probe(const std::string& id, const std::shared_ptr<Probing>& probing);
    /// The id of its exec.
    Result<std::string> start_probe(const Container& container, const HealthPolicy& policy,
                                    std::function<void(int)> finish, std::shared_ptr<ProbeOutput>& output);
    void record_probe(const std::string& id, const std::shared_ptr<Probing>& probing, ProbeResult result);

    // Exec (exec.cpp, exec_exit.cpp).
    Result<ExecRef> find_exec(const std::string& exec_id);
    void end_exec(const ExecRef& exec, int exit_code);
    /// Those of a container that is removed.
    void forget_execs(const Container& container);
    void forget_exec(const std::string& exec_id);
    void forget_exec_later(const std::string& exec_id);
    Result<> start_exec(const Container& container, const ExecRef& exec, const task::StreamsRequest& request,
                        posix::Fd* client);
};

/// What the network had given is not shown of a container that does not run.
void forget_network(container::NetworkSettings& settings);

/// failed_precondition in Docker's words unless it is running and not paused.
Result<> check_runs(const Container& container);

}  // namespace tare::supervisor
