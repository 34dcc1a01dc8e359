#include "api/docker/endpoints.h"
#include "engine/container/containers.h"
#include "engine/supervisor/supervisor.h"
#include "image/registry/registry.h"
#include "image/snapshot/snapshotter.h"
#include "image/transfer/images.h"
#include "posix/file.h"

namespace tare::docker {

namespace {

// A file of this machine without its line end; "" if it cannot be read.
std::string line_of(const std::string& path) {
    auto text = posix::read_file(path, 1 << 20);
    return text ? std::string(trim(*text)) : std::string();
}

// PRETTY_NAME of os-release.
std::string operating_system() {
    for (const char* path : {"/etc/os-release", "/usr/lib/os-release"}) {
        std::string text = line_of(path);
        for (std::string_view line : split(text, '\n'))
            if (line.starts_with("PRETTY_NAME=")) {
                line.remove_prefix(12);
                if (line.starts_with('"') && line.ends_with('"') && line.size() >= 2)
                    line = line.substr(1, line.size() - 2);
                return std::string(line);
            }
    }
    return "Linux";
}

// "amd64" is the image's word; uname's is what info shows.
std::string machine_name(const std::string& architecture) {
    if (architecture == "amd64") return "x86_64";
    if (architecture == "arm64") return "aarch64";
    return architecture;
}

void add_counts(Json& info, const Parts& parts) {
    int running = 0;
    int paused = 0;
    int stopped = 0;
    for (const auto& container : parts.containers.list(parts.name_space)) {
        using container::Status;
        if (container->state.status == Status::paused) {
            ++paused;
        } else if (container->state.status == Status::running ||
                   container->state.status == Status::restarting) {
            ++running;
        } else {
            ++stopped;
        }
    }
    info.set("Containers", running + paused + stopped).set("ContainersRunning", running);
    info.set("ContainersPaused", paused).set("ContainersStopped", stopped);
    // A count that cannot be had is no reason to answer nothing at all.
    auto images = parts.images.list(parts.name_space);
    info.set("Images", images ? images->size() : 0);
}

void add_abilities(Json& info, const container::HostFacts& host) {
    info.set("MemoryLimit", true).set("SwapLimit", host.has_swap_limit).set("CpuCfsPeriod", true);
    info.set("CpuCfsQuota", true).set("CPUShares", true).set("CPUSet", true).set("PidsLimit", true);
    info.set("IPv4Forwarding", line_of("/proc/sys/net/ipv4/ip_forward") == "1");
    info.set("OomKillDisable", !host.is_cgroup_v2);
}

/// What is in force for containers, not what the host could do: SELinux never confines them.
Json security_options(const container::HostFacts& host) {
    Json options = Json::array();
    if (!host.apparmor_profile.empty()) options.push("name=apparmor");
    options.push("name=seccomp,profile=builtin");
    if (host.is_cgroup_v2) options.push("name=cgroupns");
    return options;
}

/// Of containers whose shims outlived an upgrade (security TA3): how many, and the first of them.
std::string shim_warning(const std::vector<std::string>& ids) {
    constexpr std::size_t named = 10;
    std::string names;
    for (std::size_t i = 0; i < ids.size() && i < named; ++i)
        names += cat(i == 0 ? "" : ", ", ids[i].substr(0, 12));
    if (ids.size() > named) names += cat(" and ", ids.size() - named, " more");
    return cat("WARNING: ", ids.size(), ids.size() == 1 ? " container runs" : " containers run",
               " under a shim of another build than the installed one until restarted: ", names);
}

Json warnings(const Parts& parts) {
    const container::HostFacts& host = parts.host;
    Json lines = Json::array();
    if (auto ids = parts.supervisor.under_other_shims(); !ids.empty()) lines.push(shim_warning(ids));
    if (host.has_apparmor && host.apparmor_profile.empty())
        lines.push("WARNING: AppArmor is enabled, but containers have no profile unless one is named");
    if (host.has_selinux) lines.push("WARNING: SELinux is enabled, but containers get no label");
    return lines.as_array()->empty() ? Json() : lines;
}

Json registry_config(const registry::RegistryOptions& options) {
    Json networks = Json::array().push("::1/128").push("127.0.0.0/8");
    Json hub = Json::object().set("Name", "docker.io").set("Mirrors", Json(options.hosts.registry_mirrors));
    hub.set("Secure", true).set("Official", true);
    Json indexes = Json::object().set("docker.io", std::move(hub));
    for (const std::string& host : options.hosts.insecure_registries) {
        if (host.contains('/')) {
            networks.push(host);
            continue;
        }
        Json index = Json::object().set("Name", host).set("Mirrors", Json::array());
        indexes.set(host, std::move(index.set("Secure", false).set("Official", false)));
    }
    Json config = Json::object().set("AllowNondistributableArtifactsCIDRs", nullptr);
    config.set("AllowNondistributableArtifactsHostnames", nullptr);
    config.set("InsecureRegistryCIDRs", std::move(networks)).set("IndexConfigs", std::move(indexes));
    return config.set("Mirrors", Json(options.hosts.registry_mirrors));
}

Json plugins() {
    Json document = Json::object().set("Volume", Json::array().push("local"));
    document.set("Network", Json::array().push("bridge").push("host").push("null"));
    document.set("Authorization", nullptr);
    return document.set("Log", Json::array().push("json-file").push("local").push("none"));
}

Json runtimes(const container::HostFacts& host) {
    Json document = Json::object();
    for (const std::string& name : host.runtimes)
        document.set(name, Json::object().set("path", name == "tare" ? "tare-oci" : name));
    return document;
}

Json swarm() {
    Json document = Json::object().set("NodeID", "").set("NodeAddr", "").set("LocalNodeState", "inactive");
    return document.set("ControlAvailable", false).set("Error", "").set("RemoteManagers", nullptr);
}

Json commit(std::string_view id) {
    return Json::object().set("ID", id).set("Expected", id);
}

}  // namespace

Result<> system_info(Call& call) {
    const Parts& parts = call.parts;
    const container::HostFacts& host = parts.host;
    Json info = Json::object().set("ID", parts.daemon_id);
    add_counts(info, parts);
    info.set("Driver", parts.snapshotter.name());
    Json type = Json::array().push("driver-type").push("io.containerd.snapshotter.v1");
    info.set("DriverStatus", Json::array().push(std::move(type))).set("Plugins", plugins());
    add_abilities(info, host);
    if (call.version < ApiVersion{1, 52}) info.set("BridgeNfIptables", true).set("BridgeNfIp6tables", true);
    info.set("Debug", parts.is_debug)
        .set("NFd", 0)
        .set("NGoroutines", 0)
        .set("SystemTime", format_rfc3339(now()));
    info.set("LoggingDriver", parts.logging_driver).set("CgroupDriver", "cgroupfs");
    info.set("CgroupVersion", host.is_cgroup_v2 ? "2" : "1").set("NEventsListener", 0);
    info.set("KernelVersion", host.kernel_release)
        .set("OperatingSystem", operating_system())
        .set("OSVersion", "");
    info.set("OSType", "linux").set("Architecture", machine_name(host.architecture));
    info.set("IndexServerAddress", "https://index.docker.io/v1/");
    info.set("RegistryConfig", registry_config(parts.registry.options()));
    info.set("NCPU", host.cpus).set("MemTotal", host.memory_bytes).set("GenericResources", nullptr);
    info.set("DockerRootDir", parts.root_directory)
        .set("HttpProxy", "")
        .set("HttpsProxy", "")
        .set("NoProxy", "");
    info.set("Name", line_of("/proc/sys/kernel/hostname")).set("Labels", Json::array());
    info.set("ExperimentalBuild", false).set("ServerVersion", parts.version).set("Runtimes", runtimes(host));
    info.set("DefaultRuntime", host.default_runtime).set("Swarm", swarm()).set("LiveRestoreEnabled", true);
    info.set("Isolation", "").set("InitBinary", host.init_binary).set("ContainerdCommit", commit("tare"));
    info.set("RuncCommit", commit("tare")).set("InitCommit", commit("tare"));
    info.set("SecurityOptions", security_options(host)).set("CDISpecDirs", Json::array());
    return call.respond(200, info.set("Warnings", warnings(parts)));
}

}  // namespace tare::docker
