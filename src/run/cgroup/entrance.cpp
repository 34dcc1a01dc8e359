#include "run/cgroup/entrance.h"

#include <cerrno>
#include <chrono>
#include <thread>

#include <fcntl.h>

#include "posix/file.h"

namespace tare::cgroup {

using namespace std::chrono_literals;

Result<Entrance> Entrance::open(const Cgroup& group, pid_t resident) {
    Entrance entrance;
    entrance.resident_ = resident;
    std::string_view last;
    for (auto& [subsystem, directory] : group.paths()) {
        if (directory == last) continue;
        last = directory;
        if (subsystem.empty()) {
            entrance.v2_path_ = directory;
            entrance.v2_directory_ =
                TRY_CONTEXT(posix::open_file(directory, O_RDONLY | O_DIRECTORY), "join cgroup");
            continue;
        }
        posix::Fd file = TRY_CONTEXT(posix::open_file(directory + "/tasks", O_WRONLY), "join cgroup");
        entrance.ways_.push_back({directory, std::move(file)});
    }
    return entrance;
}

/// The container may have chosen that group: only what is below its own is taken, in which its limits hold.
Result<posix::Fd> Entrance::open_group_of_resident() const {
    std::string text = TRY(posix::read_file(cat("/proc/", resident_, "/cgroup"), std::size_t{1} << 20));
    auto hierarchies = TRY(Hierarchies::discover());
    std::string_view own = v2_path_;
    if (hierarchies.v2() && own.starts_with(hierarchies.v2()->mount_point))
        own.remove_prefix(hierarchies.v2()->mount_point.size());
    for (std::string_view line : split(text, '\n')) {
        if (!line.starts_with("0::")) continue;
        std::string_view below = line.substr(3);
        if (!below.starts_with(own) || !below.substr(own.size()).starts_with('/')) break;
        below.remove_prefix(own.size());
        if (cat(below, "/").contains("/../")) break;
        return posix::open_file(cat(v2_path_, below), O_RDONLY | O_DIRECTORY);
    }
    return fail(ErrorKind::failed_precondition, "join cgroup ", v2_path_,
                ": busy (controllers are enabled for the groups below it), and the container's first process "
                "is in none of them");
}

Result<posix::Process> Entrance::fork(std::uint64_t namespaces, posix::Parent parent) {
    if (v2_directory_) {
        auto inside = posix::fork_into_namespaces(namespaces, parent, v2_directory_.get());
        if (inside) return inside;
        if (inside.error().error_number() == EBUSY && resident_ > 0) {
            v2_directory_ = TRY(open_group_of_resident());
            return posix::fork_into_namespaces(namespaces, parent, v2_directory_.get());
        }
        // A kernel before 5.7, or a filter that hides clone3: the file is still there. Any other reason
        // comes back from the second try.
        posix::Fd file = TRY_CONTEXT(posix::open_file(v2_path_ + "/cgroup.procs", O_WRONLY), "join cgroup");
        ways_.push_back({v2_path_, std::move(file)});
        v2_directory_.reset();
    }
    return posix::fork_into_namespaces(namespaces, parent);
}

Result<> Entrance::enter() const {
    for (const Way& way : ways_) {
        // A group that is just being made may answer EINVAL for a moment.
        for (int attempt = 0;; ++attempt) {
            auto outcome = posix::write_all(way.file.get(), "0");
            if (outcome) break;
            if (outcome.error().error_number() != EINVAL || attempt == 5)
                return outcome.error().prepend(cat("join cgroup ", way.directory));
            std::this_thread::sleep_for(30ms);
        }
    }
    return {};
}

std::vector<int> Entrance::descriptors() const {
    std::vector<int> out;
    for (const Way& way : ways_)
        out.push_back(way.file.get());
    return out;
}

}  // namespace tare::cgroup
