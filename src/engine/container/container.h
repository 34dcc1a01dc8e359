#pragma once

// A container as the daemon knows it: identity, what was asked for, what it was given, and its state.
// Values; containers.h keeps them.

#include "base/time.h"
#include "engine/container/host_config.h"

namespace tare::container {

enum class Status { created, running, paused, restarting, removing, exited, dead };
/// "running", as the API spells it.
std::string_view to_string(Status status);
std::optional<Status> parse_status(std::string_view text);

/// One run of a health check.
struct HealthResult {
    Time started_at;
    Time ended_at;
    int exit_code = 0;
    std::string output;  ///< at most kHealthOutputBytes of it

    bool operator==(const HealthResult&) const = default;
};
inline constexpr std::size_t kHealthOutputBytes = 4096;
inline constexpr std::size_t kHealthLogEntries = 5;

struct Health {
    std::string status;  ///< starting, healthy or unhealthy
    int failing_streak = 0;
    std::vector<HealthResult> log;  ///< the last kHealthLogEntries, the oldest first

    bool operator==(const Health&) const = default;
};

/// `State` of inspect, and what the daemon must know after a restart.
struct ContainerState {
    Status status = Status::created;
    int pid = 0;  ///< 0 unless running or paused
    int exit_code = 0;
    bool oom_killed = false;
    std::string error;  ///< of the last attempt to start
    std::optional<Time> started_at;
    std::optional<Time> finished_at;
    int restart_count = 0;
    std::optional<Health> health;
    bool has_been_manually_stopped = false;  ///< a restart policy leaves it alone
    bool has_been_started_before = false;
    /// Files that `docker cp` and friends need of a running container, which a pid alone could not
    /// tell from a successor's: the start time of `pid` (clock ticks since boot).
    std::uint64_t pid_start_time = 0;

    /// Running or paused: there are processes.
    bool is_running() const { return status == Status::running || status == Status::paused; }
    bool operator==(const ContainerState&) const = default;
};

/// A mount point as resolved at creation: `Mounts` of inspect, and what build_spec mounts.
struct MountPoint {
    std::string type;  ///< bind, volume, tmpfs or image
    std::string name;  ///< of the volume
    /// On this machine: of a bind the path, of a volume its _data directory, of an image the snapshot.
    std::string source;
    std::string destination;
    std::string driver;
    std::string mode;  ///< the options as the user wrote them ("z,ro")
    bool is_writable = true;
    std::string propagation;  ///< rprivate, rslave, …
    bool is_recursive = true;
    /// A read-only mount is so with all that is mounted below it (where the kernel can).
    bool is_read_only_recursive = true;
    bool must_be_read_only_recursive = false;
    bool copies_up = true;        ///< a new volume is filled from the image at first start
    bool is_anonymous = false;    ///< a volume that goes with the container (`rm -v`, --rm)
    bool creates_source = false;  ///< of a bind: an absent host directory is made
    std::string subpath;          ///< below the volume or image
    Strings tmpfs_options;
    bool is_listed = true;  ///< false of `--tmpfs`, which Docker shows among the HostConfig alone

    bool operator==(const MountPoint&) const = default;
};

/// `NetworkSettings` of inspect: what the network engine gave at start.
struct NetworkSettings {
    std::string sandbox_id;
    std::string sandbox_key;  ///< the network namespace's file; empty for the host's
    PortMap ports;            ///< published ones with their host ports; exposed ones without bindings
    Endpoints networks;

    bool operator==(const NetworkSettings&) const = default;
};

/// Which container: ids are unique within a namespace.
struct Key {
    std::string space;
    std::string id;

    auto operator<=>(const Key&) const = default;
};

struct Container {
    std::string space;  ///< the containerd namespace
    std::string id;     ///< 64 lower-case hex digits from the Docker face
    std::string name;   ///< without Docker's slash
    Time created;
    // The image, pinned at creation: a tag may move, the container does not.
    std::string image_name;             ///< as the client named it (Config.Image)
    std::string image_id;               ///< digest of the config ("sha256:…"): `Image` of inspect
    std::string image_manifest_digest;  ///< of the platform's manifest
    std::string platform = "linux";
    std::string snapshotter;   ///< "overlay"
    std::string snapshot_key;  ///< the writable layer
    std::string runtime;       ///< resolved: "io.containerd.runc.v2", "tare", …

    Config config;
    HostConfig host_config;
    NetworkSettings network_settings;
    std::vector<MountPoint> mount_points;

    std::string directory;  ///< ROOT/containers/ID, which holds the files below
    std::string hostname_path;
    std::string hosts_path;
    std::string resolv_conf_path;
    std::string log_path;  ///< empty unless the driver is json-file

    ContainerState state;

    Key key() const { return {space, id}; }
    std::string short_id() const { return id.substr(0, 12); }
    /// The program and its arguments: entrypoint, then command.
    Strings arguments() const;
    /// Whether the user turned the log off or it is a json-file that can be read.
    bool has_readable_log() const { return !log_path.empty(); }
    bool operator==(const Container&) const = default;
};

/// A new random id: 64 hex digits that are not all decimal in the first twelve (such a name could be
/// taken for a number).
Result<std::string> generate_id();

/// The document of the store and back; members of later versions survive in the configs.
Json to_json(const Container& container);
Result<Container> parse_container(const JsonView& document);

/// Docker's documents of the parts (`State`, `Mounts[]`, `NetworkSettings` of inspect).
Json to_json(const ContainerState& state);
Json to_json(const Health& health);
Json to_json(const MountPoint& mount);
Json to_json(const NetworkSettings& settings);

}  // namespace tare::container
