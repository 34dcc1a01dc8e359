#include "oci/runtime_spec.h"

namespace tare::oci {

namespace {

void set_text(Json& object, std::string_view key, const std::string& value) {
    if (!value.empty()) object.set(key, value);
}

template <class T>
void set_list(Json& object, std::string_view key, const std::vector<T>& values) {
    if (!values.empty()) object.set(key, Json(values));
}

template <class T>
void set_number(Json& object, std::string_view key, const std::optional<T>& value) {
    if (value) object.set(key, *value);
}

/// An array made of the elements' own JSON; nothing if there are none.
template <class T, class Write>
void set_each(Json& object, std::string_view key, const std::vector<T>& values, Write write) {
    if (values.empty()) return;
    Json list = Json::array();
    for (auto& value : values)
        list.push(write(value));
    object.set(key, std::move(list));
}

void set_map(Json& object, std::string_view key,
             const std::vector<std::pair<std::string, std::string>>& values) {
    if (values.empty()) return;
    Json map = Json::object();
    for (auto& [name, value] : values)
        map.set(name, value);
    object.set(key, std::move(map));
}

/// What is there, in its own form.
template <class T>
void set_object(Json& object, std::string_view key, const std::optional<T>& value) {
    if (value) object.set(key, to_json(*value));
}

Json json_of(const std::vector<TimeOffset>& offsets) {
    Json out;
    for (auto& offset : offsets) {
        Json entry;
        out.set(offset.clock, entry.set("secs", offset.seconds).set("nanosecs", offset.nanoseconds));
    }
    return out;
}

Json json_of(const User& user) {
    Json out;
    out.set("uid", user.uid).set("gid", user.gid);
    set_number(out, "umask", user.umask);
    set_list(out, "additionalGids", user.additional_gids);
    return out;
}

Json json_of(const CapabilitySets& sets) {
    Json out = Json::object();
    set_list(out, "bounding", sets.bounding);
    set_list(out, "effective", sets.effective);
    set_list(out, "inheritable", sets.inheritable);
    set_list(out, "permitted", sets.permitted);
    set_list(out, "ambient", sets.ambient);
    return out;
}

Json json_of(const Rlimit& limit) {
    Json out;
    return out.set("type", limit.type).set("hard", limit.hard).set("soft", limit.soft);
}

Json json_of(const IdMapping& mapping) {
    Json out;
    return out.set("containerID", mapping.container_id)
        .set("hostID", mapping.host_id)
        .set("size", mapping.size);
}

Json json_of(const Mount& mount) {
    Json out;
    out.set("destination", mount.destination);
    set_text(out, "type", mount.type);
    set_text(out, "source", mount.source);
    set_list(out, "options", mount.options);
    auto mapping = [](const IdMapping& entry) { return json_of(entry); };
    set_each(out, "uidMappings", mount.uid_mappings, mapping);
    set_each(out, "gidMappings", mount.gid_mappings, mapping);
    return out;
}

Json json_of(const Namespace& entry) {
    Json out;
    out.set("type", to_string(entry.kind));
    set_text(out, "path", entry.path);
    return out;
}

Json json_of(const Device& device) {
    Json out;
    out.set("path", device.path).set("type", std::string(1, device.type));
    out.set("major", device.major).set("minor", device.minor);
    set_number(out, "fileMode", device.file_mode);
    set_number(out, "uid", device.uid);
    set_number(out, "gid", device.gid);
    return out;
}

Json json_of(const Hook& hook) {
    Json out;
    out.set("path", hook.path);
    set_list(out, "args", hook.args);
    set_list(out, "env", hook.env);
    set_number(out, "timeout", hook.timeout_seconds);
    return out;
}

Json json_of(const Hooks& hooks) {
    Json out;
    auto write = [](const Hook& hook) { return json_of(hook); };
    set_each(out, "prestart", hooks.prestart, write);
    set_each(out, "createRuntime", hooks.create_runtime, write);
    set_each(out, "createContainer", hooks.create_container, write);
    set_each(out, "startContainer", hooks.start_container, write);
    set_each(out, "poststart", hooks.poststart, write);
    set_each(out, "poststop", hooks.poststop, write);
    return out;
}

Json json_of(const SeccompRule& rule) {
    Json out;
    out.set("names", Json(rule.names)).set("action", rule.action);
    set_number(out, "errnoRet", rule.errno_ret);
    set_each(out, "args", rule.args, [](const SeccompArgument& argument) {
        Json entry;
        entry.set("index", argument.index).set("value", argument.value);
        if (argument.value_two != 0) entry.set("valueTwo", argument.value_two);
        return entry.set("op", argument.op);
    });
    return out;
}

Json json_of(const Seccomp& seccomp) {
    Json out;
    out.set("defaultAction", seccomp.default_action);
    set_number(out, "defaultErrnoRet", seccomp.default_errno_ret);
    set_list(out, "architectures", seccomp.architectures);
    set_list(out, "flags", seccomp.flags);
    set_text(out, "listenerPath", seccomp.listener_path);
    set_text(out, "listenerMetadata", seccomp.listener_metadata);
    set_each(out, "syscalls", seccomp.rules, [](const SeccompRule& rule) { return json_of(rule); });
    return out;
}

Json json_of(const Linux& section) {
    Json out = Json::object();
    auto mapping = [](const IdMapping& entry) { return json_of(entry); };
    set_each(out, "uidMappings", section.uid_mappings, mapping);
    set_each(out, "gidMappings", section.gid_mappings, mapping);
    set_map(out, "sysctl", section.sysctl);
    if (Json resources = to_json(section.resources); !resources.as_object()->empty())
        out.set("resources", std::move(resources));
    set_text(out, "cgroupsPath", section.cgroups_path);
    set_each(out, "namespaces", section.namespaces, [](const Namespace& entry) { return json_of(entry); });
    set_each(out, "devices", section.devices, [](const Device& device) { return json_of(device); });
    if (section.seccomp) out.set("seccomp", json_of(*section.seccomp));
    set_text(out, "rootfsPropagation", section.rootfs_propagation);
    set_list(out, "maskedPaths", section.masked_paths);
    set_list(out, "readonlyPaths", section.readonly_paths);
    set_text(out, "mountLabel", section.mount_label);
    set_object(out, "personality", section.personality);
    set_object(out, "memoryPolicy", section.memory_policy);
    if (!section.time_offsets.empty()) out.set("timeOffsets", json_of(section.time_offsets));
    return out;
}

}  // namespace

Json to_json(const Seccomp& seccomp) {
    return json_of(seccomp);
}

Json to_json(const Process& process) {
    Json out;
    if (process.terminal) out.set("terminal", true);
    if (process.console_size) {
        Json size;
        out.set("consoleSize",
                size.set("height", process.console_size->height).set("width", process.console_size->width));
    }
    out.set("user", json_of(process.user)).set("args", Json(process.args));
    set_list(out, "env", process.env);
    out.set("cwd", process.cwd);
    if (process.capabilities) out.set("capabilities", json_of(*process.capabilities));
    set_each(out, "rlimits", process.rlimits, [](const Rlimit& limit) { return json_of(limit); });
    if (process.no_new_privileges) out.set("noNewPrivileges", true);
    set_text(out, "apparmorProfile", process.apparmor_profile);
    set_text(out, "selinuxLabel", process.selinux_label);
    set_number(out, "oomScoreAdj", process.oom_score_adj);
    set_object(out, "scheduler", process.scheduler);
    set_object(out, "ioPriority", process.io_priority);
    set_object(out, "execCPUAffinity", process.exec_affinity);
    return out;
}

Json to_json(const RuntimeSpec& spec) {
    Json out;
    out.set("ociVersion", spec.version);
    if (spec.process) out.set("process", to_json(*spec.process));
    Json root;
    root.set("path", spec.root_path);
    if (spec.root_readonly) root.set("readonly", true);
    out.set("root", std::move(root));
    set_text(out, "hostname", spec.hostname);
    set_text(out, "domainname", spec.domainname);
    set_each(out, "mounts", spec.mounts, [](const Mount& mount) { return json_of(mount); });
    if (Json hooks = json_of(spec.hooks); !hooks.is_null()) out.set("hooks", std::move(hooks));
    set_map(out, "annotations", spec.annotations);
    out.set("linux", json_of(spec.linux_section));
    return out;
}

}  // namespace tare::oci
