#include "run/runtime/state.h"

#include <algorithm>

#include <fcntl.h>

#include "posix/file.h"
#include "posix/process.h"

namespace tare::runtime {

namespace {

constexpr std::size_t kStateLimit = std::size_t{8} << 20;

struct NamespaceFile {
    oci::NamespaceKind kind;
    std::string_view key;   ///< in state.json's namespace_paths
    std::string_view file;  ///< below /proc/PID/ns
};
constexpr std::array kNamespaceFiles = {
    NamespaceFile{oci::NamespaceKind::mount, "NEWNS", "mnt"},
    NamespaceFile{oci::NamespaceKind::uts, "NEWUTS", "uts"},
    NamespaceFile{oci::NamespaceKind::ipc, "NEWIPC", "ipc"},
    NamespaceFile{oci::NamespaceKind::pid, "NEWPID", "pid"},
    NamespaceFile{oci::NamespaceKind::network, "NEWNET", "net"},
    NamespaceFile{oci::NamespaceKind::user, "NEWUSER", "user"},
    NamespaceFile{oci::NamespaceKind::cgroup, "NEWCGROUP", "cgroup"},
    NamespaceFile{oci::NamespaceKind::time, "NEWTIME", "time"},
};

/// The parts of the spec that later commands need, in the spec's own form.
Json kept_spec(const State& state) {
    oci::RuntimeSpec spec;
    spec.process = state.process;
    spec.root_path = state.rootfs;
    spec.hooks = state.hooks;
    spec.annotations = state.annotations;
    spec.linux_section.uid_mappings = state.uid_mappings;
    spec.linux_section.gid_mappings = state.gid_mappings;
    spec.linux_section.seccomp = state.seccomp;
    spec.linux_section.personality = state.personality;
    spec.linux_section.memory_policy = state.memory_policy;
    for (auto kind : state.namespaces)
        spec.linux_section.namespaces.push_back({kind, ""});
    return oci::to_json(spec);
}

Json namespace_paths(const State& state) {
    Json paths = Json::object();
    for (auto& file : kNamespaceFiles)
        paths.set(file.key, cat("/proc/", state.pid, "/ns/", file.file));
    return paths;
}

Json to_json(const State& state) {
    Json cgroups = Json::object();
    for (auto& [subsystem, path] : state.cgroup_paths)
        cgroups.set(subsystem, path);
    Json config;
    config.set("rootfs", state.rootfs).set("labels", Json::array().push(cat("bundle=", state.bundle)));
    config.set("no_new_keyring", state.no_new_keyring).set("spec", kept_spec(state));
    Json out;
    out.set("id", state.id).set("init_process_pid", state.pid).set("init_process_start", state.start_time);
    out.set("created", state.created).set("config", std::move(config)).set("rootless", state.rootless);
    out.set("cgroup_paths", std::move(cgroups)).set("namespace_paths", namespace_paths(state));
    out.set("owner", state.owner);
    return out;
}

Result<State> from_json(const Json& document) {
    JsonView view(document, "state.json");
    State state;
    state.id = TRY(view.string("id"));
    state.pid = TRY(view.integer_or<pid_t>("init_process_pid", -1));
    state.start_time = TRY(view.integer_or<std::uint64_t>("init_process_start", 0));
    state.created = TRY(view.string("created"));
    state.rootless = TRY(view.boolean_or("rootless", false));
    state.owner = TRY(view.integer_or<uid_t>("owner", 0));
    state.cgroup_paths = TRY(view.string_map("cgroup_paths"));
    auto config = TRY(view.object("config"));
    if (!config) return view.error("missing config");
    state.rootfs = TRY(config->string("rootfs"));
    state.no_new_keyring = TRY(config->boolean_or("no_new_keyring", false));
    for (auto& label : TRY(config->strings("labels")))
        if (label.starts_with("bundle=")) state.bundle = label.substr(7);
    const Json* kept = config->json().find("spec");
    if (!kept) return view.error("missing config.spec");
    oci::RuntimeSpec spec = TRY(oci::parse_runtime_spec(dump(*kept)));
    state.process = spec.process.value_or(oci::Process{});
    state.hooks = std::move(spec.hooks);
    state.annotations = std::move(spec.annotations);
    state.uid_mappings = std::move(spec.linux_section.uid_mappings);
    state.gid_mappings = std::move(spec.linux_section.gid_mappings);
    state.seccomp = std::move(spec.linux_section.seccomp);
    state.personality = std::move(spec.linux_section.personality);
    state.memory_policy = std::move(spec.linux_section.memory_policy);
    for (auto& entry : spec.linux_section.namespaces)
        state.namespaces.push_back(entry.kind);
    return state;
}

}  // namespace

std::string_view to_string(Status status) {
    switch (status) {
        case Status::creating:
            return "creating";
        case Status::created:
            return "created";
        case Status::running:
            return "running";
        case Status::paused:
            return "paused";
        case Status::stopped:
            return "stopped";
    }
    return "stopped";
}

std::string state_directory(const std::string& root, std::string_view id) {
    return cat(root, "/", id);
}
std::string start_fifo(const std::string& root, std::string_view id) {
    return cat(root, "/", id, "/exec.fifo");
}

Result<> check_id(std::string_view id) {
    if (id.empty()) return fail(ErrorKind::invalid_argument, "container id cannot be empty");
    auto is_allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("_+-.").find(c) != std::string_view::npos;
    };
    constexpr std::size_t file_name_limit = 255;
    if (id == "." || id == ".." || id.size() > file_name_limit || !std::ranges::all_of(id, is_allowed))
        return fail(ErrorKind::invalid_argument, "invalid container ID format: ", quote(id));
    return {};
}

Result<> save_state(const std::string& root, const State& state) {
    std::string path = state_directory(root, state.id) + "/state.json";
    // The directory is volatile (tmpfs): rename makes it atomic, and there is no power loss to survive.
    std::string temporary = path + "~";
    posix::Fd file = TRY(posix::open_file(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0600));
    TRY_CONTEXT(posix::write_all(file.get(), dump(to_json(state))), temporary);
    return posix::rename(temporary, path);
}

Result<State> load_state(const std::string& root, std::string_view id) {
    TRY(check_id(id));
    auto text = posix::read_file(state_directory(root, id) + "/state.json", kStateLimit);
    if (!text && text.error().is(ErrorKind::not_found))
        return fail(ErrorKind::not_found, "container does not exist");
    Json document = TRY(parse_json(TRY(std::move(text)), {.what = "state.json"}));
    return from_json(document);
}

Result<std::vector<std::string>> list_ids(const std::string& root) {
    auto names = posix::list_directory(root);
    if (!names && names.error().is(ErrorKind::not_found)) return std::vector<std::string>();
    auto ids = TRY(std::move(names));
    std::erase_if(ids, [](auto& name) { return !check_id(name); });
    std::ranges::sort(ids);
    return ids;
}

bool is_alive(const State& state) {
    auto facts = posix::process_facts(state.pid);
    return facts && facts->start_time == state.start_time && facts->state != 'Z' && facts->state != 'X';
}

Result<Status> status_of(const std::string& root, const State& state) {
    if (!is_alive(state)) return Status::stopped;
    auto group = cgroup::Cgroup::open(state.cgroup_paths);
    if (TRY(group.is_frozen())) return Status::paused;
    return posix::exists(start_fifo(root, state.id)) ? Status::created : Status::running;
}

Json state_document(const State& state, Status status) {
    Json out;
    out.set("ociVersion", oci::kRuntimeSpecVersion).set("id", state.id);
    out.set("pid", status == Status::stopped ? 0 : state.pid).set("status", to_string(status));
    out.set("bundle", state.bundle).set("rootfs", state.rootfs).set("created", state.created);
    if (!state.annotations.empty()) {
        Json annotations = Json::object();
        for (auto& [key, value] : state.annotations)
            annotations.set(key, value);
        out.set("annotations", std::move(annotations));
    }
    return out.set("owner", "");
}

}  // namespace tare::runtime
