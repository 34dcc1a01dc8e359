#pragma once

// What a shim publishes, to containerd.services.events.ttrpc.v1.Events/Forward.
// Source: containerd, api/events/task.proto, api/services/ttrpc/events/v1.

#include "run/task/types.h"

namespace tare::shimv2 {

struct TaskIo {
    using IsMessage = void;
    std::string stdin_path;
    std::string stdout_path;
    std::string stderr_path;
    bool terminal = false;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.stdin_path)(2, self.stdout_path)(3, self.stderr_path)(4, self.terminal);
    }
};

/// An event knows its topic and its type in an Any.
struct TaskCreate {
    using IsMessage = void;
    static constexpr std::string_view kTopic = "/tasks/create";
    static constexpr std::string_view kType = "containerd.events.TaskCreate";
    std::string container_id;
    std::string bundle;
    std::vector<Mount> rootfs;
    TaskIo io;
    std::string checkpoint;
    std::uint32_t pid = 0;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.container_id)(2, self.bundle)(3, self.rootfs)(4, self.io)(5, self.checkpoint);
        fields(6, self.pid);
    }
};

struct TaskStart {
    using IsMessage = void;
    static constexpr std::string_view kTopic = "/tasks/start";
    static constexpr std::string_view kType = "containerd.events.TaskStart";
    std::string container_id;
    std::uint32_t pid = 0;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.container_id)(2, self.pid);
    }
};

struct TaskDelete {
    using IsMessage = void;
    static constexpr std::string_view kTopic = "/tasks/delete";
    static constexpr std::string_view kType = "containerd.events.TaskDelete";
    std::string container_id;
    std::uint32_t pid = 0;
    std::uint32_t exit_status = 0;
    Timestamp exited_at;
    std::string id;  ///< the exec id, empty for the first process
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.container_id)(2, self.pid)(3, self.exit_status)(4, self.exited_at)(5, self.id);
    }
};

struct TaskExit {
    using IsMessage = void;
    static constexpr std::string_view kTopic = "/tasks/exit";
    static constexpr std::string_view kType = "containerd.events.TaskExit";
    std::string container_id;
    std::string id;  ///< the exec id; of the first process the container id
    std::uint32_t pid = 0;
    std::uint32_t exit_status = 0;
    Timestamp exited_at;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.container_id)(2, self.id)(3, self.pid)(4, self.exit_status)(5, self.exited_at);
    }
};

struct TaskOom {
    using IsMessage = void;
    static constexpr std::string_view kTopic = "/tasks/oom";
    static constexpr std::string_view kType = "containerd.events.TaskOOM";
    std::string container_id;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.container_id);
    }
};

struct TaskExecAdded {
    using IsMessage = void;
    static constexpr std::string_view kTopic = "/tasks/exec-added";
    static constexpr std::string_view kType = "containerd.events.TaskExecAdded";
    std::string container_id;
    std::string exec_id;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.container_id)(2, self.exec_id);
    }
};

struct TaskExecStarted {
    using IsMessage = void;
    static constexpr std::string_view kTopic = "/tasks/exec-started";
    static constexpr std::string_view kType = "containerd.events.TaskExecStarted";
    std::string container_id;
    std::string exec_id;
    std::uint32_t pid = 0;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.container_id)(2, self.exec_id)(3, self.pid);
    }
};

struct TaskPaused {
    using IsMessage = void;
    static constexpr std::string_view kTopic = "/tasks/paused";
    static constexpr std::string_view kType = "containerd.events.TaskPaused";
    std::string container_id;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.container_id);
    }
};

struct TaskResumed {
    using IsMessage = void;
    static constexpr std::string_view kTopic = "/tasks/resumed";
    static constexpr std::string_view kType = "containerd.events.TaskResumed";
    std::string container_id;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.container_id);
    }
};

/// containerd.types.Envelope.
struct Envelope {
    using IsMessage = void;
    Timestamp timestamp;
    std::string name_space;
    std::string topic;
    Any event;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.timestamp)(2, self.name_space)(3, self.topic)(4, self.event);
    }
};

struct ForwardRequest {
    using IsMessage = void;
    using Response = Empty;
    static constexpr std::string_view kService = "containerd.services.events.ttrpc.v1.Events";
    static constexpr std::string_view kMethod = "Forward";
    Envelope envelope;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.envelope);
    }
};

/// The event in its envelope.
template <class Event>
Envelope envelope_of(const std::string& name_space, SystemTime time, const Event& event) {
    return {.timestamp = Timestamp::of(time),
            .name_space = name_space,
            .topic = std::string(Event::kTopic),
            .event = {.type_url = std::string(Event::kType), .value = encode(event)}};
}

}  // namespace tare::shimv2
