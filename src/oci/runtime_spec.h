#pragma once

// config.json of an OCI bundle as a plain struct: read by the runtime, built by the engine.
// Source: runtime-spec 1.3, config.md and config-linux.md.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "base/json.h"
#include "oci/execution.h"
#include "oci/resources.h"

namespace tare::oci {

/// The version of the runtime-spec that tare writes.
inline constexpr std::string_view kRuntimeSpecVersion = "1.2.0";

struct User {
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::optional<std::uint32_t> umask;
    std::vector<std::uint32_t> additional_gids;
};

/// Capability names, "CAP_CHOWN".
struct CapabilitySets {
    std::vector<std::string> bounding;
    std::vector<std::string> effective;
    std::vector<std::string> inheritable;
    std::vector<std::string> permitted;
    std::vector<std::string> ambient;
};

struct Rlimit {
    std::string type;  ///< "RLIMIT_NOFILE"
    std::uint64_t soft = 0;
    std::uint64_t hard = 0;
};

struct ConsoleSize {
    std::uint16_t height = 0;
    std::uint16_t width = 0;
};

struct Process {
    bool terminal = false;
    std::optional<ConsoleSize> console_size;
    User user;
    std::vector<std::string> args;
    std::vector<std::string> env;
    std::string cwd = "/";
    std::optional<CapabilitySets> capabilities;
    std::vector<Rlimit> rlimits;
    bool no_new_privileges = false;
    std::string apparmor_profile;
    std::string selinux_label;
    std::optional<std::int32_t> oom_score_adj;
    std::optional<Scheduler> scheduler;
    std::optional<IoPriority> io_priority;
    std::optional<ExecAffinity> exec_affinity;
};

struct IdMapping {
    std::uint32_t container_id = 0;
    std::uint32_t host_id = 0;
    std::uint32_t size = 0;
};

struct Mount {
    std::string destination;
    std::string type;
    std::string source;
    std::vector<std::string> options;
    /// Of an id-mapped bind: `container_id` is the id on disk, `host_id` what it is seen as.
    std::vector<IdMapping> uid_mappings;
    std::vector<IdMapping> gid_mappings;
};

enum class NamespaceKind { pid, network, ipc, mount, uts, user, cgroup, time };

struct Namespace {
    NamespaceKind kind = NamespaceKind::pid;
    std::string path;  ///< to join; empty for a new one
};

struct Device {
    std::string path;
    char type = 'c';  ///< c, b or p
    std::int64_t major = 0;
    std::int64_t minor = 0;
    std::optional<std::uint32_t> file_mode;
    std::optional<std::uint32_t> uid;
    std::optional<std::uint32_t> gid;
};

struct Hook {
    std::string path;
    std::vector<std::string> args;
    std::vector<std::string> env;
    std::optional<std::int64_t> timeout_seconds;
};

struct Hooks {
    std::vector<Hook> prestart;
    std::vector<Hook> create_runtime;
    std::vector<Hook> create_container;
    std::vector<Hook> start_container;
    std::vector<Hook> poststart;
    std::vector<Hook> poststop;
};

struct SeccompArgument {
    std::uint32_t index = 0;
    std::uint64_t value = 0;
    std::uint64_t value_two = 0;
    std::string op;
};

struct SeccompRule {
    std::vector<std::string> names;
    std::string action;
    std::optional<std::uint32_t> errno_ret;
    std::vector<SeccompArgument> args;
};

struct Seccomp {
    std::string default_action;
    std::optional<std::uint32_t> default_errno_ret;
    std::vector<std::string> architectures;
    std::vector<std::string> flags;
    std::string listener_path;
    std::string listener_metadata;
    std::vector<SeccompRule> rules;
};

/// How far a clock of a time namespace is ahead of the host's.
struct TimeOffset {
    std::string clock;  ///< "monotonic" or "boottime"
    std::int64_t seconds = 0;
    std::uint32_t nanoseconds = 0;
};

struct Linux {
    std::vector<IdMapping> uid_mappings;
    std::vector<IdMapping> gid_mappings;
    std::vector<std::pair<std::string, std::string>> sysctl;
    LinuxResources resources;
    std::string cgroups_path;
    std::vector<Namespace> namespaces;
    std::vector<Device> devices;
    std::optional<Seccomp> seccomp;
    std::string rootfs_propagation;
    std::vector<std::string> masked_paths;
    std::vector<std::string> readonly_paths;
    std::string mount_label;
    std::vector<TimeOffset> time_offsets;
    std::optional<Personality> personality;
    std::optional<MemoryPolicy> memory_policy;

    /// The entry of that kind, nullptr if the container shares the caller's.
    const Namespace* find(NamespaceKind kind) const;
};

struct RuntimeSpec {
    std::string version{kRuntimeSpecVersion};
    std::optional<Process> process;
    std::string root_path = "rootfs";
    bool root_readonly = false;
    std::string hostname;
    std::string domainname;
    std::vector<Mount> mounts;
    Hooks hooks;
    std::vector<std::pair<std::string, std::string>> annotations;
    Linux linux_section;
};

/// Reads config.json; invalid_argument with the field's path. Unknown fields are passed over.
Result<RuntimeSpec> parse_runtime_spec(std::string_view text);
/// Reads a process object alone (`exec --process FILE`).
Result<Process> parse_process(const JsonView& view);
/// Reads a `linux.seccomp` section alone (what resolve_seccomp_profile makes).
Result<Seccomp> parse_seccomp(const JsonView& view);

Json to_json(const RuntimeSpec& spec);
Json to_json(const Process& process);
Json to_json(const Seccomp& seccomp);

/// "network" as the spec spells it.
std::string_view to_string(NamespaceKind kind);

}  // namespace tare::oci
