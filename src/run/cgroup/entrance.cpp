#include "run/cgroup/entrance.h"

#include <cerrno>
#include <chrono>
#include <thread>

#include <fcntl.h>

#include "posix/file.h"

namespace tare::cgroup {

using namespace std::chrono_literals;

Result<Entrance> Entrance::open(const Cgroup& group) {
    Entrance entrance;
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

Result<posix::Process> Entrance::fork(std::uint64_t namespaces, posix::Parent parent) {
    if (v2_directory_) {
        auto inside = posix::fork_into_namespaces(namespaces, parent, v2_directory_.get());
        if (inside) return inside;
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
