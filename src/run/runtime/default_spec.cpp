#include "run/runtime/container.h"

namespace tare::runtime {

namespace {

std::vector<oci::Mount> default_mounts() {
    return {
        {"/proc", "proc", "proc", {}},
        {"/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}},
        {"/dev/pts",
         "devpts",
         "devpts",
         {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}},
        {"/dev/shm", "tmpfs", "shm", {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}},
        {"/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}},
        {"/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"}},
        {"/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "noexec", "nodev", "relatime", "ro"}},
    };
}

}  // namespace

oci::RuntimeSpec default_spec() {
    oci::RuntimeSpec spec;
    oci::Process process;
    process.terminal = true;
    process.args = {"sh"};
    process.env = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"};
    std::vector<std::string> few = {"CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"};
    process.capabilities = oci::CapabilitySets{.bounding = few, .effective = few, .permitted = few};
    process.rlimits = {{"RLIMIT_NOFILE", 1024, 1024}};
    process.no_new_privileges = true;
    spec.process = std::move(process);
    spec.root_readonly = true;
    spec.hostname = "tare";
    spec.mounts = default_mounts();
    spec.linux_section.resources.devices = {{.allow = false, .access = "rwm"}};
    for (auto kind : {oci::NamespaceKind::pid, oci::NamespaceKind::network, oci::NamespaceKind::ipc,
                      oci::NamespaceKind::uts, oci::NamespaceKind::mount, oci::NamespaceKind::cgroup})
        spec.linux_section.namespaces.push_back({kind, ""});
    spec.linux_section.masked_paths = {
        "/proc/acpi",          "/proc/asound",     "/proc/kcore",       "/proc/keys",
        "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
        "/sys/firmware",       "/proc/scsi",       "/proc/interrupts",  "/sys/devices/virtual/powercap"};
    spec.linux_section.readonly_paths = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
                                         "/proc/sysrq-trigger"};
    return spec;
}

}  // namespace tare::runtime
