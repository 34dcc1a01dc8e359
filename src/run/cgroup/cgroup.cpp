#include "run/cgroup/cgroup.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>

#include <signal.h>

#include "base/log.h"
#include "posix/file.h"
#include "posix/path.h"
#include "run/cgroup/devices.h"

namespace tare::cgroup {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kFileLimit = std::size_t{16} << 20;
constexpr mode_t kDirectoryMode = 0755;

std::string below(const std::string& directory, std::string_view path) {
    std::string clean = posix::clean_path(path);
    return clean == "/" ? directory : cat(directory, clean);
}

std::string parent_of(const std::string& path) {
    auto slash = path.rfind('/');
    return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

/// A new cpuset has no processors or memory nodes, and no process can join it until it has: each
/// directory on the way takes its parent's.
Result<> inherit_cpuset(const std::string& mount_point, const std::string& directory) {
    if (directory.size() <= mount_point.size()) return {};
    std::string parent = parent_of(directory);
    for (auto file : {"cpuset.cpus", "cpuset.mems"}) {
        std::string own = TRY(posix::read_file(cat(directory, "/", file), kFileLimit));
        if (!trim(own).empty()) continue;
        TRY(inherit_cpuset(mount_point, parent));
        std::string inherited = TRY(posix::read_file(cat(parent, "/", file), kFileLimit));
        TRY(posix::write_knob(cat(directory, "/", file), trim(inherited)));
    }
    return {};
}

/// Enables every controller of the root for the children of each group on the way down. A single
/// one that cannot be enabled (a domain with processes, a thread group) does not hold back the rest.
void enable_controllers(const std::string& mount_point, const std::string& directory) {
    auto available = posix::read_file(mount_point + "/cgroup.controllers", kFileLimit);
    if (!available) return;
    std::string all;
    for (auto controller : split_words(*available))
        all += cat(all.empty() ? "+" : " +", controller);
    if (all.empty()) return;
    std::string at = mount_point;
    for (auto part : split(std::string_view(directory).substr(mount_point.size()), '/')) {
        if (part.empty()) continue;
        std::string knob = at + "/cgroup.subtree_control";
        if (!posix::write_knob(knob, all)) {
            for (auto one : split_words(all)) {
                auto outcome = posix::write_knob(knob, one);
                if (!outcome)
                    log::failure("cgroup controller not enabled", outcome.error(), log::Level::debug);
            }
        }
        at += cat("/", part);
        if (at.size() < directory.size() && !posix::exists(at)) {
            if (auto made = posix::make_directories(at, kDirectoryMode); !made) return;
        }
    }
}

/// Where `path` is in this hierarchy.
std::string directory_in(const Hierarchy& hierarchy, std::string_view path) {
    if (path.starts_with('/')) return below(hierarchy.mount_point, path);
    std::string base = hierarchy.is_v2 ? parent_of(hierarchy.own_path) : hierarchy.own_path;
    return below(below(hierarchy.mount_point, base), path);
}

Result<> make_group(const Hierarchy& hierarchy, const std::string& directory) {
    if (hierarchy.is_v2) enable_controllers(hierarchy.mount_point, directory);
    TRY(posix::make_directories(directory, kDirectoryMode));
    bool is_cpuset = std::ranges::find(hierarchy.controllers, "cpuset") != hierarchy.controllers.end();
    return is_cpuset ? inherit_cpuset(hierarchy.mount_point, directory) : Result<>();
}

/// Appends the processes of a group and of the groups below it.
Result<> collect(const std::string& directory, std::vector<pid_t>& pids) {
    auto text = posix::read_file(directory + "/cgroup.procs", kFileLimit);
    if (!text && text.error().is(ErrorKind::not_found)) return {};
    // A threaded group answers EOPNOTSUPP; its processes are listed by the domain above.
    if (!text && text.error().error_number() == EOPNOTSUPP) return {};
    if (!text) return text.error();
    // Words are views: the text has to live as long as they are looked at.
    for (auto word : split_words(*text))
        if (auto pid = parse_integer<pid_t>(word)) pids.push_back(*pid);
    auto names = posix::list_directory(directory);
    if (!names) return {};
    for (auto& name : *names)
        if (posix::exists(cat(directory, "/", name, "/cgroup.procs")))
            TRY(collect(cat(directory, "/", name), pids));
    return {};
}

Result<> remove_group(const std::string& directory, Deadline deadline) {
    auto backoff = 1ms;
    while (true) {
        auto outcome = posix::remove_directory(directory);
        if (outcome) return {};
        int reason = outcome.error().error_number();
        if (reason != EBUSY && reason != ENOTEMPTY) return outcome;
        // Processes that were killed leave their group only when they are reaped.
        if (auto names = posix::list_directory(directory)) {
            for (auto& name : *names)
                if (posix::exists(cat(directory, "/", name, "/cgroup.procs")))
                    TRY(remove_group(cat(directory, "/", name), deadline));
        }
        if (deadline.has_passed()) return outcome;
        std::this_thread::sleep_for(backoff);
        backoff = std::min(backoff * 2, std::chrono::milliseconds(50));
    }
}

}  // namespace

Result<Cgroup> Cgroup::create(const Hierarchies& hierarchies, std::string_view path, Permission permission) {
    Cgroup group;
    group.permission_ = permission;
    for (auto& hierarchy : hierarchies.all()) {
        std::string directory = directory_in(hierarchy, path);
        auto made = make_group(hierarchy, directory);
        if (!made) {
            bool forgiven =
                permission == Permission::optional && made.error().is(ErrorKind::permission_denied);
            // On a hybrid machine the v2 hierarchy carries nothing that must be limited.
            bool spare = hierarchy.is_v2 && hierarchies.layout() == Layout::hybrid;
            if (forgiven || spare) continue;
            return made.error().prepend(cat("create cgroup ", quote(path)));
        }
        group.add(hierarchy, directory);
    }
    return group;
}

Cgroup Cgroup::planned(const Hierarchies& hierarchies, std::string_view path) {
    Cgroup group;
    for (auto& hierarchy : hierarchies.all())
        group.add(hierarchy, directory_in(hierarchy, path));
    return group;
}

void Cgroup::add(const Hierarchy& hierarchy, const std::string& directory) {
    if (hierarchy.is_v2) paths_.emplace_back("", directory);
    for (auto& controller : hierarchy.controllers)
        paths_.emplace_back(controller, directory);
}

Cgroup Cgroup::open(Paths paths) {
    Cgroup group;
    group.paths_ = std::move(paths);
    return group;
}

std::string Cgroup::v2_directory() const {
    for (auto& [subsystem, directory] : paths_)
        if (subsystem.empty()) return directory;
    return {};
}

std::string Cgroup::directory_of(std::string_view controller) const {
    for (auto& [subsystem, directory] : paths_)
        if (subsystem == controller) return directory;
    return v2_directory();
}

Result<Cgroup> Cgroup::group_below(const std::vector<std::string>& subsystems, std::string_view path) const {
    if (path.starts_with("../") || path == ".." || path.find("/../") != std::string_view::npos ||
        path.ends_with("/.."))
        return fail(ErrorKind::invalid_argument, "bad sub cgroup path: ", path);
    Paths changed = paths_;
    auto descend = [&](std::string& directory) -> Result<> {
        directory = below(directory, path);
        if (posix::exists(directory)) return {};
        return fail(ErrorKind::not_found, "cgroup ", directory, " does not exist");
    };
    for (auto& wanted : subsystems)
        if (std::ranges::find(paths_, wanted, &Paths::value_type::first) == paths_.end())
            return fail(ErrorKind::invalid_argument, "unknown controller ", wanted);
    for (auto& [subsystem, directory] : changed) {
        bool is_meant = subsystems.empty() || std::ranges::find(subsystems, subsystem) != subsystems.end();
        if (is_meant) TRY(descend(directory));
    }
    return open(std::move(changed));
}

bool Cgroup::exists() const {
    return std::ranges::any_of(paths_, [](auto& entry) { return posix::exists(entry.second); });
}

Result<> Cgroup::set(const oci::LinuxResources& resources, Devices devices) const {
    if (paths_.empty() && asks_for_limits(resources))
        return fail(ErrorKind::failed_precondition, "set limits: this user may make no cgroup")
            .set_hint("run without limits, or have cgroups delegated to the user");
    if (paths_.empty()) return {};
    if (devices == Devices::set) {
        auto outcome = set_devices(*this, resources.devices);
        bool forgiven = !outcome && permission_ == Permission::optional &&
                        outcome.error().is(ErrorKind::permission_denied);
        if (!outcome && !forgiven) return outcome;
    }
    return is_v2_only() ? set_v2(*this, resources) : set_v1(*this, resources);
}

Result<std::vector<pid_t>> Cgroup::processes() const {
    std::vector<pid_t> pids;
    // One hierarchy has them all; pids is always joined, and on v2 there is just one.
    std::string directory = directory_of("pids");
    if (directory.empty() && !paths_.empty()) directory = paths_.front().second;
    if (!directory.empty()) TRY(collect(directory, pids));
    return pids;
}

Result<> Cgroup::signal(int signal_number) const {
    for (pid_t pid : TRY(processes()))
        if (::kill(pid, signal_number) < 0 && errno != ESRCH)
            return posix::last_error("signal process", cat(pid));
    return {};
}

Result<> Cgroup::kill() const {
    std::string knob = v2_directory() + "/cgroup.kill";
    if (is_v2_only() && posix::exists(knob)) return posix::write_knob(knob, "1");
    if (TRY(processes()).empty()) return {};
    auto frozen = freeze(Deadline::after(2s));
    auto outcome = signal(SIGKILL);
    auto thawed = thaw(Deadline::after(2s));
    if (!outcome) return outcome;
    if (frozen && !thawed) return thawed;
    return {};
}

Result<> Cgroup::remove(Deadline deadline) const {
    std::string_view last;
    Result<> outcome;
    for (auto& [subsystem, directory] : paths_) {
        if (directory == last) continue;
        last = directory;
        auto removed = remove_group(directory, deadline);
        if (!removed && outcome) outcome = removed.error().prepend("remove cgroup");
    }
    return outcome;
}

}  // namespace tare::cgroup
