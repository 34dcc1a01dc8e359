// The store's document of a container. Its parts are Docker's documents with what Docker keeps to itself
// added under names that inspect does not have.

#include "engine/container/config_json.h"
#include "engine/container/container.h"
#include "engine/container/json_read.h"

namespace tare::container {

namespace {

Result<Health> parse_health(const JsonView& view) {
    Health health;
    health.status = TRY(view.string_or("Status", "starting"));
    health.failing_streak = TRY(view.integer_or("FailingStreak", 0));
    TRY(view.each("Log", [&](const JsonView& entry) -> Result<> {
        auto& probe = health.log.emplace_back();
        auto started = TRY(read_time(entry, "Start"));
        auto ended = TRY(read_time(entry, "End"));
        probe.started_at = started.value_or(Time());
        probe.ended_at = ended.value_or(Time());
        probe.exit_code = TRY(entry.integer_or("ExitCode", 0));
        probe.output = TRY(entry.string_or("Output", ""));
        return {};
    }));
    return health;
}

Result<ContainerState> parse_state(const JsonView& view) {
    ContainerState state;
    auto status = parse_status(TRY(view.string("Status")));
    if (!status) return view.error("Status: unknown");
    state.status = *status;
    state.pid = TRY(view.integer_or("Pid", 0));
    state.exit_code = TRY(view.integer_or("ExitCode", 0));
    state.oom_killed = TRY(view.boolean_or("OOMKilled", false));
    state.error = TRY(view.string_or("Error", ""));
    state.started_at = TRY(read_time(view, "StartedAt"));
    state.finished_at = TRY(read_time(view, "FinishedAt"));
    if (auto health = TRY(view.object("Health"))) state.health = TRY(parse_health(*health));
    state.restart_count = TRY(view.integer_or("RestartCount", 0));
    state.has_been_manually_stopped = TRY(view.boolean_or("HasBeenManuallyStopped", false));
    state.has_been_started_before = TRY(view.boolean_or("HasBeenStartedBefore", false));
    state.pid_start_time = TRY(view.integer_or<std::uint64_t>("PidStartTime", 0));
    return state;
}

Json stored_state(const ContainerState& state) {
    Json json = to_json(state);
    json.set("RestartCount", state.restart_count).set("PidStartTime", state.pid_start_time);
    json.set("HasBeenManuallyStopped", state.has_been_manually_stopped);
    json.set("HasBeenStartedBefore", state.has_been_started_before);
    return json;
}

Result<MountPoint> parse_mount_point(const JsonView& view) {
    MountPoint mount;
    mount.type = TRY(view.string("Type"));
    mount.name = TRY(view.string_or("Name", ""));
    mount.source = TRY(view.string_or("Source", ""));
    mount.destination = TRY(view.string("Destination"));
    mount.driver = TRY(view.string_or("Driver", ""));
    mount.mode = TRY(view.string_or("Mode", ""));
    mount.is_writable = TRY(view.boolean_or("RW", true));
    mount.propagation = TRY(view.string_or("Propagation", ""));
    mount.is_recursive = TRY(view.boolean_or("Recursive", true));
    mount.is_read_only_recursive = TRY(view.boolean_or("ReadOnlyRecursive", true));
    mount.must_be_read_only_recursive = TRY(view.boolean_or("ReadOnlyForceRecursive", false));
    mount.copies_up = TRY(view.boolean_or("CopyUp", true));
    mount.is_anonymous = TRY(view.boolean_or("Anonymous", false));
    mount.creates_source = TRY(view.boolean_or("CreatesSource", false));
    mount.subpath = TRY(view.string_or("Subpath", ""));
    mount.tmpfs_options = TRY(view.strings("TmpfsOptions"));
    mount.is_listed = TRY(view.boolean_or("Listed", true));
    return mount;
}

Json stored_mount_point(const MountPoint& mount) {
    Json json = to_json(mount);
    json.set("Recursive", mount.is_recursive).set("ReadOnlyRecursive", mount.is_read_only_recursive);
    json.set("ReadOnlyForceRecursive", mount.must_be_read_only_recursive);
    json.set("CopyUp", mount.copies_up).set("Anonymous", mount.is_anonymous);
    json.set("CreatesSource", mount.creates_source).set("Subpath", mount.subpath);
    json.set("TmpfsOptions", Json(mount.tmpfs_options)).set("Listed", mount.is_listed);
    return json;
}

Result<NetworkSettings> parse_network_settings(const JsonView& view) {
    NetworkSettings settings;
    settings.sandbox_id = TRY(view.string_or("SandboxID", ""));
    settings.sandbox_key = TRY(view.string_or("SandboxKey", ""));
    settings.ports = TRY(read_port_map(view, "Ports"));
    TRY(view.each_member("Networks", [&](const std::string& name, const JsonView& endpoint) -> Result<> {
        settings.networks.emplace_back(name, TRY(parse_endpoint_settings(endpoint)));
        return {};
    }));
    return settings;
}

Result<> read_identity(Container& container, const JsonView& view) {
    container.space = TRY(view.string("Namespace"));
    container.id = TRY(view.string("Id"));
    container.name = TRY(view.string("Name"));
    auto created = TRY(read_time(view, "Created"));
    if (!created) return view.error("Created: missing");
    container.created = *created;
    container.image_name = TRY(view.string_or("ImageName", ""));
    container.image_id = TRY(view.string_or("Image", ""));
    container.image_manifest_digest = TRY(view.string_or("ImageManifestDigest", ""));
    container.platform = TRY(view.string_or("Platform", "linux"));
    container.snapshotter = TRY(view.string_or("Driver", ""));
    container.snapshot_key = TRY(view.string_or("SnapshotKey", ""));
    container.runtime = TRY(view.string_or("Runtime", ""));
    return {};
}

Result<> read_paths(Container& container, const JsonView& view) {
    container.directory = TRY(view.string_or("Directory", ""));
    container.hostname_path = TRY(view.string_or("HostnamePath", ""));
    container.hosts_path = TRY(view.string_or("HostsPath", ""));
    container.resolv_conf_path = TRY(view.string_or("ResolvConfPath", ""));
    container.log_path = TRY(view.string_or("LogPath", ""));
    return {};
}

Result<JsonView> required(const JsonView& view, std::string_view key) {
    auto member = TRY(view.object(key));
    if (!member) return view.error(cat(key, ": missing"));
    return *member;
}

}  // namespace

Json to_json(const Health& health) {
    Json log = Json::array();
    for (const HealthResult& result : health.log)
        log.push(Json::object()
                     .set("Start", format_rfc3339(result.started_at))
                     .set("End", format_rfc3339(result.ended_at))
                     .set("ExitCode", result.exit_code)
                     .set("Output", result.output));
    return Json::object()
        .set("Status", health.status)
        .set("FailingStreak", health.failing_streak)
        .set("Log", std::move(log));
}

Json to_json(const ContainerState& state) {
    Json json = Json::object();
    json.set("Status", to_string(state.status));
    // Docker counts a container that waits for its next start as running.
    json.set("Running", state.is_running() || state.status == Status::restarting);
    json.set("Paused", state.status == Status::paused);
    json.set("Restarting", state.status == Status::restarting).set("OOMKilled", state.oom_killed);
    json.set("Dead", state.status == Status::dead).set("Pid", state.pid).set("ExitCode", state.exit_code);
    json.set("Error", state.error).set("StartedAt", format_rfc3339(state.started_at));
    json.set("FinishedAt", format_rfc3339(state.finished_at));
    if (state.health) json.set("Health", to_json(*state.health));
    return json;
}

Json to_json(const MountPoint& mount) {
    Json json = Json::object().set("Type", mount.type);
    if (!mount.name.empty()) json.set("Name", mount.name);
    json.set("Source", mount.source).set("Destination", mount.destination);
    if (!mount.driver.empty()) json.set("Driver", mount.driver);
    return json.set("Mode", mount.mode).set("RW", mount.is_writable).set("Propagation", mount.propagation);
}

Json to_json(const NetworkSettings& settings) {
    Json networks = Json::object();
    for (const auto& [name, endpoint] : settings.networks)
        networks.set(name, to_json(endpoint));
    return Json::object()
        .set("SandboxID", settings.sandbox_id)
        .set("SandboxKey", settings.sandbox_key)
        .set("Ports", to_json(settings.ports))
        .set("Networks", std::move(networks));
}

Json to_json(const Container& container) {
    Json mounts = Json::array();
    for (const MountPoint& mount : container.mount_points)
        mounts.push(stored_mount_point(mount));
    Json json = Json::object();
    json.set("Namespace", container.space).set("Id", container.id).set("Name", container.name);
    json.set("Created", format_rfc3339(container.created)).set("ImageName", container.image_name);
    json.set("Image", container.image_id).set("ImageManifestDigest", container.image_manifest_digest);
    json.set("Platform", container.platform).set("Driver", container.snapshotter);
    json.set("SnapshotKey", container.snapshot_key).set("Runtime", container.runtime);
    json.set("Config", to_json(container.config)).set("HostConfig", to_json(container.host_config));
    json.set("NetworkSettings", to_json(container.network_settings)).set("Mounts", std::move(mounts));
    json.set("Directory", container.directory).set("HostnamePath", container.hostname_path);
    json.set("HostsPath", container.hosts_path).set("ResolvConfPath", container.resolv_conf_path);
    json.set("LogPath", container.log_path).set("State", stored_state(container.state));
    return json;
}

Result<Container> parse_container(const JsonView& document) {
    TRY(document.expect_object());
    Container container;
    TRY(read_identity(container, document));
    TRY(read_paths(container, document));
    container.config = TRY(parse_config(TRY(required(document, "Config"))));
    container.host_config = TRY(parse_host_config(TRY(required(document, "HostConfig"))));
    container.network_settings = TRY(parse_network_settings(TRY(required(document, "NetworkSettings"))));
    TRY(document.each("Mounts", [&](const JsonView& mount) -> Result<> {
        container.mount_points.push_back(TRY(parse_mount_point(mount)));
        return {};
    }));
    container.state = TRY(parse_state(TRY(required(document, "State"))));
    return container;
}

}  // namespace tare::container
