#pragma once

// Types that several messages share: google.protobuf.{Any, Timestamp}, containerd.types.Mount,
// containerd.v1.types.

#include <chrono>

#include "run/task/message.h"

namespace tare::shimv2 {

/// google.protobuf.Any. containerd's type urls have no "type.googleapis.com/" in front of them.
struct Any {
    using IsMessage = void;
    std::string type_url;
    std::string value;

    bool empty() const { return type_url.empty() && value.empty(); }
    /// Whether it holds that type, with or without a host in front of the name.
    bool is(std::string_view name) const;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.type_url)(2, self.value);
    }
};

using SystemTime = std::chrono::sys_time<std::chrono::nanoseconds>;

/// google.protobuf.Timestamp.
struct Timestamp {
    using IsMessage = void;
    std::int64_t seconds = 0;
    std::int32_t nanoseconds = 0;

    static Timestamp of(SystemTime time);
    SystemTime time() const;
    /// containerd's "not yet": no timestamp at all.
    bool is_zero() const { return seconds == 0 && nanoseconds == 0; }

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.seconds)(2, self.nanoseconds);
    }
};

/// containerd.types.Mount: as in fstab, options as mount(8) has them.
struct Mount {
    using IsMessage = void;
    std::string type;
    std::string source;
    std::string target;
    std::vector<std::string> options;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.type)(2, self.source)(3, self.target)(4, self.options);
    }
};

/// containerd.v1.types.Status.
enum class Status : std::int32_t {
    unknown = 0,
    created = 1,
    running = 2,
    stopped = 3,
    paused = 4,
    pausing = 5
};

/// containerd.v1.types.ProcessInfo.
struct ProcessInfo {
    using IsMessage = void;
    std::uint32_t pid = 0;
    Any info;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.pid)(2, self.info);
    }
};

/// A message without fields.
struct Empty {
    using IsMessage = void;
    template <class Self, class Fields>
    static void describe(Self&, Fields&) {}
};

/// Type urls of what containerd puts into an Any as JSON.
inline constexpr std::string_view kProcessType = "types.containerd.io/opencontainers/runtime-spec/1/Process";
inline constexpr std::string_view kResourcesType =
    "types.containerd.io/opencontainers/runtime-spec/1/LinuxResources";

}  // namespace tare::shimv2
