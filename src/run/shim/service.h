#pragma once

// The Task service: the containers of one shim and their processes.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "posix/event_loop.h"
#include "run/cgroup/oom.h"
#include "run/runtime/container.h"
#include "run/shim/publisher.h"
#include "run/shim/streams.h"
#include "run/task/exit_record.h"
#include "run/task/extension.h"
#include "run/task/requests.h"
#include "wire/ttrpc/server.h"

namespace tare::shim {

/// A process of a container: its first one, or an exec. created (an exec has no pid yet) → running →
/// stopped. `exit` is there once it has ended; `is_announced` once it was told.
struct Process {
    std::string exec_id;  ///< empty: the first process
    pid_t pid = 0;
    enum class Phase { created, running, stopped } phase = Phase::created;
    bool has_terminal = false;
    std::string stdin_path;
    std::string stdout_path;
    std::string stderr_path;
    std::unique_ptr<Streams> streams;
    std::optional<oci::Process> plan;  ///< of an exec, until its start
    std::optional<shimv2::ExitRecord> exit;
    bool is_announced = false;
    std::vector<ttrpc::Responder> waiters;
};

struct Container {
    std::string id;
    std::string bundle;
    std::string runtime_root;
    Process init;
    std::map<std::string, std::unique_ptr<Process>> execs;
    cgroup::Cgroup group = cgroup::Cgroup::open({});
    std::optional<cgroup::OomWatch> oom_watch;
    bool has_own_pids = false;  ///< a pid namespace: the kernel ends the rest with init
    bool was_out_of_memory = false;
    bool is_paused = false;
};

class Service {
  public:
    struct Options {
        std::string name_space;
        std::string version;         ///< told by Connect
        std::string build;           ///< told by Create and Connect
        std::string events_address;  ///< where events go; empty: nowhere
        std::int32_t oom_score_adj =
            0;                      ///< for processes whose spec has none: what the shim itself came with
        std::string seccomp_cache;  ///< runtime::CreateOptions
        /// No container is left and Shutdown was asked for.
        std::function<void()> on_shutdown;
    };
    Service(posix::EventLoop& loop, Options options);
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;
    ~Service();

    /// Answers a call, now or later.
    void handle(ttrpc::Incoming call, const ttrpc::Responder& responder);
    /// SIGCHLD: every child that has ended.
    void reap();
    bool has_containers() const { return !containers_.empty(); }
    bool has_running_containers() const;

  private:
    friend struct Calls;

    // service_create.cpp
    /// A descriptor that comes with it is request.rootfs.front() mounted already: a detached mount.
    Result<shimv2::CreateTaskResponse> create(const shimv2::CreateTaskRequest& request,
                                              std::vector<posix::Fd> descriptors);
    Result<shimv2::StartResponse> start(const shimv2::StartRequest& request);
    Result<> make_container(Container& container, const shimv2::CreateTaskRequest& request, int root);
    void watch_memory(Container& container);
    void on_out_of_memory(Container& container);

    // service_exec.cpp
    Result<shimv2::Empty> exec(const shimv2::ExecProcessRequest& request);
    Result<shimv2::StartResponse> start_exec(Container& container, Process& process);
    Result<shimv2::Empty> attach(const shimv2::AttachRequest& request, std::vector<posix::Fd> descriptors);
    Result<shimv2::Empty> close_io(const shimv2::CloseIoRequest& request);
    Result<shimv2::Empty> resize(const shimv2::ResizePtyRequest& request);

    // service_end.cpp
    void wait(const shimv2::WaitRequest& request, const ttrpc::Responder& responder);
    Result<shimv2::DeleteResponse> remove(const shimv2::DeleteRequest& request);
    Result<shimv2::Empty> kill(const shimv2::KillRequest& request);
    Result<shimv2::Empty> shutdown(const shimv2::ShutdownRequest& request);
    void on_exit(Container& container, Process& process, posix::ExitStatus status);
    void announce(Container& container, Process& process);
    void end_unborn(Container& container);
    void shut_down_when_told();
    void forget(Container& container);

    // service_state.cpp
    Result<shimv2::StateResponse> state(const shimv2::StateRequest& request);
    Result<shimv2::PidsResponse> pids(const shimv2::PidsRequest& request);
    Result<shimv2::StatsResponse> stats(const shimv2::StatsRequest& request);
    Result<shimv2::ConnectResponse> connect(const shimv2::ConnectRequest& request);
    Result<shimv2::Empty> pause(const shimv2::PauseRequest& request);
    Result<shimv2::Empty> resume(const shimv2::ResumeRequest& request);
    Result<shimv2::Empty> update(const shimv2::UpdateTaskRequest& request);
    Result<shimv2::Empty> checkpoint(const shimv2::CheckpointTaskRequest& request);

    /// not_found if there is none.
    Result<Container*> find(const std::string& id);
    Result<Process*> find_process(Container& container, const std::string& exec_id);

    posix::EventLoop* loop_;
    Options options_;
    Publisher publisher_;
    std::map<std::string, std::unique_ptr<Container>> containers_;
    std::optional<Deadline> shutdown_deadline_;
};

/// BUNDLE/runtime: where run/runtime keeps a container's state.
std::string runtime_root_of(const std::string& bundle);

}  // namespace tare::shim
