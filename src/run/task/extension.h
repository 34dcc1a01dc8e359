#pragma once

// What tare adds to containerd's protocol: proto/tare/task/v1/task.proto. And the options of runc's shim,
// which containerd's clients send.

#include "run/task/requests.h"

namespace tare::shimv2 {

/// tare.task.v1.IoOptions, in `options` of Create and Exec.
struct IoOptions {
    using IsMessage = void;
    static constexpr std::string_view kType = "tare.task.v1.IoOptions";
    std::string log_driver;            ///< "json-file"; "none" or empty: no log
    std::string log_path;              ///< absolute; made with mode 0640
    std::uint64_t log_max_bytes = 0;   ///< rotated before a line once this is reached; 0: never
    std::uint32_t log_max_files = 0;   ///< 0 and 1: cut off and begun anew
    StringMap log_attributes;          ///< "attrs" of each line
    bool open_stdin = false;           ///< stdin can be attached to; else it is /dev/null
    bool stdin_once = false;           ///< stdin ends with the first client that was attached to it
    std::uint32_t terminal_width = 0;  ///< of a terminal at its start; 0: the kernel's
    std::uint32_t terminal_height = 0;
    bool no_pivot_root = false;
    bool no_new_keyring = false;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.log_driver)(2, self.log_path)(3, self.log_max_bytes)(4, self.log_max_files);
        fields(5, self.log_attributes)(6, self.open_stdin)(7, self.stdin_once)(8, self.terminal_width);
        fields(9, self.terminal_height)(10, self.no_pivot_root)(11, self.no_new_keyring);
    }
};

/// How output is laid out on a client's connection.
enum class Framing : std::int32_t {
    raw = 0,         ///< bytes as they come; of a terminal
    multiplexed = 1  ///< Docker's stdcopy: {1|2, 0, 0, 0, length u32 BE} before each piece
};

/// tare.task.v1.Streams/Attach. The frame carries the client's connected socket (SCM_RIGHTS), exactly one
/// descriptor; from then on the shim owns that connection and closes it when the process has ended and
/// all its output was delivered, or on the detach keys. May be called before Start, and then misses
/// nothing. not_found: no such process; failed_precondition: it has ended.
struct AttachRequest {
    using IsMessage = void;
    using Response = Empty;
    static constexpr std::string_view kService = "tare.task.v1.Streams";
    static constexpr std::string_view kMethod = "Attach";
    std::string id;
    std::string exec_id;
    bool wants_stdin = false;
    bool wants_stdout = false;
    bool wants_stderr = false;
    Framing framing = Framing::raw;
    std::string detach_keys;  ///< bytes, e.g. "\x10\x11"; empty: none
    std::string input;        ///< what the client had sent already, before its socket's next byte
    /// The end of this client's input ends the process's stdin (as StdinOnce does for all clients).
    bool closes_stdin = false;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.id)(2, self.exec_id)(3, self.wants_stdin)(4, self.wants_stdout);
        fields(5, self.wants_stderr)(6, self.framing)(7, self.detach_keys)(8, self.input);
        fields(9, self.closes_stdin);
    }
};

/// containerd.runc.v1.Options, as far as it means something in process.
struct RuncOptions {
    using IsMessage = void;
    static constexpr std::string_view kType = "containerd.runc.v1.Options";
    bool no_pivot_root = false;
    bool no_new_keyring = false;
    std::string shim_cgroup;
    std::uint32_t io_uid = 0;
    std::uint32_t io_gid = 0;
    std::string binary_name;
    std::string root;
    bool systemd_cgroup = false;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.no_pivot_root)(2, self.no_new_keyring)(3, self.shim_cgroup)(4, self.io_uid);
        fields(5, self.io_gid)(6, self.binary_name)(7, self.root)(9, self.systemd_cgroup);
    }
};

/// containerd.runc.v1.ProcessDetails, in the answer of Pids.
struct ProcessDetails {
    using IsMessage = void;
    static constexpr std::string_view kType = "containerd.runc.v1.ProcessDetails";
    std::string exec_id;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields(1, self.exec_id);
    }
};

}  // namespace tare::shimv2
