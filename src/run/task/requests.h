#pragma once

// The calls of containerd.task.v2.Task. A request names its service, its method and its response, so that
// Client::call(request) needs no more. `exec_id` empty means the container's first process.
// Source: containerd, api/runtime/task/v2/shim.proto.

#include "run/task/types.h"

namespace tare::shimv2 {

inline constexpr std::string_view kTaskService = "containerd.task.v2.Task";
/// The same messages under their newer name.
inline constexpr std::string_view kTaskServiceV3 = "containerd.task.v3.Task";

/// What every call of the Task service has.
struct TaskCall {
    using IsMessage = void;
    static constexpr std::string_view kService = kTaskService;
};

struct CreateTaskResponse {
    using IsMessage = void;
    std::uint32_t pid = 0;
    std::string build;  ///< ours (field 100): as ConnectResponse's
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.pid)(100, self.build);
    }
};

/// Namespaces, cgroup, root, up to the point where the program would be executed. A failure is the
/// runtime's own: not_found `exec: "x": executable file not found in $PATH`, and leaves nothing.
struct CreateTaskRequest : TaskCall {
    using Response = CreateTaskResponse;
    static constexpr std::string_view kMethod = "Create";
    std::string id;
    std::string bundle;
    std::vector<Mount> rootfs;  ///< mounted inside the container's mount namespace alone
    bool terminal = false;
    std::string stdin_path;  ///< fifo, or a URI (file://, binary://); empty: none
    std::string stdout_path;
    std::string stderr_path;
    std::string checkpoint;
    std::string parent_checkpoint;
    Any options;  ///< IoOptions (extension.h), containerd.runc.v1.Options, or nothing
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.id)(2, self.bundle)(3, self.rootfs)(4, self.terminal)(5, self.stdin_path);
        fields(6, self.stdout_path)(7, self.stderr_path)(8, self.checkpoint)(9, self.parent_checkpoint);
        fields(10, self.options);
    }
};

struct StartResponse {
    using IsMessage = void;
    std::uint32_t pid = 0;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.pid);
    }
};

/// Lets the first process execute its program, or makes the exec's process.
struct StartRequest : TaskCall {
    using Response = StartResponse;
    static constexpr std::string_view kMethod = "Start";
    std::string id;
    std::string exec_id;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.id)(2, self.exec_id);
    }
};

struct DeleteResponse {
    using IsMessage = void;
    std::uint32_t pid = 0;
    std::uint32_t exit_status = 0;
    Timestamp exited_at;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.pid)(2, self.exit_status)(3, self.exited_at);
    }
};

/// Forgets a process that has ended (failed_precondition if it runs); for the first one removes the
/// container's cgroup and state as well. The exit file in the bundle stays.
struct DeleteRequest : TaskCall {
    using Response = DeleteResponse;
    static constexpr std::string_view kMethod = "Delete";
    std::string id;
    std::string exec_id;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.id)(2, self.exec_id);
    }
};

/// Adds a process to a running container; it is made by Start. already_exists for a known exec_id.
struct ExecProcessRequest : TaskCall {
    using Response = Empty;
    static constexpr std::string_view kMethod = "Exec";
    std::string id;
    std::string exec_id;
    bool terminal = false;
    std::string stdin_path;
    std::string stdout_path;
    std::string stderr_path;
    Any spec;     ///< process of config.json as JSON (kProcessType)
    Any options;  ///< ours (field 100): IoOptions; other shims pass over it
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.id)(2, self.exec_id)(3, self.terminal)(4, self.stdin_path)(5, self.stdout_path);
        fields(6, self.stderr_path)(7, self.spec)(100, self.options);
    }
};

struct ResizePtyRequest : TaskCall {
    using Response = Empty;
    static constexpr std::string_view kMethod = "ResizePty";
    std::string id;
    std::string exec_id;
    std::uint32_t width = 0;  ///< columns
    std::uint32_t height = 0;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.id)(2, self.exec_id)(3, self.width)(4, self.height);
    }
};

struct StateResponse {
    using IsMessage = void;
    std::string id;
    std::string bundle;
    std::uint32_t pid = 0;
    Status status = Status::unknown;
    std::string stdin_path;
    std::string stdout_path;
    std::string stderr_path;
    bool terminal = false;
    std::uint32_t exit_status = 0;
    Timestamp exited_at;
    std::string exec_id;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.id)(2, self.bundle)(3, self.pid)(4, self.status)(5, self.stdin_path);
        fields(6, self.stdout_path)(7, self.stderr_path)(8, self.terminal)(9, self.exit_status);
        fields(10, self.exited_at)(11, self.exec_id);
    }
};

struct StateRequest : TaskCall {
    using Response = StateResponse;
    static constexpr std::string_view kMethod = "State";
    std::string id;
    std::string exec_id;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.id)(2, self.exec_id);
    }
};

/// failed_precondition / not_found if the process has ended ("process already finished").
struct KillRequest : TaskCall {
    using Response = Empty;
    static constexpr std::string_view kMethod = "Kill";
    std::string id;
    std::string exec_id;
    std::uint32_t signal = 0;
    bool all = false;  ///< every process of the container
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.id)(2, self.exec_id)(3, self.signal)(4, self.all);
    }
};

/// Ends a process's standard input after what was sent.
struct CloseIoRequest : TaskCall {
    using Response = Empty;
    static constexpr std::string_view kMethod = "CloseIO";
    std::string id;
    std::string exec_id;
    bool stdin_end = false;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.id)(2, self.exec_id)(3, self.stdin_end);
    }
};

struct PidsResponse {
    using IsMessage = void;
    std::vector<ProcessInfo> processes;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.processes);
    }
};

/// All processes of the container, in the host's pid namespace; of an exec `info` holds
/// containerd.runc.v1.ProcessDetails.
struct PidsRequest : TaskCall {
    using Response = PidsResponse;
    static constexpr std::string_view kMethod = "Pids";
    std::string id;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.id);
    }
};

/// Answers unimplemented.
struct CheckpointTaskRequest : TaskCall {
    using Response = Empty;
    static constexpr std::string_view kMethod = "Checkpoint";
    std::string id;
    std::string path;
    Any options;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.id)(2, self.path)(3, self.options);
    }
};

/// `resources`: linux.resources of config.json as JSON (kResourcesType). Devices are left alone.
struct UpdateTaskRequest : TaskCall {
    using Response = Empty;
    static constexpr std::string_view kMethod = "Update";
    std::string id;
    Any resources;
    StringMap annotations;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.id)(2, self.resources)(3, self.annotations);
    }
};

struct WaitResponse {
    using IsMessage = void;
    std::uint32_t exit_status = 0;  ///< the code, or 128 + signal
    Timestamp exited_at;
    /// Ours (field 100): the kernel killed for want of memory in the container's group before the exit.
    bool out_of_memory = false;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.exit_status)(2, self.exited_at)(100, self.out_of_memory);
    }
};

/// Answered when the process has ended and the exit is on disk; at once if it has ended already.
struct WaitRequest : TaskCall {
    using Response = WaitResponse;
    static constexpr std::string_view kMethod = "Wait";
    std::string id;
    std::string exec_id;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.id)(2, self.exec_id);
    }
};

struct StatsResponse {
    using IsMessage = void;
    Any stats;  ///< io.containerd.cgroups.v1.Metrics or v2.Metrics (metrics.h)
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.stats);
    }
};

struct StatsRequest : TaskCall {
    using Response = StatsResponse;
    static constexpr std::string_view kMethod = "Stats";
    std::string id;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.id);
    }
};

struct ConnectResponse {
    using IsMessage = void;
    std::uint32_t shim_pid = 0;
    std::uint32_t task_pid = 0;
    std::string version;
    /// Ours (field 100): the build id of the shim's program, which tells builds of one version apart.
    std::string build;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.shim_pid)(2, self.task_pid)(3, self.version)(100, self.build);
    }
};

struct ConnectRequest : TaskCall {
    using Response = ConnectResponse;
    static constexpr std::string_view kMethod = "Connect";
    std::string id;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.id);
    }
};

/// Ends the shim if it has no container left (or `now`).
struct ShutdownRequest : TaskCall {
    using Response = Empty;
    static constexpr std::string_view kMethod = "Shutdown";
    std::string id;
    bool now = false;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.id)(2, self.now);
    }
};

struct PauseRequest : TaskCall {
    using Response = Empty;
    static constexpr std::string_view kMethod = "Pause";
    std::string id;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.id);
    }
};

struct ResumeRequest : TaskCall {
    using Response = Empty;
    static constexpr std::string_view kMethod = "Resume";
    std::string id;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.id);
    }
};

}  // namespace tare::shimv2
