#include "posix/credentials.h"

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "posix/file.h"

namespace tare::posix {

namespace {

/// In the order of their numbers.
constexpr std::array<std::string_view, 41> kCapabilities = {
    "chown",
    "dac_override",
    "dac_read_search",
    "fowner",
    "fsetid",
    "kill",
    "setgid",
    "setuid",
    "setpcap",
    "linux_immutable",
    "net_bind_service",
    "net_broadcast",
    "net_admin",
    "net_raw",
    "ipc_lock",
    "ipc_owner",
    "sys_module",
    "sys_rawio",
    "sys_chroot",
    "sys_ptrace",
    "sys_pacct",
    "sys_admin",
    "sys_boot",
    "sys_nice",
    "sys_resource",
    "sys_time",
    "sys_tty_config",
    "mknod",
    "lease",
    "audit_write",
    "audit_control",
    "setfcap",
    "mac_override",
    "mac_admin",
    "syslog",
    "wake_alarm",
    "block_suspend",
    "audit_read",
    "perfmon",
    "bpf",
    "checkpoint_restore",
};

struct RlimitName {
    std::string_view name;
    int number;
};
constexpr std::array kRlimits = {
    RlimitName{"RLIMIT_AS", RLIMIT_AS},
    RlimitName{"RLIMIT_CORE", RLIMIT_CORE},
    RlimitName{"RLIMIT_CPU", RLIMIT_CPU},
    RlimitName{"RLIMIT_DATA", RLIMIT_DATA},
    RlimitName{"RLIMIT_FSIZE", RLIMIT_FSIZE},
    RlimitName{"RLIMIT_LOCKS", 10},
    RlimitName{"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
    RlimitName{"RLIMIT_MSGQUEUE", 12},
    RlimitName{"RLIMIT_NICE", 13},
    RlimitName{"RLIMIT_NOFILE", RLIMIT_NOFILE},
    RlimitName{"RLIMIT_NPROC", RLIMIT_NPROC},
    RlimitName{"RLIMIT_RSS", RLIMIT_RSS},
    RlimitName{"RLIMIT_RTPRIO", 14},
    RlimitName{"RLIMIT_RTTIME", 15},
    RlimitName{"RLIMIT_SIGPENDING", 11},
    RlimitName{"RLIMIT_STACK", RLIMIT_STACK},
};

Result<> control(int option, unsigned long value, std::string_view what) {
    if (::prctl(option, value, 0, 0, 0) < 0) return last_error(what);
    return {};
}

}  // namespace

std::optional<unsigned> capability_number(std::string_view name) {
    std::string wanted = to_lower(name);
    if (wanted.starts_with("cap_")) wanted.erase(0, 4);
    for (unsigned i = 0; i < kCapabilities.size(); ++i)
        if (kCapabilities[i] == wanted) return i;
    return std::nullopt;
}

std::string capability_name(unsigned number) {
    if (number >= kCapabilities.size()) return {};
    std::string name = "CAP_";
    for (char c : kCapabilities[number])
        name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    return name;
}

unsigned last_capability() {
    auto text = read_file("/proc/sys/kernel/cap_last_cap", 16);
    if (text)
        if (auto number = parse_integer<unsigned>(trim(*text))) return *number;
    unsigned last = 0;
    while (last < 63 && ::prctl(PR_CAPBSET_READ, last + 1, 0, 0, 0) >= 0)
        ++last;
    return last;
}

CapabilityMask bounding_set() {
    CapabilityMask mask = 0;
    for (unsigned capability = 0; capability < 64; ++capability)
        if (::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) == 1) mask |= CapabilityMask{1} << capability;
    return mask;
}

Result<> limit_bounding_set(CapabilityMask bounding) {
    for (unsigned capability = 0; capability < 64; ++capability) {
        int present = ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0);
        if (present < 0) break;  // beyond the last one
        if (present == 1 && (bounding >> capability & 1) == 0)
            TRY(control(PR_CAPBSET_DROP, capability, "drop a capability from the bounding set"));
    }
    return {};
}

Result<> set_capabilities(const CapabilityMasks& masks) {
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    std::array<__user_cap_data_struct, 2> data{};
    for (unsigned half = 0; half < 2; ++half) {
        data[half].effective = static_cast<std::uint32_t>(masks.effective >> (32 * half));
        data[half].permitted = static_cast<std::uint32_t>(masks.permitted >> (32 * half));
        data[half].inheritable = static_cast<std::uint32_t>(masks.inheritable >> (32 * half));
    }
    if (::syscall(SYS_capset, &header, data.data()) < 0) return last_error("set capabilities");
    TRY(control(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, "clear ambient capabilities"));
    for (unsigned capability = 0; capability < 64; ++capability)
        if ((masks.ambient >> capability & 1) != 0 &&
            ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) < 0)
            return last_error("raise ambient capability", cat(capability));
    return {};
}

Result<> keep_capabilities(bool keep) {
    return control(PR_SET_KEEPCAPS, keep ? 1 : 0, "keep capabilities");
}

Result<> set_groups(const std::vector<gid_t>& groups) {
    if (::setgroups(groups.size(), groups.data()) < 0) return last_error("set supplementary groups");
    return {};
}

Result<> set_group_id(gid_t gid) {
    if (::setresgid(gid, gid, gid) < 0) return last_error("set group id", cat(gid));
    return {};
}

Result<> set_user_id(uid_t uid) {
    if (::setresuid(uid, uid, uid) < 0) return last_error("set user id", cat(uid));
    return {};
}

uid_t effective_user() {
    return ::geteuid();
}

gid_t effective_group() {
    return ::getegid();
}

Result<> set_no_new_privileges() {
    return control(PR_SET_NO_NEW_PRIVS, 1, "set no_new_privs");
}
Result<> set_dumpable(bool dumpable) {
    return control(PR_SET_DUMPABLE, dumpable ? 1 : 0, "set dumpable");
}
Result<> set_child_subreaper() {
    return control(PR_SET_CHILD_SUBREAPER, 1, "become subreaper");
}
Result<> set_parent_death_signal(int signal) {
    return control(PR_SET_PDEATHSIG, static_cast<unsigned long>(signal), "set the parent death signal");
}

mode_t set_umask(mode_t mask) {
    return ::umask(mask);
}

Result<> new_session() {
    if (::setsid() < 0) return last_error("start a new session");
    return {};
}

Result<> join_new_session_keyring() {
    // ENOSYS: a kernel without keys has none to protect.
    if (::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr) < 0 && errno != ENOSYS)
        return last_error("join a new session keyring");
    return {};
}

std::optional<int> rlimit_number(std::string_view name) {
    for (auto& known : kRlimits)
        if (known.name == name) return known.number;
    return std::nullopt;
}

Result<> set_rlimit(pid_t pid, int resource, std::uint64_t soft, std::uint64_t hard) {
    struct rlimit limit{.rlim_cur = soft, .rlim_max = hard};
    if (::prlimit(pid, static_cast<__rlimit_resource>(resource), &limit, nullptr) < 0)
        return last_error("set resource limit", cat(resource, " to ", soft, ":", hard));
    return {};
}

Result<std::uint64_t> hard_rlimit(int resource) {
    struct rlimit limit{};
    if (::prlimit(0, static_cast<__rlimit_resource>(resource), nullptr, &limit) < 0)
        return last_error("get resource limit", cat(resource));
    return limit.rlim_max;
}

Error execute(const char* program, char* const* argv, char* const* env) {
    ::execve(program, argv, env);
    return last_error("exec", quote(program));
}

Error execute_descriptor(int fd, char* const* argv, char* const* env) {
    ::syscall(SYS_execveat, fd, "", argv, env, AT_EMPTY_PATH);
    return last_error("exec descriptor", cat(fd));
}

void exit_now(int code) {
    ::_exit(code);
}

}  // namespace tare::posix
