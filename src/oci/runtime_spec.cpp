#include "oci/runtime_spec.h"

#include <array>

namespace tare::oci {

namespace {

struct NamespaceName {
    std::string_view name;
    NamespaceKind kind;
};
constexpr std::array kNamespaceNames = {
    NamespaceName{"pid", NamespaceKind::pid},       NamespaceName{"network", NamespaceKind::network},
    NamespaceName{"ipc", NamespaceKind::ipc},       NamespaceName{"mount", NamespaceKind::mount},
    NamespaceName{"uts", NamespaceKind::uts},       NamespaceName{"user", NamespaceKind::user},
    NamespaceName{"cgroup", NamespaceKind::cgroup}, NamespaceName{"time", NamespaceKind::time},
};

Result<User> parse_user(const JsonView& view) {
    User user;
    user.uid = TRY(view.integer_or<std::uint32_t>("uid", 0));
    user.gid = TRY(view.integer_or<std::uint32_t>("gid", 0));
    user.umask = TRY(view.optional_integer<std::uint32_t>("umask"));
    TRY(view.each("additionalGids", [&](const JsonView& gid) -> Result<> {
        user.additional_gids.push_back(TRY(gid.as_integer<std::uint32_t>()));
        return {};
    }));
    return user;
}

Result<CapabilitySets> parse_capabilities(const JsonView& view) {
    CapabilitySets sets;
    sets.bounding = TRY(view.strings("bounding"));
    sets.effective = TRY(view.strings("effective"));
    sets.inheritable = TRY(view.strings("inheritable"));
    sets.permitted = TRY(view.strings("permitted"));
    sets.ambient = TRY(view.strings("ambient"));
    return sets;
}

Result<std::vector<Rlimit>> parse_rlimits(const JsonView& process) {
    std::vector<Rlimit> limits;
    TRY(process.each("rlimits", [&](const JsonView& entry) -> Result<> {
        Rlimit limit;
        limit.type = TRY(entry.string("type"));
        limit.soft = TRY(entry.integer_or<std::uint64_t>("soft", 0));
        limit.hard = TRY(entry.integer_or<std::uint64_t>("hard", 0));
        for (auto& other : limits)
            if (other.type == limit.type) return entry.error(cat("rlimit ", limit.type, " is given twice"));
        limits.push_back(std::move(limit));
        return {};
    }));
    return limits;
}

Result<Hook> parse_hook(const JsonView& view) {
    Hook hook;
    hook.path = TRY(view.string("path"));
    hook.args = TRY(view.strings("args"));
    hook.env = TRY(view.strings("env"));
    hook.timeout_seconds = TRY(view.optional_integer<std::int64_t>("timeout"));
    if (!hook.path.starts_with('/')) return view.error("path must be absolute");
    if (hook.timeout_seconds && *hook.timeout_seconds <= 0)
        return view.error("timeout must be greater than zero");
    return hook;
}

Result<std::vector<Hook>> parse_hook_list(const JsonView& hooks, std::string_view key) {
    std::vector<Hook> list;
    TRY(hooks.each(key, [&](const JsonView& entry) -> Result<> {
        list.push_back(TRY(parse_hook(entry)));
        return {};
    }));
    return list;
}

Result<Hooks> parse_hooks(const JsonView& view) {
    Hooks hooks;
    hooks.prestart = TRY(parse_hook_list(view, "prestart"));
    hooks.create_runtime = TRY(parse_hook_list(view, "createRuntime"));
    hooks.create_container = TRY(parse_hook_list(view, "createContainer"));
    hooks.start_container = TRY(parse_hook_list(view, "startContainer"));
    hooks.poststart = TRY(parse_hook_list(view, "poststart"));
    hooks.poststop = TRY(parse_hook_list(view, "poststop"));
    return hooks;
}

Result<std::vector<IdMapping>> parse_mappings(const JsonView& view, std::string_view key) {
    std::vector<IdMapping> mappings;
    TRY(view.each(key, [&](const JsonView& entry) -> Result<> {
        auto& mapping = mappings.emplace_back();
        mapping.container_id = TRY(entry.integer_or<std::uint32_t>("containerID", 0));
        mapping.host_id = TRY(entry.integer_or<std::uint32_t>("hostID", 0));
        mapping.size = TRY(entry.integer_or<std::uint32_t>("size", 0));
        return {};
    }));
    return mappings;
}

Result<Mount> parse_mount(const JsonView& view) {
    Mount mount;
    mount.destination = TRY(view.string("destination"));
    mount.type = TRY(view.string_or("type", ""));
    mount.source = TRY(view.string_or("source", ""));
    mount.options = TRY(view.strings("options"));
    mount.uid_mappings = TRY(parse_mappings(view, "uidMappings"));
    mount.gid_mappings = TRY(parse_mappings(view, "gidMappings"));
    if (mount.uid_mappings.empty() != mount.gid_mappings.empty())
        return view.error("must have both uid and gid mappings specified");
    return mount;
}

Result<Namespace> parse_namespace(const JsonView& view) {
    std::string type = TRY(view.string("type"));
    std::string path = TRY(view.string_or("path", ""));
    for (auto& known : kNamespaceNames)
        if (known.name == type) return Namespace{known.kind, std::move(path)};
    return view.error(cat("unknown namespace type ", quote(type)));
}

Result<std::vector<TimeOffset>> parse_time_offsets(const JsonView& section) {
    std::vector<TimeOffset> offsets;
    TRY(section.each_member("timeOffsets", [&](std::string_view clock, const JsonView& view) -> Result<> {
        TimeOffset offset{.clock = std::string(clock)};
        if (clock != "monotonic" && clock != "boottime")
            return view.error("only monotonic and boottime have an offset");
        offset.seconds = TRY(view.integer_or<std::int64_t>("secs", 0));
        offset.nanoseconds = TRY(view.integer_or<std::uint32_t>("nanosecs", 0));
        constexpr std::uint32_t second = 1'000'000'000;
        if (offset.nanoseconds >= second) return view.error("nanosecs must be below 1000000000");
        offsets.push_back(std::move(offset));
        return {};
    }));
    return offsets;
}

Result<Device> parse_device(const JsonView& view) {
    Device device;
    device.path = TRY(view.string("path"));
    device.major = TRY(view.integer_or<std::int64_t>("major", 0));
    device.minor = TRY(view.integer_or<std::int64_t>("minor", 0));
    device.file_mode = TRY(view.optional_integer<std::uint32_t>("fileMode"));
    device.uid = TRY(view.optional_integer<std::uint32_t>("uid"));
    device.gid = TRY(view.optional_integer<std::uint32_t>("gid"));
    std::string type = TRY(view.string("type"));
    if (type != "c" && type != "u" && type != "b" && type != "p")
        return view.error("type must be c, u, b or p");
    device.type = type == "u" ? 'c' : type[0];
    return device;
}

Result<SeccompRule> parse_seccomp_rule(const JsonView& view) {
    SeccompRule rule;
    rule.names = TRY(view.strings("names"));
    rule.action = TRY(view.string("action"));
    rule.errno_ret = TRY(view.optional_integer<std::uint32_t>("errnoRet"));
    TRY(view.each("args", [&](const JsonView& entry) -> Result<> {
        SeccompArgument argument;
        argument.index = TRY(entry.integer_or<std::uint32_t>("index", 0));
        argument.value = TRY(entry.integer_or<std::uint64_t>("value", 0));
        argument.value_two = TRY(entry.integer_or<std::uint64_t>("valueTwo", 0));
        argument.op = TRY(entry.string("op"));
        if (argument.index > 5) return entry.error("index must be 0 to 5");
        rule.args.push_back(std::move(argument));
        return {};
    }));
    return rule;
}

}  // namespace

Result<Seccomp> parse_seccomp(const JsonView& view) {
    Seccomp seccomp;
    seccomp.default_action = TRY(view.string("defaultAction"));
    seccomp.default_errno_ret = TRY(view.optional_integer<std::uint32_t>("defaultErrnoRet"));
    seccomp.architectures = TRY(view.strings("architectures"));
    seccomp.flags = TRY(view.strings("flags"));
    seccomp.listener_path = TRY(view.string_or("listenerPath", ""));
    seccomp.listener_metadata = TRY(view.string_or("listenerMetadata", ""));
    TRY(view.each("syscalls", [&](const JsonView& entry) -> Result<> {
        seccomp.rules.push_back(TRY(parse_seccomp_rule(entry)));
        return {};
    }));
    return seccomp;
}

namespace {

/// What would otherwise silently not happen.
Result<> refuse_unsupported(const JsonView& section) {
    if (auto rdt = section.member("intelRdt"); rdt && !rdt->json().is_null())
        return rdt->error("intelRdt is specified in config, but this runtime does not manage Intel RDT");
    return section.each_member("netDevices", [](std::string_view, const JsonView& device) -> Result<> {
        return device.error("this runtime does not move network devices into containers");
    });
}

Result<Linux> parse_linux(const JsonView& view) {
    Linux section;
    section.uid_mappings = TRY(parse_mappings(view, "uidMappings"));
    section.gid_mappings = TRY(parse_mappings(view, "gidMappings"));
    section.sysctl = TRY(view.string_map("sysctl"));
    if (auto resources = TRY(view.object("resources"))) section.resources = TRY(parse_resources(*resources));
    section.cgroups_path = TRY(view.string_or("cgroupsPath", ""));
    TRY(view.each("namespaces", [&](const JsonView& entry) -> Result<> {
        Namespace wanted = TRY(parse_namespace(entry));
        if (section.find(wanted.kind)) return entry.error("namespace type is given twice");
        section.namespaces.push_back(std::move(wanted));
        return {};
    }));
    TRY(view.each("devices", [&](const JsonView& entry) -> Result<> {
        section.devices.push_back(TRY(parse_device(entry)));
        return {};
    }));
    if (auto seccomp = TRY(view.object("seccomp"))) section.seccomp = TRY(parse_seccomp(*seccomp));
    section.rootfs_propagation = TRY(view.string_or("rootfsPropagation", ""));
    section.masked_paths = TRY(view.strings("maskedPaths"));
    section.readonly_paths = TRY(view.strings("readonlyPaths"));
    section.mount_label = TRY(view.string_or("mountLabel", ""));
    section.time_offsets = TRY(parse_time_offsets(view));
    TRY(refuse_unsupported(view));
    if (auto personality = TRY(view.object("personality")))
        section.personality = TRY(parse_personality(*personality));
    if (auto policy = TRY(view.object("memoryPolicy")))
        section.memory_policy = TRY(parse_memory_policy(*policy));
    return section;
}

}  // namespace

std::string_view to_string(NamespaceKind kind) {
    for (auto& known : kNamespaceNames)
        if (known.kind == kind) return known.name;
    return "";
}

const Namespace* Linux::find(NamespaceKind kind) const {
    for (auto& entry : namespaces)
        if (entry.kind == kind) return &entry;
    return nullptr;
}

Result<Process> parse_process(const JsonView& view) {
    Process process;
    process.terminal = TRY(view.boolean_or("terminal", false));
    if (auto size = TRY(view.object("consoleSize"))) {
        auto& console = process.console_size.emplace();
        console.height = TRY(size->integer_or<std::uint16_t>("height", 0));
        console.width = TRY(size->integer_or<std::uint16_t>("width", 0));
    }
    if (auto user = TRY(view.object("user"))) process.user = TRY(parse_user(*user));
    process.args = TRY(view.strings("args"));
    process.env = TRY(view.strings("env"));
    process.cwd = TRY(view.string_or("cwd", "/"));
    if (auto sets = TRY(view.object("capabilities"))) process.capabilities = TRY(parse_capabilities(*sets));
    process.rlimits = TRY(parse_rlimits(view));
    process.no_new_privileges = TRY(view.boolean_or("noNewPrivileges", false));
    process.apparmor_profile = TRY(view.string_or("apparmorProfile", ""));
    process.selinux_label = TRY(view.string_or("selinuxLabel", ""));
    process.oom_score_adj = TRY(view.optional_integer<std::int32_t>("oomScoreAdj"));
    if (auto scheduler = TRY(view.object("scheduler"))) process.scheduler = TRY(parse_scheduler(*scheduler));
    if (auto priority = TRY(view.object("ioPriority")))
        process.io_priority = TRY(parse_io_priority(*priority));
    if (auto affinity = TRY(view.object("execCPUAffinity")))
        process.exec_affinity = TRY(parse_exec_affinity(*affinity));
    if (!process.cwd.starts_with('/')) return view.error("cwd must be an absolute path");
    return process;
}

Result<RuntimeSpec> parse_runtime_spec(std::string_view text) {
    Json document = TRY(parse_json(text, {.what = "config.json"}));
    JsonView view(document, "config.json");
    TRY(view.expect_object());
    RuntimeSpec spec;
    spec.version = TRY(view.string("ociVersion"));
    if (!spec.version.starts_with("1."))
        return view.error(cat("ociVersion ", quote(spec.version), " is not 1.x"));
    if (auto process = TRY(view.object("process"))) spec.process = TRY(parse_process(*process));
    if (auto root = TRY(view.object("root"))) {
        spec.root_path = TRY(root->string("path"));
        spec.root_readonly = TRY(root->boolean_or("readonly", false));
    }
    spec.hostname = TRY(view.string_or("hostname", ""));
    spec.domainname = TRY(view.string_or("domainname", ""));
    TRY(view.each("mounts", [&](const JsonView& entry) -> Result<> {
        spec.mounts.push_back(TRY(parse_mount(entry)));
        return {};
    }));
    if (auto hooks = TRY(view.object("hooks"))) spec.hooks = TRY(parse_hooks(*hooks));
    spec.annotations = TRY(view.string_map("annotations"));
    if (auto section = TRY(view.object("linux"))) spec.linux_section = TRY(parse_linux(*section));
    return spec;
}

}  // namespace tare::oci
