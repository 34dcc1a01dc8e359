#include "run/runtime/features.h"

#include "oci/runtime_spec.h"
#include "posix/credentials.h"
#include "run/runtime/mount_options.h"
#include "run/runtime/seccomp.h"

namespace tare::runtime {

namespace {

template <class Names>
Json list_of(const Names& names) {
    Json list = Json::array();
    for (auto& name : names)
        list.push(name);
    return list;
}

Json enabled(bool is_enabled) {
    return Json::object().set("enabled", is_enabled);
}

Json capabilities() {
    Json list = Json::array();
    for (unsigned number = 0; number <= posix::last_capability(); ++number)
        list.push(posix::capability_name(number));
    return list;
}

Json seccomp(const SeccompAbilities& abilities) {
    Json document = enabled(true).set("actions", list_of(abilities.actions));
    document.set("operators", list_of(abilities.operators)).set("archs", list_of(abilities.architectures));
    return document.set("knownFlags", list_of(abilities.flags))
        .set("supportedFlags", list_of(abilities.flags));
}

Json memory_policy() {
    return Json::object()
        .set("modes", list_of(oci::memory_policy_modes()))
        .set("flags", list_of(oci::memory_policy_flags()));
}

Json linux_section(const SeccompAbilities& abilities) {
    Json document = Json::object();
    document.set("namespaces", list_of(std::vector<std::string_view>{"cgroup", "ipc", "mount", "network",
                                                                     "pid", "time", "user", "uts"}));
    document.set("capabilities", capabilities());
    document.set("cgroup", Json::object()
                               .set("v1", true)
                               .set("v2", true)
                               .set("systemd", false)
                               .set("systemdUser", false)
                               .set("rdma", false));
    document.set("seccomp", seccomp(abilities)).set("apparmor", enabled(true));
    document.set("selinux", enabled(false)).set("intelRdt", enabled(false));
    document.set("mountExtensions", Json::object().set("idmap", enabled(true)));
    document.set("memoryPolicy", memory_policy());
    return document.set("netDevices", enabled(false));
}

}  // namespace

Json features_document(std::string_view version) {
    const SeccompAbilities abilities = seccomp_abilities();
    Json document = Json::object();
    document.set("ociVersionMin", "1.0.0").set("ociVersionMax", oci::kRuntimeSpecVersion);
    document.set("hooks",
                 list_of(std::vector<std::string_view>{"prestart", "createRuntime", "createContainer",
                                                       "startContainer", "poststart", "poststop"}));
    document.set("mountOptions", list_of(known_mount_options()));
    document.set("linux", linux_section(abilities));
    document.set("annotations", Json::object()
                                    .set("io.github.seccomp.libseccomp.version", abilities.library_version)
                                    .set("org.opencontainers.runc.checkpoint.enabled", "false")
                                    .set("org.opencontainers.runc.version", version));
    return document.set("potentiallyUnsafeConfigAnnotations", Json::array().push("bundle"));
}

}  // namespace tare::runtime
